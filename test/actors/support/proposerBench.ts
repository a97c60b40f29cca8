/** A proposer on an L1 in memory, with an account and a committee whose answers a test decides. */
import { truncatedToField } from "../../../protocol/hash.ts";
import { schnorrVerify } from "../../../protocol/schnorr.ts";
import { encodeRecord } from "../../../protocol/record.ts";
import { openActorJournal } from "../../../actors/journal/actorJournal.ts";
import { ProposalGuard } from "../../../actors/journal/proposalGuard.ts";
import type { ContractError } from "../../../actors/l1/contractErrors.ts";
import { HeadFollower } from "../../../actors/l1/headFollower.ts";
import type { SendRequest, SendResult } from "../../../actors/l1/l1Account.ts";
import type { RollupContract, RollupStatus } from "../../../actors/l1/rollupContract.ts";
import { Node } from "../../../actors/node/node.ts";
import type { Attestation, AttestationRequest } from "../../../actors/sequencer/attestation.ts";
import { Mempool } from "../../../actors/sequencer/mempool.ts";
import {
  type ProposerEvent,
  type ProposerOptions,
  ProposerService,
} from "../../../actors/sequencer/proposerService.ts";
import { ActorError } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { sleep } from "../../../actors/support/sleep.ts";
import { FakeL1, PRICES } from "./fakeL1.ts";
import { temporaryFolder } from "./temporaryFolder.ts";

const ADDRESS = "0x00000000000000000000000000000000000000bb";
const NOBODY = "0x00000000000000000000000000000000000000cc";

/** The proposer's account: what it sends waits until the test mines it, or until it expires. */
export class FakeAccount implements Pick<ProposerOptions, "account"> {
  readonly account: ProposerOptions["account"];
  readonly sends: SendRequest[] = [];
  /** Answer to the next simulations. */
  simulated: ContractError | undefined;
  simulations: number[] = [];
  /** What the next sends fail with at once. */
  failure: Error | undefined;
  /** Sends that failed with it. */
  refused = 0;
  leftBehind = false;
  released = 0;
  #mine: (() => void) | undefined;

  constructor() {
    this.account = {
      address: ADDRESS,
      prepare: () => undefined,
      simulate: ({ timestamp }) => {
        this.simulations.push(timestamp);
        return Promise.resolve(this.simulated);
      },
      send: (request) => this.#send(request),
      hasLeftBehind: () => Promise.resolve(this.leftBehind),
      release: () => {
        this.released++;
        this.leftBehind = false;
        return Promise.resolve();
      },
    };
  }

  /** Ends the wait of the transaction under way with a receipt. */
  mined(): void {
    this.#mine?.();
  }

  #send(request: SendRequest): Promise<SendResult> {
    if (this.failure) {
      this.refused++;
      return Promise.reject(this.failure);
    }
    this.sends.push(request);
    this.leftBehind = false; // a new one takes the nonce over
    return new Promise((resolve, reject) => {
      this.#mine = () => resolve({ hash: "0x", receipt: { gasUsed: 1n }, attempts: 1 } as SendResult);
      for (const ending of [request.expires, request.signal]) {
        ending?.addEventListener("abort", () => {
          this.leftBehind = true;
          reject(new ActorError("TRANSACTION_NOT_MINED", "its time is over", "retry"));
        });
      }
    });
  }
}

export interface ProposerBench {
  l1: FakeL1;
  node: Node;
  mempool: Mempool;
  account: FakeAccount;
  proposer: ProposerService;
  events: ProposerEvent[];
  /** Slots asked the committee for, with the request. */
  attestations: AttestationRequest[];
  /** The committee's answer; absent: at once. */
  attest: ((request: AttestationRequest) => Promise<Attestation>) | undefined;
  /** Whose slots are not ours. */
  others: Set<number>;
  /** Time since genesis of each message. */
  sentAt: number[];
  /** Mines an empty L1 block, and tells the proposer. */
  tick(): Promise<void>;
  /** Mines the proposal under way, and tells the proposer. */
  include(): Promise<void>;
  until(what: string, condition: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

/** L1 block n stands in slot n; what is sent at head n falls into slot n + 1. */
export function proposerBench(options: Partial<ProposerOptions> = {}, recordRing = 128): ProposerBench {
  const l1 = new FakeL1();
  l1.parameters.limits = { ...l1.parameters.limits, records: recordRing };
  l1.parameters.clock = { ...l1.parameters.clock, proofSubmissionEpochs: 10 };
  const folder = temporaryFolder();
  const journal = openActorJournal({ path: `${folder.path}/journal`, logger: silentLogger });
  const account = new FakeAccount();
  const events: ProposerEvent[] = [];
  const attestations: AttestationRequest[] = [];
  const others = new Set<number>();
  const sentAt: number[] = [];
  const rollup = Object.assign(l1.rollup, {
    proposerOf: (slot: number) =>
      Promise.resolve({ proposer: others.has(slot) ? NOBODY : ADDRESS, position: 0, committeeSize: 1 }),
    pricesAfter: () => Promise.resolve(PRICES),
    status: () => Promise.resolve({ deadlineEpoch: 0 } as RollupStatus),
    messageSentAt: (index: number) => Promise.resolve(sentAt[index - 1] ?? 0),
  }) as unknown as RollupContract;
  const { provider } = l1;
  const node = new Node({
    provider,
    rollup,
    blobs: l1,
    logger: silentLogger,
    verifySignature: schnorrVerify,
  });
  const heads = new HeadFollower({ provider, logger: silentLogger, pollInterval: 1_000_000 });
  const mempool = new Mempool({
    capacity: 64,
    nonceWindow: 64,
    domain: truncatedToField(l1.parameters.genesisHash),
    view: () => ({ state: node.chain.tip.state, prices: PRICES }),
    // Takes what the builder then refuses, as a pool does whose view is behind.
    verifySignature: () => true,
  });
  const proposer = new ProposerService({
    node,
    heads,
    account: account.account,
    mempool,
    attester: {
      attest: (request) => {
        attestations.push(request);
        return bench.attest?.(request) ?? Promise.resolve({ bitmap: 1n, signature: new Uint8Array(96) });
      },
    },
    guard: new ProposalGuard({ journal, scope: "0x1" }),
    logger: silentLogger,
    coinbase: ADDRESS,
    l1BlockTime: 12,
    verifySignature: schnorrVerify,
    ...options,
  });
  proposer.on((event) => events.push(event));
  const bench: ProposerBench = {
    l1,
    node,
    mempool,
    account,
    proposer,
    events,
    attestations,
    attest: undefined,
    others,
    sentAt,
    async tick() {
      l1.mine([]);
      await heads.refresh();
      await sleep(1);
    },
    async include() {
      const { block, parent } = attestations.at(-1)!;
      l1.publish({ parent, built: block });
      account.mined();
      await sleep(1); // the receipt comes before the head
      await heads.refresh();
    },
    async until(what, condition) {
      for (let i = 0; i < 1_000; i++) {
        if (condition()) return;
        await sleep(5);
      }
      throw new Error(`waited in vain for ${what}`);
    },
    async stop() {
      await proposer.stop();
      journal.close();
      folder.remove();
    },
  };
  return bench;
}

/** Calldata begins with the parent's record: whether a proposal stands on it. */
export function standsOn(request: SendRequest, record: Parameters<typeof encodeRecord>[0]): boolean {
  const words = encodeRecord(record).map((word) => word.toString(16).padStart(64, "0"));
  return request.data.includes(words.join(""));
}

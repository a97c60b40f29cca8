/**
 * Provers on an L1 in memory with a proof market: the market's rules are those of `protocol/market.ts`, time is that of
 * the blocks a test mines. What provers send is checked at once, as an estimate does, and again in the next L1 block.
 */
import { addressToHex, toAddress, type Address } from "../../../protocol/address.ts";
import { toHex } from "../../../protocol/bytes.ts";
import { keccakWords } from "../../../protocol/hash.ts";
import {
  type MarketParameters,
  bondOf,
  largestPot,
  payOf,
  reserveAt,
  rescueShareOf,
  whoIsPaid,
} from "../../../protocol/market.ts";
import { type Quote, type QuoteDomain, addressOfKey } from "../../../protocol/quote.ts";
import { encodeRecord } from "../../../protocol/record.ts";
import { epochEnd, proofDeadline, toEpoch, toTimestamp } from "../../../protocol/time.ts";
import { HeadFollower } from "../../../actors/l1/headFollower.ts";
import type { SendRequest, SendResult } from "../../../actors/l1/l1Account.ts";
import { RevertError } from "../../../actors/l1/sendErrors.ts";
import type { BondStatus, EpochStatus } from "../../../actors/market/marketContract.ts";
import { type CostModel, type PricingStrategy, costPlus } from "../../../actors/market/pricing.ts";
import { QuotePool } from "../../../actors/market/quotePool.ts";
import { QuoteVerifier } from "../../../actors/market/quoteVerifier.ts";
import { WorkSchedule } from "../../../actors/market/workSchedule.ts";
import type { ChainPoint } from "../../../actors/node/chainState.ts";
import { Node } from "../../../actors/node/node.ts";
import { type EpochWork, completeEpochs } from "../../../actors/prover/epochWork.ts";
import {
  type MarketOnL1,
  MarketProver,
  type MarketProverEvent,
  type MarketProverOptions,
} from "../../../actors/prover/marketProver.ts";
import { type ProverEvent, ProverService } from "../../../actors/prover/proverService.ts";
import { ActorError } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { sleep } from "../../../actors/support/sleep.ts";
import { FakeL1 } from "./fakeL1.ts";

const MARKET = "0x00000000000000000000000000000000000000ee";
const SUBMITTER = "0x00000000000000000000000000000000000000ef";

export const MARKET_PARAMETERS: MarketParameters = {
  reserveStart: 2_000n,
  reserveMax: 10_000n,
  reserveRamp: 120n,
  improvementWindow: 24n,
  improvementStep: 50n,
  exclusivePeriod: 72n,
  grace: 12n,
  raceWindow: 36n,
  bondFloor: 1_000n,
  bondMultiple: 20_000n,
  rescueShare: 2_500n,
  withdrawalDelay: 10_000n,
  blockReward: 1_000_000n,
  permissioned: false,
};

interface Transaction {
  request: SendRequest;
  from: Address;
  resolve: (result: SendResult) => void;
  reject: (error: Error) => void;
}

/** One prover of the world. */
export interface WorldProver {
  name: string;
  address: Address;
  prover: ProverService;
  market: MarketProver;
  schedule: WorkSchedule;
  events: (MarketProverEvent | ProverEvent)[];
  sends: SendRequest[];
  /** Proofs wait while it is set. */
  hangs: boolean;
  /** The answer to the next send of this purpose is lost, though L1 has it. */
  loseAnswerOf: string | undefined;
  stop(): Promise<void>;
}

/** L1 block n stands in slot n; slots and L1 blocks of 12 s, epochs of two slots, proven within ten more. */
export class MarketWorld {
  readonly l1 = new FakeL1();
  readonly node: Node;
  readonly heads: HeadFollower;
  readonly pool: QuotePool;
  readonly provers: WorldProver[] = [];
  readonly accounts = new Map<Address, BondStatus>();
  readonly claims = new Map<number, EpochStatus>();
  readonly settled = new Map<number, { payee: Address | undefined; paid: bigint }>();
  /** Credited and not collected; collected; and what a short distributor keeps owing of each collection. */
  readonly credits = new Map<Address, bigint>();
  readonly collected = new Map<Address, bigint>();
  shortage = 0n;
  burned = 0n;
  readonly #domain: QuoteDomain;
  readonly #calls: { method: string; values: readonly unknown[] }[] = [];
  #pending: Transaction[] = [];
  #parent: ChainPoint;

  constructor() {
    const { l1 } = this;
    l1.parameters.clock = { ...l1.parameters.clock, proofSubmissionEpochs: 10 };
    const { provider } = l1;
    this.node = new Node({ provider, rollup: l1.rollup, blobs: l1, logger: silentLogger });
    this.heads = new HeadFollower({ provider, logger: silentLogger, pollInterval: 1_000_000 });
    this.#parent = this.node.chain.genesis;
    this.#domain = {
      version: 1n,
      chainId: 31337n,
      market: toAddress(MARKET),
      rollup: toAddress(l1.parameters.address),
      verifierKeyHash: 7n,
    };
    this.pool = new QuotePool({
      verifier: new QuoteVerifier({ domain: this.#domain }),
      view: {
        parameters: MARKET_PARAMETERS,
        now: () => this.now,
        oldestEpoch: () => this.oldest?.epoch ?? 0,
        account: (prover) => {
          const { free, nonce } = this.account(prover);
          return { available: free, nonce, mayClaim: true };
        },
        pot: (epoch) => this.#potOf(epoch),
      },
    });
  }

  get now(): number {
    return this.l1.head.timestamp;
  }

  get oldest(): EpochWork | undefined {
    return this.#works(this.now)[0];
  }

  account(prover: Address): BondStatus {
    let account = this.accounts.get(prover);
    if (!account) {
      const nothing = { free: 0n, reserved: 0n, withdrawing: 0n, nonce: 0n };
      account = { prover: addressToHex(prover), withdrawableAt: undefined, ...nothing };
      this.accounts.set(prover, account);
    }
    return account;
  }

  /** A prover with a bond that runs from the next block on. */
  async add({
    name,
    secondsPerBlock = 5,
    machineHour,
    bond = 10n ** 9n,
    strategy,
    breakSeconds = 240,
    ...options
  }: {
    name: string;
    secondsPerBlock?: number;
    machineHour: bigint;
    bond?: bigint;
    strategy?: (model: CostModel) => PricingStrategy;
    breakSeconds?: number;
  } & Partial<MarketProverOptions>): Promise<WorldProver> {
    const key = new Uint8Array(32).fill(this.provers.length + 1);
    const address = addressOfKey(key);
    this.account(address).free += bond;
    const schedule = new WorkSchedule({
      machines: 1,
      secondsPerBlock,
      submissionSeconds: 24,
      breakSeconds,
      now: () => this.now,
    });
    const model: CostModel = { secondsPerBlock, machineHour, gas: 0n, bondCost: 0n };
    const { node, heads, pool } = this;
    const events: WorldProver["events"] = [];
    const sends: SendRequest[] = [];
    const account = {
      address: addressToHex(address),
      send: (request: SendRequest) => {
        sends.push(request);
        return this.#send(request, address, own);
      },
      hasLeftBehind: () => Promise.resolve(false),
      release: () => Promise.resolve(),
    };
    const market = new MarketProver({
      node,
      heads,
      pool,
      account,
      market: this.#contract(),
      key,
      prover: address,
      domain: this.#domain,
      parameters: MARKET_PARAMETERS,
      model,
      strategy: strategy?.(model) ?? costPlus(model, 500n),
      schedule,
      gasPrice: () => Promise.resolve(1n),
      logger: silentLogger,
      l1BlockTime: 12,
      ...options,
    });
    const prover = new ProverService({
      node,
      heads,
      account,
      maker: {
        prove: async (_inputs, { signal }) => {
          while (own.hangs && !signal.aborted) await sleep(2, signal);
          return { proof: new Uint8Array(64), seconds: 2 * secondsPerBlock };
        },
      },
      logger: silentLogger,
      l1BlockTime: 12,
      selection: market,
    });
    prover.on((event) => events.push(event));
    market.on((event) => events.push(event));
    const own: WorldProver = {
      name,
      address,
      prover,
      market,
      schedule,
      events,
      sends,
      hangs: false,
      loseAnswerOf: undefined,
      stop: async () => {
        await Promise.all([market.stop(), prover.stop()]);
      },
    };
    this.provers.push(own);
    await market.start();
    await prover.start();
    return own;
  }

  /** The next L1 block, with a rollup block in it or without; then waits until the provers have acted on it. */
  async block({ propose = false } = {}): Promise<void> {
    // A proof waits for a block without a proposal.
    const waits = ({ request }: Transaction): boolean => propose && request.purpose.startsWith("prove-");
    const transactions = this.#pending.filter((transaction) => !waits(transaction));
    this.#pending = this.#pending.filter(waits);
    const outcomes: (() => void)[] = [];
    const time = this.now + 12;
    const proofs: { epoch: number; number: number; from: Address }[] = [];
    for (const { request, from, resolve, reject } of transactions) {
      const error = this.#execute(request, from, time, proofs);
      if (error) outcomes.push(() => reject(error));
      else
        outcomes.push(() =>
          resolve({ hash: request.purpose, receipt: { gasUsed: 1n }, attempts: 1 } as never),
        );
    }
    if (propose) {
      const slot = this.l1.head.number + 1;
      this.#parent = this.l1.propose({ parent: this.#parent, slot }).point;
    } else {
      this.l1.mine(
        proofs.map(({ epoch, number, from }) => (at) => ({
          type: "epochProven",
          at,
          epoch,
          number,
          prover: addressToHex(from),
          timestamp: at.block.timestamp,
          endRecordHash: "0x",
          rewardsRoot: "0x",
          participation: [0n, 0n],
          seedWord: 0n,
          outboxWord: 0n,
        })),
      );
    }
    for (const tell of outcomes) tell();
    await this.node.sync();
    await this.heads.refresh();
    await this.quiet();
  }

  /** Two blocks of an epoch, at the next epoch's start. */
  async epoch(): Promise<number> {
    while ((this.l1.head.number + 1) % 2 !== 0) await this.block();
    await this.block({ propose: true });
    await this.block({ propose: true });
    return Math.floor(this.l1.head.number / 2);
  }

  async until(what: string, condition: () => boolean, blocks = 40): Promise<void> {
    for (let i = 0; !condition(); i++) {
      if (i === blocks) throw new Error(`waited ${blocks} blocks in vain for ${what}`);
      await this.block();
    }
  }

  provenBy(epoch: number): Address | undefined {
    const proven = this.node.chain.provenEpochs.find((candidate) => candidate.epoch === epoch);
    return proven && toAddress(proven.prover);
  }

  async stop(): Promise<void> {
    for (const prover of this.provers) await prover.stop();
  }

  /** Until nobody has sent anything new for a while. */
  async quiet(): Promise<void> {
    let before = -1;
    let still = 0;
    while (still < 3) {
      await sleep(5);
      const sent = this.provers.reduce((sum, { sends, events }) => sum + sends.length + events.length, 0);
      still = sent === before ? still + 1 : 0;
      before = sent;
    }
  }

  #works(time: number): EpochWork[] {
    const { node } = this;
    return completeEpochs({ chain: node.chain, parameters: node.parameters, time: toTimestamp(time + 12) });
  }

  #potOf(epoch: number): bigint | undefined {
    const work = this.#works(this.now).find((candidate) => candidate.epoch === epoch);
    if (!work) return undefined;
    const { blocks } = work;
    return largestPot(MARKET_PARAMETERS, {
      proverFees: blocks.at(-1)!.record.fees.prover,
      blocks: BigInt(blocks.length),
    });
  }

  #contract(): MarketOnL1 {
    const word = {
      when: 0n,
      duties: "0x",
      rewardsRoot: "0x",
      prover: "0x",
      endRecordHash: "0x",
      previous: "0x",
    };
    return {
      address: MARKET,
      epoch: (epoch) => {
        const claim = this.claims.get(epoch);
        return Promise.resolve(claim && { ...claim });
      },
      bond: (prover) => Promise.resolve({ ...this.account(prover) }),
      predecessor: () => Promise.resolve(word),
      opening: (epoch) => Promise.resolve({ epoch } as never),
      isSettled: (epoch) => Promise.resolve(this.settled.has(epoch)),
      credit: (prover) => Promise.resolve(this.credits.get(prover) ?? 0n),
      collection: (prover) => Promise.resolve({ to: MARKET, data: this.#encode("collectProver", [prover]) }),
      guarded: ({ submission: data }) => Promise.resolve({ to: SUBMITTER, data }),
      encode: (method, values) => this.#encode(method, values),
    };
  }

  #encode(method: string, values: readonly unknown[]): string {
    return `0x${(this.#calls.push({ method, values }) - 1).toString(16).padStart(8, "0")}`;
  }

  #send(request: SendRequest, from: Address, prover: WorldProver): Promise<SendResult> {
    // The estimate: what would revert is not sent.
    const error = this.#execute(request, from, this.now + 12, undefined);
    if (error) return Promise.reject(error);
    const isLost = prover.loseAnswerOf === request.purpose;
    if (isLost) prover.loseAnswerOf = undefined;
    return new Promise((resolve, reject) => {
      const ended = (): void => {
        this.#pending = this.#pending.filter(({ request: other }) => other !== request);
        reject(new ActorError("TRANSACTION_NOT_MINED", "its time is over", "retry"));
      };
      for (const signal of [request.expires, request.signal]) {
        if (signal?.aborted) return ended();
        signal?.addEventListener("abort", ended, { once: true });
      }
      this.#pending.push({ request, from, resolve, reject });
      if (isLost) reject(new ActorError("TRANSACTION_NOT_MINED", "nobody knows", "derive the state again"));
    });
  }

  /** Runs a transaction at a time; `proofs` absent: a dry run. */
  #execute(
    request: SendRequest,
    from: Address,
    time: number,
    proofs: { epoch: number; number: number; from: Address }[] | undefined,
  ): RevertError | undefined {
    const refuse = (name: string): RevertError =>
      new RevertError("TRANSACTION_REFUSED", request.purpose, { name, args: {}, text: name });
    const dry = proofs === undefined;
    const oldest = this.oldest;
    if (request.purpose.startsWith("prove-")) {
      const epoch = Number(request.purpose.slice(6));
      if (oldest?.epoch !== epoch || proofs?.some((proof) => proof.epoch === epoch))
        return refuse("Rollup__WrongStart");
      const claim = this.claims.get(epoch);
      const isExclusive = claim?.stage === "claimed" && time <= claim.exclusiveUntil;
      if (request.to === SUBMITTER && isExclusive && toAddress(claim.prover) !== from)
        return refuse("Submitter__PaysLess");
      proofs?.push({ epoch, number: oldest.blocks.at(-1)!.number, from });
      return undefined;
    }
    const { method, values } = this.#calls[Number(request.data)]!;
    if (method === "cancelQuotes") {
      if (!dry) this.account(from).nonce = values[0] as bigint;
    } else if (method === "collectProver") {
      const prover = values[0] as Address;
      const credit = this.credits.get(prover) ?? 0n;
      if (credit === 0n) return refuse("Rewards__NothingToCollect");
      const left = credit < this.shortage ? credit : this.shortage;
      if (dry) return undefined;
      this.credits.set(prover, left);
      this.collected.set(prover, (this.collected.get(prover) ?? 0n) + credit - left);
    } else if (method === "open") {
      if (!oldest || this.claims.has(oldest.epoch)) return refuse("Market__NothingToProve");
      if (!dry) this.#open(oldest);
    } else if (method === "claim") {
      return this.#claim(values[0] as Omit<Quote, "prover"> & { prover: string }, time, dry, refuse);
    } else {
      const { epoch } = values[0] as { epoch: number };
      if (!this.provenBy(epoch) || this.settled.has(epoch)) return refuse("Rewards__NotClaimable");
      if (!dry) this.#settle(epoch, method === "settle");
    }
    return undefined;
  }

  #open({ epoch, blocks }: EpochWork): EpochStatus {
    const { clock } = this.l1.parameters;
    const claim: EpochStatus = {
      epoch,
      stage: "open",
      prover: addressToHex(toAddress(0n)),
      fee: 0n,
      bond: 0n,
      since: epochEnd(clock, toEpoch(epoch)),
      exclusiveUntil: 0,
      deadline: proofDeadline(clock, toEpoch(epoch)),
      endRecordHash: toHex(keccakWords([...encodeRecord(blocks.at(-1)!.record)])),
    };
    this.claims.set(epoch, claim);
    return claim;
  }

  #claim(
    quote: Omit<Quote, "prover"> & { prover: string },
    time: number,
    dry: boolean,
    refuse: (name: string) => RevertError,
  ): RevertError | undefined {
    const p = MARKET_PARAMETERS;
    const { oldest } = this;
    if (oldest?.epoch !== quote.epoch) return refuse("Market__NotItsTurn");
    const now = this.claims.get(quote.epoch);
    const account = this.account(toAddress(quote.prover));
    const bond = bondOf(p, this.#potOf(quote.epoch)!);
    const fee = BigInt(quote.fee);
    const term = Number(p.improvementWindow + p.exclusivePeriod);
    if (quote.nonce < account.nonce) return refuse("Market__NonceUsed");
    if (quote.validUntil < time) return refuse("Market__QuoteExpired");
    if (bond > account.free) return refuse("Market__BondNotFree");
    const since = now?.since ?? epochEnd(this.l1.parameters.clock, quote.epoch);
    if (fee > reserveAt({ parameters: p, since, time })) return refuse("Market__FeeAboveReserve");
    if (now?.stage === "claimed") {
      if (time > now.exclusiveUntil - Number(p.exclusivePeriod)) return refuse("Market__ClaimIsFirm");
      if (fee + p.improvementStep > now.fee) return refuse("Market__NoImprovement");
    } else if (time + term + Number(p.raceWindow) > proofDeadline(this.l1.parameters.clock, quote.epoch))
      return refuse("Market__TooLate");
    if (dry) return undefined;

    const claim = now ?? this.#open(oldest);
    if (claim.stage === "claimed") {
      const before = this.account(toAddress(claim.prover));
      before.reserved -= claim.bond;
      before.free += claim.bond;
    } else claim.exclusiveUntil = time + term;
    account.free -= bond;
    account.reserved += bond;
    account.nonce = quote.nonce + 1n;
    Object.assign(claim, { stage: "claimed", prover: quote.prover, fee, bond });
    return undefined;
  }

  /** Ends the claim of a proven epoch, and pays. */
  #settle(epoch: number, pays: boolean): void {
    const parameters = MARKET_PARAMETERS;
    const proven = this.node.chain.provenEpochs.find((candidate) => candidate.epoch === epoch)!;
    const end = this.node.chain.block(proven.number)!;
    const claim = this.claims.get(epoch);
    const endRecordHash = BigInt(claim?.endRecordHash ?? 0);
    const payment = whoIsPaid({
      parameters,
      claim: claim && {
        ...claim,
        prover: toAddress(claim.prover),
        claimedAt: 0,
        endRecordHash,
      },
      proof: { prover: toAddress(proven.prover), provenAt: this.provenAt(epoch), endRecordHash },
    });
    if (claim?.stage === "claimed") {
      const claimant = this.account(toAddress(claim.prover));
      claimant.reserved -= claim.bond;
      if (payment.stage === "rescued") {
        const share = rescueShareOf(parameters, claim.bond);
        this.account(toAddress(proven.prover)).free += share;
        this.burned += claim.bond - share;
      } else claimant.free += claim.bond;
      claim.stage = payment.stage;
    }
    if (!pays) return;
    const first = this.node.chain.provenEpochs.findLast(({ number }) => number < proven.number)?.number ?? 0;
    const pot = largestPot(parameters, {
      proverFees: end.record.fees.prover,
      blocks: BigInt(proven.number - first),
    });
    const paid = payOf(pot, payment.fee);
    this.settled.set(epoch, { payee: payment.payee, paid });
    if (payment.payee !== undefined)
      this.credits.set(payment.payee, (this.credits.get(payment.payee) ?? 0n) + paid);
  }

  /** L1 time of an epoch's proof. */
  provenAt(epoch: number): number {
    return this.l1.timeOfProof(epoch);
  }
}

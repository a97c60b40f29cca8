/**
 * The staked validators of a network in one process: each with a proposer's account, a committee key behind slashing
 * protection, and a place in the gossip hub. They trust one node of this process, so a proposal is executed once for all
 * of them; everything else each does for itself, as if it were alone.
 */
import { join } from "node:path";
import { type JsonRpcProvider, Wallet } from "ethers";

import { BlsKey } from "../bls/blst.ts";
import type { ActorJournal } from "../journal/actorJournal.ts";
import { Journal } from "../journal/journal.ts";
import type { HeadFollower } from "../l1/headFollower.ts";
import type { L1Account } from "../l1/l1Account.ts";
import type { Node } from "../node/node.ts";
import { GossipHub, type HubMember } from "../p2p/hub.ts";
import type { AttestationProvider } from "../sequencer/attestation.ts";
import type { ProposerService } from "../sequencer/proposerService.ts";
import { type PriceView, opinionOf } from "../price/priceView.ts";
import { ActorError } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { Committees } from "../validator/committees.ts";
import { makeCommitteeMember } from "../validator/committeeMember.ts";
import type { CommitteeSigner } from "../validator/committeeSigner.ts";
import { type ProposalCheck, sharedCheck } from "../validator/proposalCheck.ts";
import type { ValidatorService } from "../validator/validatorService.ts";
import { Equivocations, type Equivocation } from "../watcher/equivocations.ts";
import { WatcherService } from "../watcher/watcherService.ts";

/** Secrets of one validator. */
export interface ValidatorKeys {
  /** L1 private key: sends its blocks. */
  proposer: string;
  /** BLS secret, 32 bytes. */
  attester: Uint8Array;
}

/** One validator of the group. */
export interface GroupMember {
  /** Place in the list of keys. */
  index: number;
  signer: CommitteeSigner;
  validator: ValidatorService;
  proposer: ProposerService;
}

/** Parameters of {@link ValidatorGroup}. */
export interface ValidatorGroupOptions {
  node: Node;
  heads: HeadFollower;
  provider: JsonRpcProvider;
  keys: readonly ValidatorKeys[];
  /** L1 private key of the watcher. */
  watcherKey: string;
  folder: string;
  l1BlockTime: number;
  logger: Logger;
  openJournal: (actor: string) => ActorJournal;
  openAccount: (actor: string, key: string, journal: ActorJournal) => L1Account;
  makeProposer: (parts: {
    actor: string;
    account: L1Account;
    journal: ActorJournal;
    attester: AttestationProvider;
  }) => ProposerService;
  /** Changes what a proposer publishes, for rehearsals of challenges. Default: nothing. */
  tamper?: ((index: number, attester: AttestationProvider) => AttestationProvider) | undefined;
  /** What they hold a proposer's step of the exchange rate to. */
  priceView?: PriceView | undefined;
  verifySignature: Parameters<typeof sharedCheck>[0]["verifySignature"];
}

export class ValidatorGroup implements Service {
  readonly members: readonly GroupMember[];
  readonly watcher: WatcherService;
  readonly committees: Committees;
  readonly equivocations: Equivocations;
  readonly hub: GossipHub;
  readonly #connections: readonly HubMember[];
  readonly #evidence: Journal<Equivocation>;

  constructor(options: ValidatorGroupOptions) {
    const { node, provider, folder, logger } = options;
    const { parameters } = node;
    this.committees = new Committees({ provider, parameters });
    this.hub = new GossipHub({ logger: logger.child({ actor: "p2p" }) });
    const { priceView } = options;
    const check = sharedCheck({
      node,
      opinion: priceView && (() => opinionOf(priceView, logger)),
      ...(options.verifySignature ? { verifySignature: options.verifySignature } : {}),
    });
    this.#connections = options.keys.map((_, index) => this.hub.join(`validator-${index}`));
    this.members = options.keys.map((keys, index) => this.#member(options, index, keys, check));

    this.#evidence = Journal.open<Equivocation>({ path: join(folder, "evidence.journal"), logger });
    this.equivocations = new Equivocations({ parameters, journal: this.#evidence });
    this.watcher = new WatcherService({
      node,
      heads: options.heads,
      provider,
      account: options.openAccount("watcher", options.watcherKey, options.openJournal("watcher")),
      committees: this.committees,
      gossip: this.hub.join("watcher"),
      equivocations: this.equivocations,
      challenge: parameters.aggregateChallenge,
      hasSeeds: true,
      l1BlockTime: options.l1BlockTime,
      logger: logger.child({ actor: "watcher" }),
    });
  }

  async start(): Promise<void> {
    await this.watcher.start();
    for (const { validator } of this.members) await validator.start();
    for (const { proposer } of this.members) await proposer.start();
  }

  async stop(): Promise<void> {
    for (const { proposer } of this.members) await proposer.stop();
    for (const { validator } of this.members) await validator.stop();
    await this.watcher.stop();
    this.#evidence.close();
  }

  /** Cuts a validator off, or brings it back: offline it neither proposes, nor attests, nor hears of anything. */
  async setOnline(index: number, online: boolean): Promise<void> {
    const member = this.members[index];
    const connection = this.#connections[index];
    if (!member || !connection) {
      throw new ActorError("STATE_UNAVAILABLE", `there is no validator ${index}`, "choose one of the group");
    }
    connection.connected = online;
    await (online ? member.proposer.start() : member.proposer.stop());
  }

  #member(
    options: ValidatorGroupOptions,
    index: number,
    keys: ValidatorKeys,
    check: ProposalCheck,
  ): GroupMember {
    const { node, heads, l1BlockTime, logger, openJournal, openAccount, makeProposer, tamper } = options;
    const actor = `validator-${index}`;
    const journal = openJournal(actor);
    const gossip = this.#connections[index]!;
    const log = logger.child({ actor });
    const { committees } = this;
    const member = makeCommitteeMember({
      node,
      heads,
      gossip,
      committees,
      key: new BlsKey(keys.attester),
      journal,
      check,
      l1BlockTime,
      logger: log,
    });
    const attester = tamper?.(index, member.attester) ?? member.attester;
    const account = openAccount(actor, new Wallet(keys.proposer).privateKey, journal);
    return {
      index,
      signer: member.signer,
      validator: member.validator,
      proposer: makeProposer({ actor, account, journal, attester }),
    };
  }
}

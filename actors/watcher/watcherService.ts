/**
 * Watches over a staked network, for whoever runs it: verifies the aggregate of every block on L1 and challenges the
 * wrong ones, fixes seeds that nobody fixed, keeps evidence of equivocation.
 *
 * What to do follows from the chain alone, each time anew, and one transaction is under way at a time. After a restart
 * it looks at every block again that the node still has; what is done already, L1 refuses.
 */
import { Contract, type JsonRpcProvider, ZeroAddress } from "ethers";

import { ProtocolError } from "../../protocol/errors.ts";
import { attestedBlockOf, decodeAttestation, decodeProposal } from "../../protocol/gossip.ts";
import { recordHash } from "../../protocol/record.ts";
import { SEED_LEAD } from "../../protocol/staking.ts";
import { toHex } from "../../protocol/bytes.ts";
import { epochAt, epochOf, epochStart, toEpoch, toTimestamp } from "../../protocol/time.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import type { HeadFollower } from "../l1/headFollower.ts";
import { type L1Account, RevertError } from "../l1/l1Account.ts";
import type { L1Head } from "../l1/provider.ts";
import type { Node } from "../node/node.ts";
import type { NodeBlock } from "../node/nodeBlock.ts";
import { ACCEPT, type Gossip, type GossipMessage, type Verdict, ignore, reject } from "../p2p/gossip.ts";
import { type Topics, topicsOf } from "../p2p/topics.ts";
import { messageOf } from "../support/actorError.ts";
import { Emitter } from "../support/emitter.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import type { Committees } from "../validator/committees.ts";
import { slotsAround } from "../validator/proposalIntake.ts";
import { type AggregateVerdict, challengeCall, judgeAggregate } from "./aggregates.ts";
import type { Equivocations, SignedMessage } from "./equivocations.ts";

/** What a watcher saw or did. */
export type WatcherEvent =
  | {
      type: "verified";
      number: number;
      epoch: number;
      attestations: number;
      committeeSize: number;
      bitmap: bigint;
    }
  | { type: "wrongAggregate"; number: number; proposer: string }
  | { type: "invalidated"; number: number; gasUsed: bigint }
  | { type: "seedFixed"; epoch: number; gasUsed: bigint }
  | { type: "equivocation"; kind: string; slot: number; position: number };

/** Parameters of {@link WatcherService}. */
export interface WatcherOptions {
  node: Node;
  heads: HeadFollower;
  provider: JsonRpcProvider;
  account: L1Account;
  committees: Committees;
  gossip: Gossip;
  equivocations: Equivocations;
  /** Contract that takes challenges; absent or zero: wrong aggregates are only reported. */
  challenge?: string | undefined;
  /** Whether the validator set draws committees by seeds that somebody has to fix. */
  hasSeeds: boolean;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
  logger: Logger;
}

/** Blocks whose verdict is remembered. */
const KEPT_VERDICTS = 1_024;

export class WatcherService implements Service {
  readonly #options: WatcherOptions;
  readonly #topics: Topics;
  readonly #events: Emitter<WatcherEvent>;
  /** By record hash. */
  readonly #verdicts = new Map<bigint, AggregateVerdict>();
  /** Blocks that need no further challenge, by record hash. */
  readonly #settled = new Set<bigint>();
  /** Epochs whose seed is known to be fixed. */
  readonly #seeded = new Set<number>();
  #abort: AbortController | undefined;
  #stops: (() => void)[] = [];
  #running: Promise<void> = Promise.resolve();
  #busy = false;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#topics = topicsOf(options.node.parameters);
    this.#events = new Emitter((error) =>
      options.logger.error({ error: messageOf(error) }, "a watcher listener failed"),
    );
  }

  on(listener: (event: WatcherEvent) => void): () => void {
    return this.#events.on(listener);
  }

  start(): Promise<void> {
    if (this.#abort) return Promise.resolve();
    const { heads, gossip, node } = this.#options;
    const { signal } = (this.#abort = new AbortController());
    const { proposals, attestations } = this.#topics;
    this.#stops = [
      heads.onHead((head) => this.#onHead(head, signal)),
      node.on(({ type }) => type === "reorg" && this.#forget()),
      gossip.subscribe(proposals.name, proposals.limits, (message) => this.#onGossip(message, readProposal)),
      gossip.subscribe(attestations.name, attestations.limits, (message) =>
        this.#onGossip(message, readAttestation),
      ),
    ];
    if (heads.head) this.#onHead(heads.head, signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    this.#abort?.abort();
    this.#abort = undefined;
    await this.#running;
  }

  /** An L1 reorg can bring back a block that was challenged, and give an epoch another committee. */
  #forget(): void {
    this.#options.committees.forget();
    this.#verdicts.clear();
    this.#settled.clear();
    this.#seeded.clear();
  }

  #onHead(head: L1Head, signal: AbortSignal): void {
    if (this.#busy || signal.aborted) return;
    this.#busy = true;
    this.#running = this.#act(head, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#options.logger.error({ error: messageOf(error) }, "watcher");
      })
      .finally(() => (this.#busy = false));
  }

  async #act(head: L1Head, signal: AbortSignal): Promise<void> {
    await this.#options.node.sync(signal);
    await this.#checkAggregates(signal);
    if (this.#options.hasSeeds) await this.#fixSeeds(head, signal);
  }

  // Aggregates

  /** Oldest first: the roll-back of one takes with it all that stand on it. */
  async #checkAggregates(signal: AbortSignal): Promise<void> {
    for (const block of this.#blocks()) {
      const id = recordHash(block.record);
      const verdict = this.#verdicts.get(id) ?? (await this.#judge(id, block));
      if (verdict.type !== "wrong" || this.#settled.has(id)) continue;
      await this.#challenge(block, verdict, signal);
      return;
    }
  }

  /** Those that the node still has, oldest first. */
  #blocks(): NodeBlock[] {
    const { chain } = this.#options.node;
    const blocks: NodeBlock[] = [];
    for (let number = chain.pending; ; number--) {
      const block = chain.block(number);
      if (!block) return blocks.reverse();
      blocks.push(block);
    }
  }

  async #judge(id: bigint, block: NodeBlock): Promise<AggregateVerdict> {
    const { committees, node, logger } = this.#options;
    const { number, epoch, proposer, record } = block;
    const committee = await committees.of(toEpoch(epoch));
    const verdict = judgeAggregate({ block, committee, parameters: node.parameters });
    if (this.#verdicts.size >= KEPT_VERDICTS) this.#verdicts.delete(this.#verdicts.keys().next().value!);
    this.#verdicts.set(id, verdict);
    switch (verdict.type) {
      case "valid": {
        const { attestations, committeeSize } = verdict;
        this.#events.emit({
          type: "verified",
          number,
          epoch,
          attestations,
          committeeSize,
          bitmap: record.bitmap,
        });
        break;
      }
      case "wrong":
        logger.error({ number, proposer }, "the published aggregate is wrong");
        this.#events.emit({ type: "wrongAggregate", number, proposer });
        break;
      case "unknown":
        logger.warn(
          { number, epoch },
          "the committee's keys are not all known; the aggregate is not verified",
        );
    }
    return verdict;
  }

  async #challenge(
    block: NodeBlock,
    { keys }: Extract<AggregateVerdict, { type: "wrong" }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { account, challenge = ZeroAddress, logger } = this.#options;
    const { number, record } = block;
    const id = recordHash(record);
    if (challenge === ZeroAddress) return void this.#settled.add(id);
    try {
      const { receipt } = await account.send({
        purpose: `invalidate-${number}-${toHex(id).slice(2, 10)}`,
        to: challenge,
        data: challengeCall(block, keys),
        signal,
      });
      logger.info({ number, gasUsed: receipt.gasUsed }, "invalidated a block");
      this.#events.emit({ type: "invalidated", number, gasUsed: receipt.gasUsed });
    } catch (error) {
      if (!(error instanceof RevertError)) throw error;
      // Somebody else was first, or the block is gone; a reorg that brings it back gives it another record or none.
      logger.warn({ number, reason: error.contractError?.text ?? error.message }, "L1 takes no challenge");
    }
    this.#settled.add(id);
  }

  // Seeds

  /**
   * The first block of an epoch fixes the seed of the second epoch after it; whoever is left without such a block pays
   * for itself. The watcher waits half an epoch for it.
   */
  async #fixSeeds({ timestamp }: L1Head, signal: AbortSignal): Promise<void> {
    const { node, account, logger } = this.#options;
    const { clock, address, validatorSet } = node.parameters;
    if (timestamp < clock.genesisTime) return;
    const current = epochAt(clock, toTimestamp(timestamp));
    const half = (clock.slotsPerEpoch * clock.slotDuration) / 2;
    for (let ahead = 0; ahead <= SEED_LEAD; ahead++) {
      const epoch = toEpoch(current + ahead);
      if (this.#seeded.has(epoch)) continue;
      if (ahead === SEED_LEAD && timestamp < epochStart(clock, current) + half) continue;
      if ((await this.#seedOf(epoch)) !== 0n) {
        this.#seeded.add(epoch);
        continue;
      }
      try {
        const { receipt } = await account.send({
          purpose: `seed-${epoch}`,
          to: validatorSet,
          data: contractInterface("staking/IValidatorRegistry").encodeFunctionData("fixSeed", [
            address,
            epoch,
          ]),
          signal,
        });
        logger.info({ epoch, gasUsed: receipt.gasUsed }, "fixed a seed that nobody had fixed");
        this.#events.emit({ type: "seedFixed", epoch, gasUsed: receipt.gasUsed });
      } catch (error) {
        if (!(error instanceof RevertError)) throw error;
        logger.debug({ epoch, reason: error.message }, "the seed was fixed by another");
      }
      return;
    }
  }

  async #seedOf(epoch: number): Promise<bigint> {
    const { provider, node } = this.#options;
    const { address, validatorSet } = node.parameters;
    const registry = new Contract(validatorSet, contractInterface("staking/IValidatorRegistry"), provider);
    return (await registry.getFunction("seedOf").staticCall(address, epoch)) as bigint;
  }

  // Gossip

  async #onGossip({ data }: GossipMessage, read: (data: Uint8Array) => SignedMessage): Promise<Verdict> {
    const { node, heads, committees, equivocations, l1BlockTime, logger } = this.#options;
    let message: SignedMessage;
    try {
      message = read(data);
    } catch (error) {
      if (error instanceof ProtocolError) return reject("malformed");
      throw error;
    }
    const { kind, position, block } = message;
    const { slot } = block;
    if (!heads.head || !slotsAround(node.parameters, heads.head, 2 * l1BlockTime).includes(slot)) {
      return ignore("untimely");
    }
    const committee = await committees.of(epochOf(node.parameters.clock, slot));
    switch (equivocations.observe(message, committee)) {
      case "first":
        return ACCEPT;
      case "known":
        return ignore("duplicate");
      case "equivocation":
        logger.error({ kind, slot, position }, "signed twice for one slot");
        this.#events.emit({ type: "equivocation", kind, slot, position });
        return ACCEPT;
      case "badSignature":
        return reject("badSignature");
      case "notEntitled":
        return reject("notEntitled");
    }
  }
}

function readProposal(data: Uint8Array): SignedMessage {
  const proposal = decodeProposal(data);
  const { position, signature } = proposal;
  return { kind: "Proposal", position, block: attestedBlockOf(proposal), signature, data };
}

function readAttestation(data: Uint8Array): SignedMessage {
  const { position, block, signature } = decodeAttestation(data);
  return { kind: "Attestation", position, block, signature, data };
}

/**
 * Proposes: in every slot whose turn is ours, one block on top of the pending tip, published inside the slot.
 *
 * What to do follows from the chain alone, each time anew: the tip the node has verified, the slot the next L1 block
 * falls into, the messages L1 has. The journal only keeps a slot from being signed twice, and a lost answer or a
 * restart needs nothing else.
 *
 * A proposal is of use in its slot only. When L1's head leaves the slot, it is given up: it may still lie in the pools,
 * where it would hold the account's nonce and cost a revert. If the next slot is ours, its proposal takes the nonce
 * over, with twice the fees; otherwise a blob transfer of nothing to ourselves does. Above the fee ceiling nothing is
 * sent: the slot is missed, and its transactions and messages wait for the next one.
 */
import { toAddress } from "../../protocol/address.ts";
import { attestationDigest } from "../../protocol/attestation.ts";
import { encodeBlock } from "../../protocol/blockWords.ts";
import { bytesToHex } from "../../protocol/bytes.ts";
import { truncatedToField } from "../../protocol/hash.ts";
import { encodeRecord } from "../../protocol/record.ts";
import type { SignatureClaim } from "../../protocol/schnorr.ts";
import type { Transaction } from "../../protocol/transaction.ts";
import { type Slot, epochOf, slotAt, toTimestamp } from "../../protocol/time.ts";
import type { ProposalGuard } from "../journal/proposalGuard.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import type { HeadFollower } from "../l1/headFollower.ts";
import type { FeeCeiling } from "../l1/fees.ts";
import { type L1Account, RevertError } from "../l1/l1Account.ts";
import type { L1Head } from "../l1/provider.ts";
import type { ProposerDuty } from "../l1/rollupContract.ts";
import type { ChainPoint } from "../node/chainState.ts";
import type { Node } from "../node/node.ts";
import type { NodeBlock } from "../node/nodeBlock.ts";
import { type PriceSource, priceOf } from "../price/priceSource.ts";
import { chooseStep } from "../price/priceStep.ts";
import { ActorError, isActorError, messageOf } from "../support/actorError.ts";
import { Emitter } from "../support/emitter.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import type { Attestation, AttestationProvider } from "./attestation.ts";
import { type BuiltBlock, buildBlock } from "./buildBlock.ts";
import { type MessagePolicy, messagesToTake } from "./messagePolicy.ts";
import { type Mempool, type PooledTransaction, toPooled } from "./mempool.ts";

/** Gas of `propose` is 60k to 75k; the limit leaves room for the first block after a prune. */
const PROPOSE_GAS = 250_000n;

/** What a proposer did. */
export type ProposerEvent =
  | {
      type: "proposed";
      slot: number;
      number: number;
      transactions: number;
      messages: number;
      gasUsed: bigint;
      hash: string;
    }
  | { type: "missed"; slot: number; reason: string };

/** Parameters of {@link ProposerService}. */
export interface ProposerOptions {
  node: Node;
  heads: HeadFollower;
  account: Pick<L1Account, "address" | "prepare" | "simulate" | "send" | "hasLeftBehind" | "release">;
  mempool: Mempool;
  attester: AttestationProvider;
  guard: ProposalGuard;
  logger: Logger;
  /** Receives the sequencer's share of the fees. */
  coinbase: string;
  /** Seconds between L1 blocks: what is sent now falls into a block that much later. */
  l1BlockTime: number;
  verifySignature: (claim: SignatureClaim) => boolean;
  /** Most that a proposal pays on L1. Absent: no limit. */
  feeCeiling?: FeeCeiling;
  /** Exchange rate that its blocks move towards. Absent: they leave it as it is. */
  priceSource?: PriceSource;
  /** Which messages a block takes. Default `eager`. */
  messagePolicy?: MessagePolicy;
  /** Accounts whose transactions are left out of blocks, those of pruned blocks too. Default none. */
  refuseSenders?: ReadonlySet<number>;
}

export class ProposerService implements Service {
  readonly #options: ProposerOptions;
  readonly #events: Emitter<ProposerEvent>;
  #abort: AbortController | undefined;
  #stopListening: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  #busy = false;
  /** The newest head that was not acted on. */
  #next: L1Head | undefined;
  /** The slot acted for, and what ends with it. */
  #slot: { slot: Slot; over: AbortController } | undefined;
  /** Slots for which nothing is left to do. */
  #done = -1;

  constructor(options: ProposerOptions) {
    this.#options = options;
    this.#events = new Emitter((error) =>
      options.logger.error({ error: messageOf(error) }, "a proposer listener failed"),
    );
  }

  on(listener: (event: ProposerEvent) => void): () => void {
    return this.#events.on(listener);
  }

  start(): Promise<void> {
    if (this.#abort) return Promise.resolve();
    const abort = (this.#abort = new AbortController());
    this.#next = undefined;
    const stops = [
      this.#options.heads.onHead((head) => this.#onHead(head, abort.signal)),
      this.#options.node.on((event) => {
        if (event.type === "pruned" || event.type === "rolledBack") this.#restore(event.dropped);
        if (event.type === "reorg") this.#restore(event.undone);
      }),
    ];
    this.#stopListening = () => stops.forEach((stop) => stop());
    if (this.#options.heads.head) this.#onHead(this.#options.heads.head, abort.signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopListening();
    this.#abort?.abort();
    this.#abort = undefined;
    await this.#running;
  }

  /** One head at a time; of those that come in between, the newest is next. What is under way ends with its slot. */
  #onHead(head: L1Head, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (this.#slot && (this.#slotAfter(head) ?? 0) > this.#slot.slot) this.#slot.over.abort();
    this.#next = head;
    if (this.#busy) return;
    this.#busy = true;
    this.#running = this.#actOnAll(signal).finally(() => (this.#busy = false));
  }

  async #actOnAll(signal: AbortSignal): Promise<void> {
    while (this.#next && !signal.aborted) {
      const head = this.#next;
      this.#next = undefined;
      try {
        await this.#act(head, signal);
      } catch (error) {
        if (!signal.aborted) this.#options.logger.error({ error: messageOf(error) }, "proposer");
      }
    }
  }

  async #act(head: L1Head, signal: AbortSignal): Promise<void> {
    const { node } = this.#options;
    const slot = this.#slotAfter(head);
    if (slot === undefined || slot === 0) return;
    this.#slot = { slot, over: new AbortController() };
    const over = this.#slot.over.signal;
    const duty = slot <= this.#done ? undefined : await this.#duty(slot);
    if (!duty) return this.#freeNonce(over, signal);

    await node.sync(signal);
    const parent = await this.#parent(slot);
    if (!parent || parent.record.slot >= slot) return;
    const waiting = parent.number - node.chain.proven;
    if (waiting + 1 >= node.parameters.limits.records) {
      this.#miss(slot, `L1 has no room for another block: ${waiting} wait for their proofs`);
      return;
    }
    await this.#propose({ slot, duty, parent, over, signal });
  }

  /** A proposal that came too late may hold our nonce: frees it, unless the slot is over before. */
  async #freeNonce(over: AbortSignal, signal: AbortSignal): Promise<void> {
    const { account, logger } = this.#options;
    if (!(await account.hasLeftBehind())) return;
    try {
      await account.release({ ceiling: this.#ceiling, expires: over, signal });
      logger.info({}, "a proposal that came too late no longer holds a nonce");
    } catch (error) {
      if (!(error instanceof ActorError)) throw error;
      if (!signal.aborted)
        logger.warn({ reason: error.message }, "a proposal that came too late waits on L1");
    }
  }

  get #ceiling(): (() => FeeCeiling) | undefined {
    const { feeCeiling } = this.#options;
    return feeCeiling && (() => feeCeiling);
  }

  /** Slot of the L1 block that comes after this one; undefined before genesis. */
  #slotAfter({ timestamp }: L1Head): Slot | undefined {
    const { node, l1BlockTime } = this.#options;
    const { clock } = node.parameters;
    const next = timestamp + l1BlockTime;
    return next < clock.genesisTime ? undefined : slotAt(clock, toTimestamp(next));
  }

  /** Our duty of the slot; undefined when the slot is another's. */
  async #duty(slot: Slot): Promise<ProposerDuty | undefined> {
    const duty = await this.#options.node.rollup.proposerOf(slot);
    if (duty?.proposer.toLowerCase() === this.#options.account.address.toLowerCase()) return duty;
    this.#done = slot;
    return undefined;
  }

  /** What to build on: the pending tip, or the proven one when a prune is due; nothing on top of an invalid block. */
  async #parent(slot: Slot): Promise<ChainPoint | undefined> {
    const { node, logger } = this.#options;
    const { chain, parameters } = node;
    const oldest = chain.block(chain.proven + 1);
    const epoch = epochOf(parameters.clock, slot);
    // A pause moves deadlines, never to an earlier epoch, and L1 alone knows it: asked only when it could matter.
    const pruneDue =
      oldest !== undefined &&
      epoch > oldest.epoch + parameters.clock.proofSubmissionEpochs &&
      epoch > (await node.rollup.status()).deadlineEpoch;
    const parent = chain.point(pruneDue ? chain.proven : chain.pending);
    if (!parent) logger.warn({ pending: chain.pending }, "the pending tip is invalid; nothing to build on");
    return parent;
  }

  async #propose({
    slot,
    duty,
    parent,
    over,
    signal,
  }: {
    slot: Slot;
    duty: ProposerDuty;
    parent: ChainPoint;
    /** Aborts when the slot is over. */
    over: AbortSignal;
    signal: AbortSignal;
  }): Promise<void> {
    const { node, account, guard, logger, coinbase } = this.#options;
    const number = parent.number + 1;
    this.#options.mempool.refresh();
    const [block, modifier] = await Promise.all([this.#build(slot, parent), this.#priceStep(parent)]);
    // On an older parent, which a prune brings back, its transactions may lack what the pruned blocks would give them.
    if (parent.number === node.chain.pending) {
      for (const { id } of block.failed) this.#options.mempool.setAside(id);
    }
    const digest = this.#digest(block, modifier);
    try {
      guard.checkAndInsertProposal(slot, bytesToHex(digest));
    } catch (error) {
      if (!isActorError(error, "SLOT_SIGNED")) throw error;
      this.#miss(slot, "another block was signed for it before");
      return;
    }
    let attestation: Attestation;
    try {
      const ends = AbortSignal.any([over, signal]);
      const request = { slot, digest, duty, block, parent, coinbase, modifier, signal: ends };
      attestation = await this.#options.attester.attest(request);
    } catch (error) {
      if (!signal.aborted) this.#miss(slot, `the committee did not attest: ${messageOf(error)}`);
      return;
    }
    const { bitmap, signature } = attestation;
    const { stateRoot, prices, gas } = block.header;
    const blk = encodeBlock({
      stateRoot,
      slot,
      prices,
      gas,
      messages: block.messages.length,
      modifier,
      bitmap,
      coinbase: toAddress(coinbase),
      signature,
    });
    const data = contractInterface("rollup/Rollup").encodeFunctionData("propose", [
      [...encodeRecord(parent.record)],
      [...blk],
    ]);
    this.#done = slot;
    account.prepare([block.blob]);
    // Building and attesting took time: a blob transaction that comes too late costs as much as one in time.
    const head = await this.#options.heads.refresh();
    if (over.aborted || (head && this.#slotAfter(head) !== slot)) {
      this.#miss(slot, "the block was not ready in time");
      return;
    }
    const transaction = {
      to: node.parameters.address,
      data,
      gasLimit: PROPOSE_GAS,
      blobs: [block.blob],
    };
    try {
      if (head) {
        const refusal = await account.simulate({
          ...transaction,
          timestamp: head.timestamp + this.#options.l1BlockTime,
        });
        // A node that ignores the time it is asked for still names the slot of its head.
        if (refusal && refusal.name !== "Rollup__WrongSlot") {
          this.#miss(slot, `L1 would refuse it: ${refusal.text}`);
          return;
        }
      }
      const { receipt, hash } = await account.send({
        ...transaction,
        purpose: `propose-${slot}`,
        ceiling: this.#ceiling,
        expires: over,
        signal,
      });
      const counts = { transactions: block.transactions.length, messages: block.messages.length };
      logger.info({ slot, number, ...counts, gasUsed: receipt.gasUsed }, "proposed");
      this.#events.emit({ type: "proposed", slot, number, ...counts, gasUsed: receipt.gasUsed, hash });
    } catch (error) {
      if (signal.aborted) return;
      this.#miss(slot, reasonOf(error));
    }
  }

  /** The transactions of blocks that a prune dropped or an L1 reorg undid wait for a block again. */
  #restore(dropped: readonly NodeBlock[]): void {
    const { mempool, logger } = this.#options;
    const restored = mempool.restore(dropped.flatMap(ordinaryTransactions));
    if (dropped.length > 0) {
      logger.warn({ blocks: dropped.length, restored }, "blocks are gone; their transactions wait again");
    }
  }

  async #build(slot: Slot, parent: ChainPoint): Promise<BuiltBlock> {
    const { node, mempool, verifySignature, messagePolicy = "eager", refuseSenders } = this.#options;
    const { sizes, genesisHash } = node.parameters;
    const waiting = node.chain.messages.slice(parent.record.messageCount);
    const taken = await messagesToTake({
      policy: messagePolicy,
      rollup: node.rollup,
      consumed: parent.record.messageCount,
      waiting: waiting.length,
      slot,
    });
    const candidates = [...this.#returning(parent), ...mempool.candidates(parent.state)];
    return buildBlock({
      parent,
      slot,
      prices: await node.rollup.pricesAfter(encodeRecord(parent.record), slot),
      inbox: waiting.slice(0, taken),
      candidates: candidates.filter(({ transaction }) => !refuseSenders?.has(transaction.from)),
      domain: truncatedToField(genesisHash),
      sizes,
      verifySignature,
    });
  }

  /** The block that prunes others comes before the pool has their transactions back: it takes them itself. */
  #returning(parent: ChainPoint): PooledTransaction[] {
    const { chain } = this.#options.node;
    const blocks = Array.from({ length: chain.pending - parent.number }, (_, i) =>
      chain.block(parent.number + 1 + i),
    );
    return blocks.flatMap((block) => (block ? ordinaryTransactions(block).map(toPooled) : []));
  }

  /** What the block does to the exchange rate, in basis points. */
  async #priceStep({ record }: ChainPoint): Promise<number> {
    const { node, priceSource, logger } = this.#options;
    const market = await priceOf(priceSource, logger);
    return chooseStep(record.oracle.price, market, node.parameters.limits.modifier);
  }

  #digest({ header, chainHash }: BuiltBlock, modifier: number): Uint8Array {
    const { version, chainId, address } = this.#options.node.parameters;
    return attestationDigest({
      kind: "Attestation",
      domain: { version, chainId: BigInt(chainId), rollup: toAddress(address) },
      block: { slot: header.slot, chainHash, modifier, coinbase: toAddress(this.#options.coinbase) },
    });
  }

  #miss(slot: number, reason: string): void {
    this.#done = slot;
    this.#options.logger.warn({ slot, reason }, "missed a slot");
    this.#events.emit({ type: "missed", slot, reason });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof RevertError ? (error.contractError?.text ?? error.message) : messageOf(error);
}

/** The transactions of a block's blob that took effect, in order. */
function ordinaryTransactions(block: NodeBlock): Transaction[] {
  const slots = block.status === "valid" ? (block.result?.slots ?? []) : [];
  return slots
    .filter(({ forced, outcome }) => !forced && outcome.type === "applied")
    .map(({ transaction }) => transaction);
}

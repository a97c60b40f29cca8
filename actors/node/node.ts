/**
 * A node: follows a rollup from L1 alone, events and blobs. It executes every block and compares every claim of its
 * header; a block that lies is reported and never followed, nor is one that stands on it.
 *
 * Guarantees: after `sync` resolves, the state is that of the L1 head it returned; an L1 reorg within the depth kept
 * is undone step by step, a deeper one by a sync from the start; a blob source cannot make the node accept anything,
 * it can only delay it; events that an RPC server left out once are found missing by the next of their kind, and the
 * node reads the newest L1 blocks again, or all of them when that is not enough. With a store the state survives the process, see `nodeStore.ts`.
 *
 * Blocks that are proven already are executed on trust first: without checks of signatures and of blobs against their
 * versioned hashes, which take most of the time. This is safe. The proof says that *some* content with the block's
 * versioned hash leads to the block's state root, gas and message hash, all signatures held; a content that leads the
 * node to the same root gives it the same accounts, whatever else it is. What the root does not cover, the messages to
 * L1, is compared with the Outbox word of the epoch. Where anything differs, the blocks are executed again with every
 * check. Only what nothing on L1 depends on, such as the order of independent transactions, rests on the blob source.
 */
import type { JsonRpcProvider } from "ethers";

import type { SignatureClaim } from "../../protocol/schnorr.ts";
import { isBlobOf } from "../l1/blobSidecar.ts";
import type { BlobSource } from "../l1/blobSource.ts";
import { type L1Head, readHead } from "../l1/provider.ts";
import { withoutTail } from "../l1/blobStore.ts";
import type {
  EpochProvenEvent,
  ProposedEvent,
  RollupContract,
  RollupEvent,
  RollupParameters,
} from "../l1/rollupContract.ts";
import { ActorError, isActorError, messageOf } from "../support/actorError.ts";
import { Emitter } from "../support/emitter.ts";
import type { Logger } from "../support/logger.ts";
import { Mutex } from "../support/mutex.ts";
import { ChainState, EventGap, type Undo } from "./chainState.ts";
import { BLOB_BYTES } from "../../protocol/blob.ts";
import { merkleCommitment } from "../../protocol/merkle.ts";
import { encodeWithdrawal } from "../../protocol/withdrawal.ts";
import { type BlobFetch, fetchAhead } from "./blobFetch.ts";
import { Checkpoints } from "./checkpoints.ts";
import type { BlockFault, NodeBlock, ValidBlock } from "./nodeBlock.ts";
import type { NodeStore, StoreChange } from "./nodeStore.ts";
import { provenLater } from "./provenLater.ts";
import { changedAccounts, restoreChain } from "./storedChain.ts";
import { announcedBlock, verifyBlock } from "./verifyBlock.ts";

/** What happened, as a node tells it. */
export type NodeEvent =
  | { type: "block"; block: ValidBlock }
  | { type: "invalidBlock"; number: number; proposer: string; fault: BlockFault | undefined }
  | { type: "epochProven"; epoch: number; number: number; prover: string }
  | { type: "pruned"; proven: number; pending: number; dropped: readonly NodeBlock[] }
  | { type: "rolledBack"; last: number; pending: number; dropped: readonly NodeBlock[] }
  | { type: "reorg"; from: number; to: number; undone: readonly NodeBlock[] }
  | { type: "synced"; head: L1Head };

/** Parameters of {@link Node}. */
export interface NodeOptions {
  provider: JsonRpcProvider;
  rollup: RollupContract;
  blobs: BlobSource;
  logger: Logger;
  /** L1 blocks asked for at once. Default 2,000. */
  range?: number;
  /** L1 blocks whose events can be undone one by one; what is deeper goes to the store. Default 64, two L1 epochs. */
  reorgDepth?: number;
  verifySignature?: (claim: SignatureClaim) => boolean;
  /** Keeps the state; absent: every start syncs from L1's first event. The node closes it in `close`. */
  store?: NodeStore;
}

/** Blocks kept behind the proven tip, for provers that an L1 reorg sends back. */
const KEPT_BLOCKS = 256;

/** L1 blocks that the servers behind one address may be apart: no reason to take a block back, and no news either. */
const LAG = 2;

/** Times that one sync starts from scratch because L1's events have a gap. */
const MAX_RESTARTS = 2;

/** Proven blocks executed on trust did not lead where L1 says: they are executed again with every check. */
class ContentDoubt extends Error {
  /** First and last block in doubt. */
  readonly first: number;
  readonly last: number;

  constructor({ first, last }: { first: number; last: number }) {
    super(`blocks ${first} to ${last} need every check`);
    this.first = first;
    this.last = last;
  }
}

export class Node {
  readonly rollup: RollupContract;
  readonly #options: NodeOptions;
  readonly #order = new Mutex();
  readonly #events: Emitter<NodeEvent>;
  #chain: ChainState;
  #checkpoints: Checkpoints;
  /** The head of the last sync. */
  #synced: L1Head | undefined;
  /** Blocks up to this one get every check, proven or not. */
  #checkedUpTo = 0;

  /** Goes on from the store where there is one. @throws ActorError CHAIN_MISMATCH */
  constructor(options: NodeOptions) {
    this.#options = options;
    this.rollup = options.rollup;
    this.#events = new Emitter((error) =>
      options.logger.error({ error: messageOf(error) }, "a node listener failed"),
    );
    this.#checkpoints = this.#emptyCheckpoints();
    this.#chain = this.#restored() ?? new ChainState(options.rollup.parameters);
  }

  get parameters(): RollupParameters {
    return this.rollup.parameters;
  }

  /** The chains at the last sync. */
  get chain(): ChainState {
    return this.#chain;
  }

  /** L1 block up to which events are applied. */
  get syncedTo(): number {
    return this.#checkpoints.last?.number ?? this.parameters.startBlock - 1;
  }

  /** Calls `listener` with every event; the result removes it. */
  on(listener: (event: NodeEvent) => void): () => void {
    return this.#events.on(listener);
  }

  /**
   * Applies everything up to L1's present head. Where L1's server is a block or two behind the last sync, that stands.
   * @throws ActorError BLOB_NOT_FOUND, BLOB_SOURCE_FAILED, BLOB_SOURCE_LIED when a blob cannot be had; what was applied
   * before stays, and the next call goes on from there; L1_EVENT_UNEXPECTED when events are missing again and again;
   * L1_BEHIND when L1's server knows less than the store
   */
  sync(signal?: AbortSignal): Promise<L1Head> {
    return this.#order.run(() => this.#sync(signal));
  }

  /** Ends the use of the store. */
  async close(): Promise<void> {
    await this.#order.run(() => Promise.resolve(this.#options.store?.close()));
  }

  async #sync(signal: AbortSignal | undefined): Promise<L1Head> {
    const { provider, logger, range = 2_000 } = this.#options;
    let restarts = 0;
    for (;;) {
      const head = await readHead(provider);
      if (!head) throw new ActorError("STATE_UNAVAILABLE", "L1 has no block", "check the RPC address");
      if (!(await this.#undoReorg(head))) return this.#synced ?? head;
      while (this.syncedTo < head.number) {
        signal?.throwIfAborted();
        const from = this.syncedTo + 1;
        const to = Math.min(head.number, from + range - 1);
        try {
          await this.#applyRange({ from, to, head, signal });
        } catch (error) {
          if (error instanceof ContentDoubt) {
            this.#distrust(error);
            continue;
          }
          // A block replaced while it was read: walk back and read again.
          if (isActorError(error, "L1_EVENT_UNEXPECTED")) {
            logger.warn({ from, to, error: messageOf(error) }, "L1 changed while it was read");
            if (!(await this.#isCanonical(head))) break;
          }
          // Some earlier answer was incomplete, and what was applied since, on disk too, may lack events.
          if (error instanceof EventGap && restarts < MAX_RESTARTS) {
            this.#readAgain(error, { deep: restarts++ > 0 });
            continue;
          }
          throw error;
        }
      }
      if (this.syncedTo >= head.number) {
        this.#synced = head;
        this.#events.emit({ type: "synced", head });
        return head;
      }
    }
  }

  async #applyRange({
    from,
    to,
    head,
    signal,
  }: {
    from: number;
    to: number;
    head: L1Head;
    signal: AbortSignal | undefined;
  }): Promise<void> {
    const headers = new Map<number, L1Head>([[head.number, head]]);
    const readBlock = async (number: number): Promise<L1Head> => {
      const known = headers.get(number) ?? (await readHead(this.#options.provider, number));
      if (!known) throw new ActorError("L1_EVENT_UNEXPECTED", `L1 block ${number} is gone`, "read it again");
      headers.set(number, known);
      return known;
    };
    const events = await this.rollup.events({ from, to, head: head.number, readBlock });
    const trusted = new Set([...provenLater(events)].filter(({ number }) => number > this.#checkedUpTo));
    const proposals = events.filter((event) => event.type === "proposed");
    const fetch = fetchAhead(proposals, (event) => this.#fetchBlob(event, trusted.has(event), signal));
    for (const group of byBlock(events)) {
      signal?.throwIfAborted();
      await this.#applyBlock(group, { trusted, fetch });
    }
    const last = await readBlock(to);
    this.#checkpoints.push({ number: last.number, hash: last.hash, undo: [], changes: [] });
    this.#store();
  }

  /** All events of one L1 block, or none: the blobs are fetched first. */
  async #applyBlock(
    events: RollupEvent[],
    { trusted, fetch }: { trusted: ReadonlySet<RollupEvent>; fetch: BlobFetch },
  ): Promise<void> {
    const { block } = events[0]!.at;
    const blobs = new Map<RollupEvent, Uint8Array>();
    for (const event of events) if (event.type === "proposed") blobs.set(event, await fetch(event));
    const undo: Undo[] = [];
    const news: NodeEvent[] = [];
    const changes: StoreChange[] = [];
    try {
      for (const event of events) {
        const blob = blobs.get(event);
        undo.push(this.#apply(event, { blob, trusted: trusted.has(event), news, changes }));
      }
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
    this.#checkpoints.push({ number: block.number, hash: block.hash, undo, changes });
    for (const event of news) this.#events.emit(event);
  }

  #apply(
    event: RollupEvent,
    {
      blob,
      trusted,
      news,
      changes,
    }: { blob: Uint8Array | undefined; trusted: boolean; news: NodeEvent[]; changes: StoreChange[] },
  ): Undo {
    switch (event.type) {
      case "messageSent": {
        const { index: number, message, rollingHash } = event;
        changes.push({ type: "message", number, message, rollingHash });
        return this.#chain.addMessage(event);
      }
      case "proposed": {
        const block = this.#execute(event, blob!, trusted);
        const valid = block.status === "valid";
        changes.push({ type: "block", event, valid, blob: withoutTail(blob!) });
        news.push(
          valid
            ? { type: "block", block }
            : { type: "invalidBlock", number: block.number, proposer: block.proposer, fault: block.fault },
        );
        return this.#chain.addBlock(block);
      }
      case "pruned": {
        const { proven, pending } = event;
        const { dropped, undo } = this.#chain.prune(event);
        changes.push({ type: "pruned", proven });
        news.push({ type: "pruned", proven, pending, dropped });
        return undo;
      }
      case "rolledBack": {
        const { last, pending } = event;
        const { dropped, undo } = this.#chain.rollBack(event);
        changes.push({ type: "rolledBack", last });
        news.push({ type: "rolledBack", last, pending, dropped });
        return undo;
      }
      case "epochProven": {
        const { epoch, number, prover } = event;
        this.#compareWithdrawals(event);
        const accounts = changedAccounts({ chain: this.#chain, upTo: number });
        const { proven, undo } = this.#chain.prove(event);
        changes.push({ type: "proven", epoch: proven, accounts });
        news.push({ type: "epochProven", epoch, number, prover });
        this.#chain.trim({ keep: KEPT_BLOCKS });
        return undo;
      }
    }
  }

  /** @throws ContentDoubt when a block executed on trust does not lead to what its header claims */
  #execute(event: ProposedEvent, blob: Uint8Array, trusted: boolean): NodeBlock {
    const { logger } = this.#options;
    const block = announcedBlock({
      event,
      parent: this.#chain.record(event.number - 1) ?? this.#chain.genesis.record,
      parameters: this.parameters,
    });
    const parent = this.#chain.point(event.number - 1);
    if (!parent) return { ...block, status: "invalid", fault: undefined };

    const verifySignature = trusted ? () => true : this.#options.verifySignature;
    const verification = verifyBlock({
      block,
      parent: parent.record,
      state: parent.state,
      blob,
      inbox: this.#chain.messages.slice(
        parent.record.messageCount,
        parent.record.messageCount + block.claims.messages,
      ),
      parameters: this.parameters,
      ...(verifySignature ? { verifySignature } : {}),
    });
    if (!verification.valid) {
      if (trusted) throw new ContentDoubt({ first: event.number, last: event.number });
      logger.error(
        { number: block.number, proposer: block.proposer, ...verification.fault },
        "invalid block, not followed",
      );
      return { ...block, status: "invalid", fault: verification.fault };
    }
    const { data, messages, result } = verification;
    if (data.hasRubbish)
      logger.warn({ number: block.number }, "the blob has data behind its last transaction");
    return { ...block, status: "valid", data, messages, result, state: result.state };
  }

  /** @throws ContentDoubt when the messages to L1 are not those that L1 has, and some blocks were taken on trust */
  #compareWithdrawals({ number, outboxWord }: EpochProvenEvent): void {
    const words = this.#chain.withdrawalsUpTo(number)?.map(encodeWithdrawal);
    if (words && merkleCommitment(words) >> 32n === outboxWord >> 32n) return;
    if (number > this.#checkedUpTo) throw new ContentDoubt({ first: this.#chain.proven + 1, last: number });
    this.#options.logger.error({ number }, "L1 accepted a proof of what the blobs do not yield");
  }

  /** Goes back before the blocks in doubt; they get every check the next time. */
  #distrust({ first, last }: ContentDoubt): void {
    const { logger } = this.#options;
    logger.warn({ first, last }, "proven blocks do not lead where L1 says; executing them with every check");
    this.#checkedUpTo = last;
    const from = this.syncedTo;
    const before = this.#unproven();
    while (this.#checkpoints.last && this.#chain.pending >= first) this.#undoLast();
    if (this.#chain.pending >= first) this.#startAgain(`blocks from ${first} on are in doubt`);
    this.#events.emit({ type: "reorg", from, to: this.syncedTo, undone: this.#undoneOf(before) });
  }

  /** Goes back as far as can be undone, for events that were left out lately; or, `deep`, to the start, the store too. */
  #readAgain({ message: reason }: EventGap, { deep }: { deep: boolean }): void {
    const from = this.syncedTo;
    const before = this.#unproven();
    const bottom = this.#checkpoints.forgot ? 1 : 0;
    if (deep) this.#startAgain(reason);
    else while (this.#checkpoints.size > bottom) this.#undoLast();
    this.#options.logger.warn({ from, to: this.syncedTo, reason }, "L1 left out events; reading them again");
    this.#events.emit({ type: "reorg", from, to: this.syncedTo, undone: this.#undoneOf(before) });
  }

  async #fetchBlob(
    { versionedHash, at }: ProposedEvent,
    unchecked: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array> {
    const { blobs } = this.#options;
    const [blob] = await blobs.getBlobs({
      block: at.block,
      versionedHashes: [versionedHash],
      unchecked,
      signal,
    });
    if (blob?.length === BLOB_BYTES && (unchecked || blobs.checks || isBlobOf(blob, versionedHash)))
      return blob;
    throw new ActorError(
      "BLOB_SOURCE_LIED",
      `the blob source gave another blob than ${versionedHash}`,
      "use another source",
    );
  }

  /** What no L1 reorg can take back any more goes to disk, at once. */
  #store(): void {
    const taken = this.#checkpoints.takeDeep();
    const deep = taken.filter(({ changes }) => changes.length > 0);
    const last = deep.at(-1);
    if (!last) return;
    const changes = deep.flatMap((checkpoint) => checkpoint.changes);
    try {
      this.#options.store?.commit(changes, { number: last.number, hash: last.hash });
    } catch (error) {
      this.#checkpoints.putBack(taken);
      throw error;
    }
  }

  /** The chain that the store holds; undefined for an empty store, and for one whose content does not hold. */
  #restored(): ChainState | undefined {
    const { store, verifySignature } = this.#options;
    if (!store) return undefined;
    try {
      const stored = store.read();
      if (!stored) return undefined;
      const chain = restoreChain({ stored, parameters: this.parameters, verifySignature });
      this.#checkpoints.startAt(stored.l1);
      return chain;
    } catch (error) {
      if (isActorError(error, "STORE_UNWRITABLE")) throw error;
      store.reset(error);
      return undefined;
    }
  }

  /**
   * Walks back to the newest L1 block that is still canonical. False when there is nothing to do at all: the server is a
   * block or two behind what another one behind its address has shown.
   * @throws ActorError L1_BEHIND when L1's server knows no block as new as what cannot be undone: then it is behind, and
   * nothing is given up for it
   */
  async #undoReorg(head: L1Head): Promise<boolean> {
    const from = this.syncedTo;
    const { provider, logger } = this.#options;
    const { steps, stands, replaced } = await this.#checkpoints.stepsBack(head, (number) =>
      readHead(provider, number),
    );
    if (steps === 0) return true;
    if (!replaced && from <= head.number + LAG) return false;
    const startAgain = !stands && this.#checkpoints.forgot;
    if (startAgain && !replaced) throw behind(head, from);
    const before = this.#unproven();
    for (let i = 0; i < steps; i++) this.#undoLast();
    if (startAgain) this.#startAgain("an L1 reorg deeper than what can be undone");
    logger.warn({ from, to: this.syncedTo }, "L1 reorg");
    this.#events.emit({ type: "reorg", from, to: this.syncedTo, undone: this.#undoneOf(before) });
    return true;
  }

  #unproven(): NodeBlock[] {
    const { proven, pending } = this.#chain;
    return Array.from({ length: pending - proven }, (_, i) => this.#chain.block(proven + 1 + i)!);
  }

  /** Those of some blocks that are no longer in the chain. */
  #undoneOf(blocks: readonly NodeBlock[]): NodeBlock[] {
    return blocks.filter(
      ({ number, record }) => this.#chain.block(number)?.record.chainHash !== record.chainHash,
    );
  }

  #undoLast(): void {
    for (const step of this.#checkpoints.pop()!.undo.toReversed()) step();
  }

  #startAgain(reason: string): void {
    const { store, logger } = this.#options;
    if (store) store.reset(reason);
    else logger.warn({ reason }, "syncing from L1 again");
    this.#chain = new ChainState(this.parameters);
    this.#checkpoints = this.#emptyCheckpoints();
  }

  async #isCanonical({ number, hash }: L1Head): Promise<boolean> {
    return (await readHead(this.#options.provider, number))?.hash === hash;
  }

  #emptyCheckpoints(): Checkpoints {
    return new Checkpoints({ depth: this.#options.reorgDepth ?? 64 });
  }
}

function behind({ number }: L1Head, syncedTo: number): ActorError {
  return new ActorError(
    "L1_BEHIND",
    `L1's server is at block ${number}, and this node has read up to ${syncedTo}`,
    "wait until it has caught up; for an L1 that was started anew, move the data folder away",
  );
}

function byBlock(events: RollupEvent[]): RollupEvent[][] {
  const groups = new Map<number, RollupEvent[]>();
  for (const event of events) {
    const { number } = event.at.block;
    groups.set(number, [...(groups.get(number) ?? []), event]);
  }
  return [...groups.values()];
}

/**
 * A node: follows a rollup from L1 alone, events and blobs. It executes every block and compares every claim of its
 * header; a block that lies is reported and never followed, nor is one that stands on it.
 *
 * Guarantees: after `sync` resolves, the state is that of the L1 head it returned; an L1 reorg within the depth kept
 * is undone step by step, a deeper one by a sync from the start; a blob source cannot make the node accept anything,
 * it can only delay it.
 */
import type { JsonRpcProvider } from "ethers";

import type { SignatureClaim } from "../../protocol/schnorr.ts";
import { commitmentOf, versionedHashOf } from "../l1/blobSidecar.ts";
import type { BlobSource } from "../l1/blobSource.ts";
import { BlobStore } from "../l1/blobStore.ts";
import { type L1Head, readHead } from "../l1/provider.ts";
import type { ProposedEvent, RollupContract, RollupEvent, RollupParameters } from "../l1/rollupContract.ts";
import { ActorError, isActorError, messageOf } from "../support/actorError.ts";
import { Emitter } from "../support/emitter.ts";
import type { Logger } from "../support/logger.ts";
import { Mutex } from "../support/mutex.ts";
import { ChainState, type Undo } from "./chainState.ts";
import { type Checkpoint, Checkpoints } from "./checkpoints.ts";
import type { BlockFault, NodeBlock, ValidBlock } from "./nodeBlock.ts";
import { announcedBlock, verifyBlock } from "./verifyBlock.ts";

/** What happened, as a node tells it. */
export type NodeEvent =
  | { type: "block"; block: ValidBlock }
  | { type: "invalidBlock"; number: number; proposer: string; fault: BlockFault | undefined }
  | { type: "epochProven"; epoch: number; number: number; prover: string }
  | { type: "pruned"; proven: number; pending: number; dropped: readonly NodeBlock[] }
  | { type: "reorg"; from: number; to: number }
  | { type: "synced"; head: L1Head };

/** Parameters of {@link Node}. */
export interface NodeOptions {
  provider: JsonRpcProvider;
  rollup: RollupContract;
  blobs: BlobSource;
  logger: Logger;
  /** L1 blocks asked for at once. Default 2,000. */
  range?: number;
  /** L1 blocks whose events can be undone one by one. Default 256. */
  reorgDepth?: number;
  verifySignature?: (claim: SignatureClaim) => boolean;
}

/** Blocks behind the proven tip whose execution is kept, for provers that an L1 reorg sends back. */
const KEPT_RESULTS = 256;

export class Node {
  readonly rollup: RollupContract;
  readonly #options: NodeOptions;
  readonly #order = new Mutex();
  readonly #events: Emitter<NodeEvent>;
  #chain: ChainState;
  #checkpoints: Checkpoints;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.rollup = options.rollup;
    this.#events = new Emitter((error) =>
      options.logger.error({ error: messageOf(error) }, "a node listener failed"),
    );
    this.#chain = new ChainState(options.rollup.parameters);
    this.#checkpoints = this.#emptyCheckpoints();
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
   * Applies everything up to L1's present head.
   * @throws ActorError BLOB_NOT_FOUND, BLOB_SOURCE_FAILED, BLOB_SOURCE_LIED when a blob cannot be had; what was applied
   * before stays, and the next call goes on from there
   */
  sync(signal?: AbortSignal): Promise<L1Head> {
    return this.#order.run(() => this.#sync(signal));
  }

  async #sync(signal: AbortSignal | undefined): Promise<L1Head> {
    const { provider, logger, range = 2_000 } = this.#options;
    for (;;) {
      const head = await readHead(provider);
      if (!head) throw new ActorError("STATE_UNAVAILABLE", "L1 has no block", "check the RPC address");
      await this.#undoReorg(head);
      while (this.syncedTo < head.number) {
        signal?.throwIfAborted();
        const from = this.syncedTo + 1;
        const to = Math.min(head.number, from + range - 1);
        try {
          await this.#applyRange({ from, to, head, signal });
        } catch (error) {
          // A block replaced while it was read: walk back and read again.
          if (isActorError(error, "L1_EVENT_UNEXPECTED")) {
            logger.warn({ from, to, error: messageOf(error) }, "L1 changed while it was read");
            if (!(await this.#isCanonical(head))) break;
          }
          throw error;
        }
      }
      if (this.syncedTo >= head.number) {
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
    const events = await this.rollup.events({ from, to, readBlock });
    for (const group of byBlock(events)) await this.#applyBlock(group, signal);
    const last = await readBlock(to);
    this.#checkpoints.push({ number: last.number, hash: last.hash, undo: [] });
  }

  /** All events of one L1 block, or none: the blobs are fetched first. */
  async #applyBlock(events: RollupEvent[], signal: AbortSignal | undefined): Promise<void> {
    const { block } = events[0]!.at;
    const blobs = new Map<RollupEvent, Uint8Array>();
    for (const event of events) {
      if (event.type === "proposed") blobs.set(event, await this.#fetchBlob(event, signal));
    }
    const undo: Undo[] = [];
    const news: NodeEvent[] = [];
    try {
      for (const event of events) undo.push(this.#apply(event, blobs.get(event), news));
    } catch (error) {
      for (const step of undo.reverse()) step();
      throw error;
    }
    this.#checkpoints.push({ number: block.number, hash: block.hash, undo });
    for (const event of news) this.#events.emit(event);
  }

  #apply(event: RollupEvent, blob: Uint8Array | undefined, news: NodeEvent[]): Undo {
    switch (event.type) {
      case "messageSent":
        return this.#chain.addMessage(event);
      case "proposed": {
        const block = this.#execute(event, blob!);
        news.push(
          block.status === "valid"
            ? { type: "block", block }
            : { type: "invalidBlock", number: block.number, proposer: block.proposer, fault: block.fault },
        );
        return this.#chain.addBlock(block);
      }
      case "pruned": {
        const { proven, pending } = event;
        const { dropped, undo } = this.#chain.prune(event);
        news.push({ type: "pruned", proven, pending, dropped });
        return undo;
      }
      case "epochProven": {
        news.push({ type: "epochProven", epoch: event.epoch, number: event.number, prover: event.prover });
        const undo = this.#chain.prove(event);
        this.#chain.trim({ keep: KEPT_RESULTS });
        return undo;
      }
    }
  }

  #execute(event: ProposedEvent, blob: Uint8Array): NodeBlock {
    const { logger, verifySignature } = this.#options;
    const { parameters } = this;
    const before = this.#chain.block(event.number - 1);
    const parentRecord = before?.record ?? this.#chain.genesis.record;
    const block = announcedBlock({ event, parent: parentRecord, parameters });
    const parent = this.#chain.point(event.number - 1);
    if (!parent) return { ...block, status: "invalid", fault: undefined };

    const verification = verifyBlock({
      block,
      parent: parent.record,
      state: parent.state,
      blob,
      inbox: this.#chain.messages.slice(parent.record.messageCount),
      parameters,
      ...(verifySignature ? { verifySignature } : {}),
    });
    if (!verification.valid) {
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

  async #fetchBlob(event: ProposedEvent, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const { blobs } = this.#options;
    const { versionedHash, at } = event;
    const [blob] = await blobs.getBlobs({ block: at.block, versionedHashes: [versionedHash], signal });
    if (!blob || versionedHashOf(commitmentOf(blob)) !== versionedHash.toLowerCase()) {
      throw new ActorError(
        "BLOB_SOURCE_LIED",
        `the blob source gave another blob than ${versionedHash}`,
        "use another source",
      );
    }
    if (blobs instanceof BlobStore) blobs.keep(versionedHash, blob);
    return blob;
  }

  /** Walks back to the newest L1 block that is still canonical. */
  async #undoReorg(head: L1Head): Promise<void> {
    const from = this.syncedTo;
    let undone = false;
    for (let last = this.#checkpoints.last; last; last = this.#checkpoints.last) {
      if (last.number <= head.number && (await this.#isCanonical(last))) break;
      this.#checkpoints.pop();
      for (const step of last.undo.toReversed()) step();
      undone = true;
    }
    if (!undone) return;
    if (!this.#checkpoints.last && this.#checkpoints.forgot) {
      this.#options.logger.warn({ from }, "an L1 reorg deeper than what is kept; syncing from the start");
      this.#chain = new ChainState(this.parameters);
      this.#checkpoints = this.#emptyCheckpoints();
    }
    this.#options.logger.warn({ from, to: this.syncedTo }, "L1 reorg");
    this.#events.emit({ type: "reorg", from, to: this.syncedTo });
  }

  async #isCanonical({ number, hash }: Pick<Checkpoint, "number" | "hash">): Promise<boolean> {
    return (await readHead(this.#options.provider, number))?.hash === hash;
  }

  #emptyCheckpoints(): Checkpoints {
    return new Checkpoints({ depth: this.#options.reorgDepth ?? 256 });
  }
}

function byBlock(events: RollupEvent[]): RollupEvent[][] {
  const groups = new Map<number, RollupEvent[]>();
  for (const event of events) {
    const { number } = event.at.block;
    groups.set(number, [...(groups.get(number) ?? []), event]);
  }
  return [...groups.values()];
}

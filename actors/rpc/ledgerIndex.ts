/**
 * Finds transactions by id and accounts by key. Follows a node's chain by comparing chain hashes, so prunes and L1
 * reorgs need no care: what is no longer in the chain is taken back before anything is answered.
 */
import { toHex } from "../../protocol/bytes.ts";
import { keccakWords } from "../../protocol/hash.ts";
import type { SlotOutcome } from "../../protocol/ledger.ts";
import { isDeposit } from "../../protocol/message.ts";
import type { ChainState } from "../node/chainState.ts";
import type { NodeBlock, ValidBlock } from "../node/nodeBlock.ts";

/** Where a transaction stands, and what became of it. */
export interface TransactionPlace {
  block: number;
  outcome: Exclude<SlotOutcome, { type: "inactive" }>;
}

interface IndexedBlock {
  number: number;
  chainHash: bigint;
  ids: readonly string[];
}

/** Blocks whose transactions are found by id; older ones are forgotten, so that memory stays bounded. */
const DEFAULT_DEPTH = 4_096;

/** Follows one chain; see the head of the file. */
export class LedgerIndex {
  readonly #depth: number;
  readonly #blocks: IndexedBlock[] = [];
  readonly #places = new Map<string, TransactionPlace[]>();
  /** Leaves that had a key when last looked at, by key. */
  readonly #leaves = new Map<string, Set<number>>();
  #chain: ChainState | undefined;

  constructor({ depth = DEFAULT_DEPTH }: { depth?: number } = {}) {
    this.#depth = depth;
  }

  /** Brings the index to the chain's present state. Costs nothing when nothing changed. */
  refresh(chain: ChainState): void {
    if (this.#chain !== chain) this.#reset(chain);
    for (let last = this.#blocks.at(-1); last; last = this.#blocks.at(-1)) {
      if (chain.block(last.number)?.record.chainHash === last.chainHash) break;
      this.#pop();
    }
    const from = this.#blocks.at(-1)?.number ?? Math.max(0, chain.pending - this.#depth);
    for (let number = from + 1; number <= chain.pending; number++) this.#push(chain.block(number));
    while (this.#blocks.length > this.#depth) this.#forget(this.#blocks.shift()!);
  }

  /** Where a transaction was executed; otherwise where it was last skipped. */
  place(id: string): TransactionPlace | undefined {
    const places = this.#places.get(id) ?? [];
    return places.find(({ outcome }) => outcome.type === "applied") ?? places.at(-1);
  }

  /** Leaves that may have a key, lowest first; the caller compares with the state. */
  leaves(key: { x: bigint; y: bigint }): number[] {
    return [...(this.#leaves.get(nameOf(key)) ?? [])].sort((a, b) => a - b);
  }

  #reset(chain: ChainState): void {
    this.#chain = chain;
    this.#blocks.length = 0;
    this.#places.clear();
    this.#leaves.clear();
    for (const [leaf, { key }] of chain.tip.state.accounts()) this.#addLeaf(key, leaf);
  }

  #push(block: NodeBlock | undefined): void {
    if (!block) return;
    const ids: string[] = [];
    if (block.status === "valid") {
      this.#addLeaves(block);
      for (const [slot, words] of block.data.slots.slice(0, block.data.count).entries()) {
        const step = block.result?.slots[slot];
        // A forced transaction runs in place of the blob's.
        if (!step || step.forced || step.outcome.type === "inactive") continue;
        const id = toHex(keccakWords(words));
        this.#places.set(id, [
          ...(this.#places.get(id) ?? []),
          { block: block.number, outcome: step.outcome },
        ]);
        ids.push(id);
      }
    }
    this.#blocks.push({ number: block.number, chainHash: block.record.chainHash, ids });
  }

  /** Only deposits that the ledger took: anybody may send one with another's key. */
  #addLeaves({ messages, state }: ValidBlock): void {
    for (const message of messages) {
      if (!isDeposit(message)) continue;
      const { key } = state.get(message.index);
      if (key.x === message.keyX) this.#addLeaf(key, message.index);
    }
  }

  #addLeaf(key: { x: bigint; y: bigint }, leaf: number): void {
    const name = nameOf(key);
    this.#leaves.set(name, (this.#leaves.get(name) ?? new Set()).add(leaf));
  }

  #pop(): void {
    this.#forget(this.#blocks.pop()!);
  }

  #forget({ number, ids }: IndexedBlock): void {
    for (const id of ids) {
      const rest = (this.#places.get(id) ?? []).filter(({ block }) => block !== number);
      if (rest.length > 0) this.#places.set(id, rest);
      else this.#places.delete(id);
    }
  }
}

function nameOf({ x, y }: { x: bigint; y: bigint }): string {
  return `${x.toString(16)}:${y.toString(16)}`;
}

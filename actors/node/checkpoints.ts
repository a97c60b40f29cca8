import type { Undo } from "./chainState.ts";
import type { L1Point, StoreChange } from "./nodeStore.ts";

/** An L1 block whose events are applied. */
export interface Checkpoint extends L1Point {
  /** What takes the block's events back, in the order in which they were applied. */
  undo: Undo[];
  /** What they change on disk. */
  changes: StoreChange[];
}

/** The L1 blocks that can be taken back, oldest first; those deeper than `depth` are handed out and forgotten. */
export class Checkpoints {
  readonly #depth: number;
  readonly #list: Checkpoint[] = [];
  #forgot = false;

  constructor({ depth }: { depth: number }) {
    this.#depth = depth;
  }

  get last(): Checkpoint | undefined {
    return this.#list.at(-1);
  }

  get size(): number {
    return this.#list.length;
  }

  /**
   * How many of the newest L1 does not have, whether it has the one behind them, and whether it has others in their place:
   * without any, its server may just be behind.
   */
  async stepsBack(
    head: L1Point,
    read: (number: number) => Promise<L1Point | undefined>,
  ): Promise<{ steps: number; stands: boolean; replaced: boolean }> {
    let steps = 0;
    let replaced = false;
    for (const { number, hash } of this.#list.toReversed()) {
      const there = number <= head.number ? await read(number) : undefined;
      if (there?.hash === hash) return { steps, stands: true, replaced };
      replaced ||= there !== undefined;
      steps++;
    }
    return { steps, stands: false, replaced };
  }

  /** True when some were forgotten: then an empty list does not mean the start. */
  get forgot(): boolean {
    return this.#forgot;
  }

  /** Begins at an L1 block that cannot be taken back. */
  startAt(point: L1Point): void {
    this.#list.push({ ...point, undo: [], changes: [] });
    this.#forgot = true;
  }

  /** Adds a block. A second entry for the last one joins it. */
  push(checkpoint: Checkpoint): void {
    const last = this.last;
    if (last?.hash !== checkpoint.hash) {
      this.#list.push(checkpoint);
      return;
    }
    last.undo.push(...checkpoint.undo);
    last.changes.push(...checkpoint.changes);
  }

  /** Removes those that are too deep to be taken back; the newest always stays. */
  takeDeep(): Checkpoint[] {
    const bottom = (this.last?.number ?? 0) - this.#depth;
    const kept = this.#list.findIndex(({ number }, i) => number >= bottom || i === this.#list.length - 1);
    const deep = this.#list.splice(0, Math.max(0, kept));
    if (deep.length > 0) this.#forgot = true;
    return deep;
  }

  /** Takes back what was handed out last, because it could not be used. */
  putBack(deep: readonly Checkpoint[]): void {
    this.#list.unshift(...deep);
  }

  pop(): Checkpoint | undefined {
    return this.#list.pop();
  }
}

import type { Undo } from "./chainState.ts";

/** An L1 block whose events are applied. */
export interface Checkpoint {
  number: number;
  hash: string;
  /** What takes the block's events back, in the order in which they were applied. */
  undo: Undo[];
}

/** The L1 blocks that can be taken back, oldest first; those deeper than `depth` are forgotten. */
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

  /** True when some were forgotten: then an empty list does not mean the start. */
  get forgot(): boolean {
    return this.#forgot;
  }

  /** Adds a block. A second entry for the last one joins it. */
  push(checkpoint: Checkpoint): void {
    const last = this.last;
    if (last?.hash === checkpoint.hash) {
      last.undo.push(...checkpoint.undo);
      return;
    }
    this.#list.push(checkpoint);
    while (this.#list[0]!.number < checkpoint.number - this.#depth && this.#list.length > 1) {
      this.#list.shift();
      this.#forgot = true;
    }
  }

  pop(): Checkpoint | undefined {
    return this.#list.pop();
  }
}

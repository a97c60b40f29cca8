import { type Epoch, type Timestamp, lastSlot, slotEnd } from "../../protocol/time.ts";
import type { ValidBlock } from "../node/nodeBlock.ts";
import type { ChainPoint, ChainState } from "../node/chainState.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";
import type { BlockRecord } from "../../protocol/record.ts";

/** An epoch that can be proven: no further block can join it. */
export interface EpochWork {
  epoch: Epoch;
  /** What it starts from. */
  start: ChainPoint;
  /** Its blocks, at least one. */
  blocks: readonly ValidBlock[];
  /** Record of the first block after it, when there is one. */
  next: BlockRecord | undefined;
}

/**
 * The complete unproven epochs, oldest first, up to the first that cannot be proven.
 * @param time when the proof would reach L1: an epoch is also complete when its last slot is over then
 */
export function completeEpochs({
  chain,
  parameters,
  time,
}: {
  chain: ChainState;
  parameters: RollupParameters;
  time: Timestamp;
}): EpochWork[] {
  const { clock } = parameters;
  const works: EpochWork[] = [];
  let first = chain.proven + 1;
  while (first <= chain.pending) {
    const start = chain.point(first - 1);
    const blocks: ValidBlock[] = [];
    const { epoch } = chain.block(first)!;
    for (let number = first; chain.block(number)?.epoch === epoch; number++) {
      const block = chain.block(number)!;
      if (block.status !== "valid") return works;
      blocks.push(block);
    }
    const end = blocks.at(-1)!;
    const next = chain.block(end.number + 1)?.record;
    const last = lastSlot(clock, epoch as Epoch);
    const complete = next !== undefined || end.claims.slot === last || time >= slotEnd(clock, last);
    if (!complete || !start) return works;
    works.push({ epoch: epoch as Epoch, start, blocks, next });
    first = end.number + 1;
  }
  return works;
}

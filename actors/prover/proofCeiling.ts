/** What a prover pays L1 at the most: little while there is time, much when a deadline is near. */
import { type Clock, type Epoch, epochEnd, proofDeadline } from "../../protocol/time.ts";
import { type FeeCeiling, risingCeiling } from "../l1/fees.ts";

/** Ceilings at the end of an epoch, and when its proof is due. */
export interface CeilingRange {
  start: FeeCeiling;
  end: FeeCeiling;
}

const GWEI = 1_000_000_000n;

/**
 * Unless the operator says otherwise. An epoch proof takes 1.2M gas or less: 0.07 ether at the first of these ceilings,
 * 1.2 ether at the last, when the alternative is that all unproven blocks are pruned.
 */
export const DEFAULT_PROOF_CEILING: CeilingRange = {
  start: { maxFeePerGas: 60n * GWEI, maxFeePerBlobGas: 60n * GWEI },
  end: { maxFeePerGas: 1_000n * GWEI, maxFeePerBlobGas: 1_000n * GWEI },
};

/** L1 blocks before the due time at which the ceiling has reached its end: room for a bump or two. */
const BLOCKS_TO_SPARE = 6;

/** The ceiling for an epoch's proof at a time. */
export function proofCeiling({
  range: { start, end },
  clock,
  epoch,
  dueBy = proofDeadline(clock, epoch),
  l1BlockTime,
  time,
}: {
  range: CeilingRange;
  clock: Clock;
  epoch: Epoch;
  /** First second at which the proof would be late, since 1970. Default: the proof deadline. */
  dueBy?: number | undefined;
  l1BlockTime: number;
  /** Seconds since 1970. */
  time: number;
}): FeeCeiling {
  const from = epochEnd(clock, epoch);
  const spare = Math.min(BLOCKS_TO_SPARE * l1BlockTime, Math.max(0, dueBy - from) / 2);
  return risingCeiling({ start, end, from, until: Math.floor(dueBy - spare), time });
}

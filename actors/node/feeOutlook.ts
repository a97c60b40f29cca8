import type { FeeOutlook } from "../../protocol/feeEstimator.ts";
import type { L1Fees } from "../../protocol/fees.ts";
import type { BlockRecord } from "../../protocol/record.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";
import { nextSlot } from "./nextPrices.ts";

/** Seconds. A local chain may be faster; its fees do not move. */
const L1_BLOCK_TIME = 12;

/** Parameters of {@link feeOutlook}. */
export interface FeeOutlookParameters {
  parameters: Pick<RollupParameters, "fees" | "limits" | "clock">;
  /** Of the newest block. */
  record: BlockRecord;
  /** L1's fees now. Default: the newest that the record knows of. */
  l1Fees?: L1Fees | undefined;
  /** Seconds. Default: this machine's clock. */
  now?: number;
}

/** Where a fee estimate on top of a record starts from. */
export function feeOutlook({ parameters, record, l1Fees, now }: FeeOutlookParameters): FeeOutlook {
  const { fees, limits, clock } = parameters;
  return {
    config: fees,
    limits: { l2: limits.gasL2, da: limits.gasDa },
    maxModifier: limits.modifier,
    parent: record,
    slot: nextSlot(clock, record, now),
    l1Fees: l1Fees ?? { base: record.oracle.postBase, blob: record.oracle.postBlob },
    l1BlocksPerSlot: Math.ceil(clock.slotDuration / L1_BLOCK_TIME),
  };
}

import { pricesAt } from "../../protocol/fees.ts";
import type { GasPrices } from "../../protocol/gas.ts";
import type { BlockRecord } from "../../protocol/record.ts";
import { type Clock, slotAt, toTimestamp } from "../../protocol/time.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";

/** First slot that a block on top of a record can have, and not before the present one. */
export function nextSlot(clock: Clock, record: BlockRecord, now = Date.now() / 1_000): number {
  const present = now < clock.genesisTime ? 0 : slotAt(clock, toTimestamp(Math.floor(now)));
  return Math.max(record.slot + 1, present);
}

/** Prices of the next block on top of a record, as far as the clock of this machine tells its slot. */
export function nextPrices(
  { fees, clock }: Pick<RollupParameters, "fees" | "clock">,
  record: BlockRecord,
  now?: number,
): GasPrices {
  return pricesAt({ config: fees, parent: record, slot: nextSlot(clock, record, now) });
}

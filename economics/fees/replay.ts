/** Runs the fee model of `protocol/` slot by slot against a demand and L1's fees. Seeded demands make it repeatable. */
import {
  advanceFees,
  feeParts,
  modifierTowards,
  pricesOf,
  type FeeConfig,
  type FeeParts,
  type FeeState,
  type L1Fees,
} from "../../protocol/fees.ts";
import type { Gas, GasPrices } from "../../protocol/gas.ts";

/** What a block of a slot would be asked to take in; undefined for a slot without a block. */
export type Demand = (slot: number, prices: GasPrices) => Gas | undefined;

/** Parameters of {@link replayFees}. */
export interface FeeReplay {
  readonly config: FeeConfig;
  readonly limits: Gas;
  readonly genesis: FeeState;
  readonly maxModifier: number;
  readonly slots: number;
  readonly demand: Demand;
  /** L1's fees when the block of a slot is accepted. */
  readonly l1Fees: (slot: number) => L1Fees;
  /** Market's exchange rate in the record's unit; the proposers follow it as fast as they may. Default: at rest. */
  readonly market?: (slot: number) => bigint;
}

/** One slot. */
export interface FeeRow {
  readonly slot: number;
  /** What the slot's block has to charge, also when there is none. */
  readonly prices: GasPrices;
  readonly parts: FeeParts;
  /** Zero for a slot without a block. */
  readonly gas: Gas;
  readonly l1Fees: L1Fees;
  /** Fee state that the slot's block was built on. */
  readonly parent: FeeState;
}

export function replayFees(replay: FeeReplay): FeeRow[] {
  const { config, limits, maxModifier, slots, demand, market } = replay;
  const rows: FeeRow[] = [];
  let parent = replay.genesis;
  for (let slot = parent.slot + 1; slot <= slots; slot++) {
    const parts = feeParts({ config, parent, slot });
    const prices = pricesOf(parts);
    const l1Fees = replay.l1Fees(slot);
    const wanted = demand(slot, prices);
    const gas = wanted ? { l2: least(wanted.l2, limits.l2), da: least(wanted.da, limits.da) } : NONE;
    rows.push({ slot, prices, parts, gas, l1Fees, parent });
    if (!wanted) continue;
    const { price } = parent.oracle;
    const modifier = market ? modifierTowards(price, market(slot), maxModifier) : 0;
    parent = advanceFees({ config, parent, slot, gas, modifier, l1Fees });
  }
  return rows;
}

/** Demand that shrinks with the price of a transfer: at `fair` (base units of fee juice) half of `gas` is left. */
export function elasticDemand(
  gas: (slot: number) => Gas,
  { fair, elasticity }: { fair: number; elasticity: number },
): Demand {
  return (slot, prices) => {
    const wanted = gas(slot);
    const fee = 10_000 * Number(prices.feePerL2Gas) + 128 * Number(prices.feePerDaGas);
    const share = 1 / (1 + (fee / fair) ** elasticity);
    const scaled = (amount: bigint): bigint => BigInt(Math.round(Number(amount) * share));
    return { l2: scaled(wanted.l2), da: scaled(wanted.da) };
  };
}

const NONE: Gas = { l2: 0n, da: 0n };

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

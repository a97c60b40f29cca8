/** What an operator says about costs and prices, and the strategy that follows. */
import { PRICE_SCALE } from "../../protocol/fees.ts";
import type { MarketParameters } from "../../protocol/market.ts";
import { type L1Market } from "../l1/fees.ts";
import {
  type CostModel,
  type PricingStrategy,
  costPlus,
  idleCapacity,
  undercutWithFloor,
} from "../market/pricing.ts";
import type { WorkSchedule } from "../market/workSchedule.ts";

/** Names of the strategies. */
export const STRATEGIES = ["cost-plus", "undercut", "idle-capacity"] as const;
export type StrategyName = (typeof STRATEGIES)[number];

/** A prover's own business. Amounts in base units of the token. */
export interface PricingOptions {
  strategy: StrategyName;
  /** Of a machine. */
  machineHour: bigint;
  /** Wanted over costs, in basis points. */
  marginBps: bigint;
  /** L1 gas of claim, submission and settlement. */
  gas: bigint;
  /** What capital costs: basis points of the bond for one claim. */
  bondCostBps: bigint;
}

/** L1 gas of a claim, an epoch proof with 32 blocks and a settlement, as measured by `npx hardhat gas`. */
export const MARKET_GAS = 1_400_000n;

/** The cost model; its proving time is what the schedule measures. */
export function costModelOf(
  { machineHour, gas, bondCostBps }: PricingOptions,
  schedule: WorkSchedule,
): CostModel {
  return {
    get secondsPerBlock() {
      return schedule.secondsPerBlock;
    },
    machineHour,
    gas,
    bondCost: bondCostBps,
  };
}

export function strategyOf(
  { strategy, marginBps }: PricingOptions,
  model: CostModel,
  { improvementStep }: Pick<MarketParameters, "improvementStep">,
): PricingStrategy {
  switch (strategy) {
    case "cost-plus":
      return costPlus(model, marginBps);
    case "undercut":
      return undercutWithFloor(model, { wantedBps: marginBps, floorBps: 0n, step: Number(improvementStep) });
    case "idle-capacity":
      return idleCapacity(model, { fullMarginBps: marginBps });
  }
}

/**
 * Token units that a unit of L1 gas costs, rounded up.
 * @param price wei of ether for 10^12 base units of the token, as the newest record has it; 0 where gas has no price
 */
export function gasPriceInToken({ baseFeePerGas, tip }: L1Market, price: bigint): bigint {
  if (price === 0n) return 0n;
  return ((baseFeePerGas + tip) * PRICE_SCALE + price - 1n) / price;
}

/** What the controller of congestion and the oracle of L1's fees are shown to survive. */
import type { L1Fees } from "../../protocol/fees.ts";
import type { Gas } from "../../protocol/gas.ts";
import { FEE_CONFIG, GENESIS, LIMITS, MAX_MODIFIER } from "./network.ts";
import { elasticDemand, replayFees, type FeeReplay, type FeeRow } from "./replay.ts";

/** A replay with a name for its plot. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly rows: readonly FeeRow[];
}

const USUAL: L1Fees = { base: 10n ** 9n, blob: 1_000n };
const NONE: Gas = { l2: 0n, da: 0n };
const TARGET: Gas = { l2: FEE_CONFIG.targetL2, da: FEE_CONFIG.targetDa };

const common = {
  config: FEE_CONFIG,
  limits: LIMITS,
  genesis: GENESIS,
  maxModifier: MAX_MODIFIER,
} satisfies Partial<FeeReplay>;

/** Where the demand of {@link demandStep} comes and goes, in slots. */
export const STEP = { from: 50, to: 250, end: 350 };
/** Price of a transfer at which half of that demand stays away, in base units of fee juice. */
export const FAIR_FEE = 5e17;

/** Empty blocks, then demand for eight times a block's room that thins out as prices rise, then none again. */
export function demandStep(): Scenario {
  const wanted: Gas = { l2: 8n * LIMITS.l2, da: 8n * LIMITS.da };
  const rows = replayFees({
    ...common,
    slots: STEP.end,
    l1Fees: () => USUAL,
    demand: elasticDemand((slot) => (slot >= STEP.from && slot < STEP.to ? wanted : NONE), {
      fair: FAIR_FEE,
      elasticity: 2,
    }),
  });
  return { name: "demand-step", title: "Step from empty to full blocks and back", rows };
}

/** Slots of full blocks in {@link fullBlocks}, whatever the price. */
export const FULL = { from: 20, to: 84, end: 180 };

/** Two epochs of full blocks that nothing deters, then slots without any block. */
export function fullBlocks(): Scenario {
  const rows = replayFees({
    ...common,
    slots: FULL.end,
    l1Fees: () => USUAL,
    demand: (slot) => (slot < FULL.from ? TARGET : slot < FULL.to ? LIMITS : undefined),
  });
  return { name: "full-blocks", title: "64 full blocks at any price, then empty slots", rows };
}

/** Where L1's fees jump and fall back, in slots. */
export const SPIKE = { from: 40, to: 90, end: 140 };

/** L1's base fee at fifty times the usual. */
export function baseFeeSpike(): Scenario {
  return spike("base-fee-spike", "L1 base fee ×50", { ...USUAL, base: 50n * USUAL.base });
}

/** L1's blob base fee at a thousand times the usual. */
export function blobFeeSpike(): Scenario {
  return spike("blob-fee-spike", "L1 blob base fee ×1,000", { ...USUAL, blob: 1_000n * USUAL.blob });
}

function spike(name: string, title: string, during: L1Fees): Scenario {
  const rows = replayFees({
    ...common,
    slots: SPIKE.end,
    demand: () => TARGET,
    l1Fees: (slot) => (slot >= SPIKE.from && slot < SPIKE.to ? during : USUAL),
  });
  return { name, title, rows };
}

export function allScenarios(): Scenario[] {
  return [demandStep(), fullBlocks(), baseFeeSpike(), blobFeeSpike()];
}

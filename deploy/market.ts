/** The proof market of a deployment, as a preset has it. */
import { z } from "zod";

import {
  marketFaults as parameterFaults,
  type MarketFault,
  type MarketParameters,
} from "../protocol/market.ts";
import type { Inspection } from "./inspection.ts";

const bps = z.number().int().min(0).max(10_000);
const seconds = z.number().int().positive();
const amount = z
  .string()
  .regex(/^\d+$/, "a whole number as text, in the smallest unit")
  .transform((text) => BigInt(text));

/** Section `market` of a preset. */
export const marketSchema = z.strictObject({
  /** Most a claim may cost, in basis points of the pot: at the start of an epoch's turn, and `rampSeconds` later. */
  reserve: z.strictObject({ startBps: bps, maxBps: bps, rampSeconds: seconds }),
  /** After the first claim, a quote cheaper by `stepBps` of the pot may replace it. */
  improvement: z.strictObject({ windowSeconds: z.number().int().nonnegative(), stepBps: bps }),
  /** How long a firm claimant has the epoch for itself; then its grace; and the least time left for an open race. */
  exclusiveSeconds: seconds,
  graceSeconds: z.number().int().nonnegative(),
  raceSeconds: seconds,
  bond: z.strictObject({
    /** In 10^-18 TST. */
    floor: amount,
    /** Of what an open race pays at the highest reserve, in basis points. */
    multipleBps: z.number().int().nonnegative(),
    /** Of a defaulted bond to the rescuer; the rest burns. */
    rescueShareBps: bps,
    withdrawalDelaySeconds: seconds,
  }),
  /** Only provers that the owner lists may claim. */
  permissioned: z.boolean(),
});

export type MarketPreset = z.output<typeof marketSchema>;

/** The market's parameters, in the contract's units. */
export function marketParameters(market: MarketPreset, proverReward: bigint): MarketParameters {
  return {
    reserveStart: BigInt(market.reserve.startBps),
    reserveMax: BigInt(market.reserve.maxBps),
    reserveRamp: BigInt(market.reserve.rampSeconds),
    improvementWindow: BigInt(market.improvement.windowSeconds),
    improvementStep: BigInt(market.improvement.stepBps),
    exclusivePeriod: BigInt(market.exclusiveSeconds),
    grace: BigInt(market.graceSeconds),
    raceWindow: BigInt(market.raceSeconds),
    bondFloor: market.bond.floor,
    bondMultiple: BigInt(market.bond.multipleBps),
    rescueShare: BigInt(market.bond.rescueShareBps),
    withdrawalDelay: BigInt(market.bond.withdrawalDelaySeconds),
    blockReward: proverReward,
    permissioned: market.permissioned,
  };
}

/** The fields of a preset that bound the market's. */
export interface MarketBounds {
  slotSeconds: number;
  epochSlots: number;
  proofSubmissionEpochs: number;
  pause: { maxSeconds: number };
  market: MarketPreset;
  rewards: { proverReward: bigint };
}

/** Rules of `protocol/market.ts` that a preset's market breaks. */
export function marketPresetFaults(preset: MarketBounds): MarketFault[] {
  return parameterFaults(marketParameters(preset.market, preset.rewards.proverReward), {
    epochSeconds: BigInt(preset.slotSeconds * preset.epochSlots),
    proofSubmissionEpochs: BigInt(preset.proofSubmissionEpochs),
    pauseMax: BigInt(preset.pause.maxSeconds),
  });
}

/** What a preset does not say. */
export interface MarketSurroundings {
  owner: string;
  token: string;
  rollup: string;
  rewards: string;
  market: string;
  proofSubmitter: string;
  verificationKeyHash: string;
}

/** Constructor arguments of the market. It reads clock, ring and token from the Rollup. */
export function marketArguments(
  preset: Pick<MarketBounds, "market" | "rewards">,
  { owner, rollup, rewards, verificationKeyHash }: MarketSurroundings,
): unknown[] {
  const parameters = marketParameters(preset.market, preset.rewards.proverReward);
  return [rollup, rewards, { ...parameters, owner, verifierKeyHash: verificationKeyHash }];
}

/** Asserts that the market on the chain is as the preset says. */
export async function assertMarket(
  inspection: Inspection,
  preset: Pick<MarketBounds, "market" | "rewards">,
  surroundings: MarketSurroundings,
): Promise<void> {
  const { token, rollup, rewards, market, proofSubmitter } = surroundings;
  await inspection.views("ProofMarket", market, { token, rollup, pot: rewards });
  await inspection.views("ProofSubmitter", proofSubmitter, { market, rollup });
  const parameters = await inspection.readStruct("ProofMarket", market, "parameters");
  const [, , wanted] = marketArguments(preset, surroundings) as [unknown, unknown, Record<string, unknown>];
  inspection.fields("ProofMarket.parameters", parameters, wanted, ["owner"]);
}

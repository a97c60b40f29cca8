/** The step of the exchange rate: what a proposer chooses, and what a validator lets pass. */
import { BASIS_POINTS, modifierTowards, movedPrice } from "../../protocol/fees.ts";

/** What a validator holds a proposer's step to. */
export interface PriceOpinion {
  /** Its own source's price, in the record's unit. */
  market: bigint;
  /** Basis points by which a step may end beyond it: two honest sources never agree to the digit. */
  tolerance: number;
}

/** By default as much as the greatest step of a block. */
export const DEFAULT_TOLERANCE = 100;

/** Towards the market as far as a block may go, never past it, in basis points; 0 without an opinion. */
export function chooseStep(price: bigint, market: bigint | undefined, maxModifier: number): number {
  return market === undefined ? 0 : modifierTowards(price, market, maxModifier);
}

/**
 * What is wrong with a step: it leads away from the market, or past it, and ends further from it than the tolerance. No
 * step is always right.
 */
export function findStepFault(
  price: bigint,
  modifier: number,
  { market, tolerance }: PriceOpinion,
): "modifierWrongWay" | "modifierTooFar" | undefined {
  const moved = BASIS_POINTS * movedPrice(price, modifier);
  const allowed = BigInt(tolerance);
  const right =
    modifier === 0 ||
    (modifier > 0 ? moved <= market * (BASIS_POINTS + allowed) : moved >= market * (BASIS_POINTS - allowed));
  if (right) return undefined;
  const towards = modifier > 0 ? market > price : market < price;
  return towards ? "modifierTooFar" : "modifierWrongWay";
}

/**
 * What a prover asks for an epoch. Prices are every prover's own business: these are three ways among many, behind one
 * interface. All of them are pure, so that a simulation can run them.
 */
import { BASIS_POINTS } from "../../protocol/market.ts";

/** What a proof costs its prover. All in token units. */
export interface CostModel {
  /** Seconds that a block takes to prove, measured. */
  readonly secondsPerBlock: number;
  /** Machines, an hour. */
  readonly machineHour: bigint;
  /** L1 gas of submission and settlement. */
  readonly gas: bigint;
  /** What capital costs: basis points of the bond for one claim. */
  readonly bondCost: bigint;
}

/** What is known when a quote is made. */
export interface PricingSituation {
  readonly blocks: number;
  /** The epoch's pot, or what it will probably be. */
  readonly pot: bigint;
  readonly bond: bigint;
  /** Token units a unit of L1 gas. */
  readonly gasPrice: bigint;
  /** Share of the prover's capacity that is taken, from 0 to 1. */
  readonly load: number;
  /** Cheapest fee of another prover that is known, basis points. */
  readonly cheapestOther: number | undefined;
}

/** A way to price: the fee in basis points of the pot, undefined for no quote. */
export interface PricingStrategy {
  readonly name: string;
  price(situation: PricingSituation): number | undefined;
}

/** Token units that an epoch costs. */
export function costOf(model: CostModel, { blocks, bond, gasPrice }: PricingSituation): bigint {
  const seconds = BigInt(Math.ceil(model.secondsPerBlock * blocks));
  const machines = (model.machineHour * seconds + 3_599n) / 3_600n;
  return machines + model.gas * gasPrice + (bond * model.bondCost) / BASIS_POINTS;
}

/** Least fee that covers an amount; undefined when the pot does not. */
export function feeFor(amount: bigint, pot: bigint): number | undefined {
  if (pot === 0n || amount > pot) return undefined;
  return Number((amount * BASIS_POINTS + pot - 1n) / pot);
}

/** Costs and a margin, whatever the others do. */
export function costPlus(model: CostModel, marginBps: bigint): PricingStrategy {
  return {
    name: "cost-plus",
    price: (situation) => feeFor(withMargin(costOf(model, situation), marginBps), situation.pot),
  };
}

/** A step under the cheapest other quote, never under costs with the least margin; the wanted margin when alone. */
export function undercutWithFloor(
  model: CostModel,
  { wantedBps, floorBps, step }: { wantedBps: bigint; floorBps: bigint; step: number },
): PricingStrategy {
  return {
    name: "undercut",
    price: (situation) => {
      const cost = costOf(model, situation);
      const floor = feeFor(withMargin(cost, floorBps), situation.pot);
      const wanted = feeFor(withMargin(cost, wantedBps), situation.pot) ?? floor;
      if (floor === undefined || wanted === undefined) return undefined;
      if (situation.cheapestOther === undefined) return wanted;
      return Math.max(floor, Math.min(wanted, situation.cheapestOther - step));
    },
  };
}

/** Idle machines cost nothing more: asks for gas and capital alone when idle, for a rising margin when busy. */
export function idleCapacity(
  model: CostModel,
  { fullMarginBps }: { fullMarginBps: bigint },
): PricingStrategy {
  return {
    name: "idle-capacity",
    price: (situation) => {
      if (situation.load >= 1) return undefined;
      const cost = costOf(model, situation);
      const marginal = costOf({ ...model, machineHour: 0n }, situation);
      // A number only for the share; money stays whole.
      const share = BigInt(Math.round(Math.max(0, situation.load) * 10_000));
      const full = withMargin(cost, fullMarginBps);
      return feeFor(marginal + ((full - marginal) * share) / 10_000n, situation.pot);
    },
  };
}

function withMargin(cost: bigint, marginBps: bigint): bigint {
  return (cost * (BASIS_POINTS + marginBps) + BASIS_POINTS - 1n) / BASIS_POINTS;
}

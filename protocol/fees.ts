import type { GasPrices } from "./gas.ts";

const BASIS_POINTS = 10_000n;

/** Fee rules of an instance: constant prices and a fixed split. */
export interface FeeParameters extends GasPrices {
  /** Share that burns, in basis points. */
  readonly burnedBps: bigint;
  /** Share of the epoch's prover pot, in basis points; the rest is the sequencer's. */
  readonly proverBps: bigint;
}

/** Fee juice by destination, in base units. */
export interface FeeSplit {
  readonly burned: bigint;
  readonly prover: bigint;
  readonly sequencer: bigint;
}

/** Prices that the next block must charge. */
export function nextPrices({ feePerL2Gas, feePerDaGas }: FeeParameters): GasPrices {
  return { feePerL2Gas, feePerDaGas };
}

/** Splits a block's fees. The first two shares are rounded down and the sequencer has the rest: nothing is lost. */
export function splitFees(fees: bigint, { burnedBps, proverBps }: FeeParameters): FeeSplit {
  const burned = (fees * burnedBps) / BASIS_POINTS;
  const prover = (fees * proverBps) / BASIS_POINTS;
  return { burned, prover, sequencer: fees - burned - prover };
}

export function addFees(a: FeeSplit, b: FeeSplit): FeeSplit {
  return { burned: a.burned + b.burned, prover: a.prover + b.prover, sequencer: a.sequencer + b.sequencer };
}

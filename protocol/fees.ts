/**
 * The fee model: what a block must charge, where its fees go, and the fee state that it leaves to the next.
 *
 * Prices follow from the parent's record and the slot alone, so everybody knows them before the block is built; L1's
 * own fees come in when a block is accepted, and count some slots later. Formulas, units and rounding: docs/fees.md.
 * `contracts/rollup/FeeLib.sol` computes the same, to the last bit.
 */
import type { Gas, GasPrices } from "./gas.ts";
import type { BlockRecord } from "./record.ts";

/** The exchange rate counts wei of ether for this many base units of fee juice. */
export const PRICE_SCALE = 10n ** 12n;
/** Bounds of the exchange rate: at the lower one a step of one basis point is still a whole number. */
export const MIN_PRICE = 10n ** 4n;
export const MAX_PRICE = 10n ** 16n;
/** Blob gas of a block: one blob (EIP-4844). */
export const BLOB_GAS = 131_072n;
/** Congestion multiplies a price by at most e^16. */
export const MAX_EXPONENT = 16n;
/** Widest L1 fee that the oracle holds, in wei. */
export const MAX_L1_FEE = 2n ** 48n - 1n;
/** Greatest age that the oracle tells apart, in slots. */
export const MAX_ORACLE_AGE = 0xffffn;
/** Of the exchange rate's step. */
export const BASIS_POINTS = 10_000n;

/** Parameters of an instance's fee model, for life. */
export interface FeeConfig {
  /** Gas of a block at which congestion neither grows nor falls; at most the block's limit. */
  readonly targetL2: bigint;
  readonly targetDa: bigint;
  /** Excess that multiplies a price by e, in gas. */
  readonly fractionL2: bigint;
  readonly fractionDa: bigint;
  /** L1 gas of a `propose`. */
  readonly proposeGas: bigint;
  /** L1 gas of an epoch's proof, for each slot of the epoch. */
  readonly proofGas: bigint;
  /** Cost of making the proof, in wei for a unit of L2 gas. */
  readonly provingCost: bigint;
  /** Caps of the prices, in base units of fee juice for a unit of gas. */
  readonly maxFeePerL2Gas: bigint;
  readonly maxFeePerDaGas: bigint;
  /** Slots from a sample of L1's fees to its effect. */
  readonly oracleLag: bigint;
  /** Slots from a sample to the next; at least the lag. */
  readonly oracleLifetime: bigint;
}

/** Widest price caps that an epoch's fees allow: the record has 80 bits for them, half for each kind of gas. */
export function feeCaps({ limits, slotsPerEpoch }: { limits: Gas; slotsPerEpoch: number }): GasPrices {
  const cap = (limit: bigint): bigint =>
    least((2n ** 79n - 1n) / (limit * BigInt(slotsPerEpoch)), 2n ** 64n - 1n);
  return { feePerL2Gas: cap(limits.l2), feePerDaGas: cap(limits.da) };
}

/** What fees need of a record. */
export type FeeState = Pick<BlockRecord, "slot" | "excessL2" | "excessDa" | "oracleAge" | "oracle">;

/** L1's fees in wei. */
export interface L1Fees {
  readonly base: bigint;
  readonly blob: bigint;
}

/** What the two prices consist of, in base units of fee juice for a unit of gas. */
export interface FeeParts {
  /** Of the L2 price: the proposer's gas on L1. To the block's coinbase. */
  readonly sequencer: bigint;
  /** Of the L2 price: proof and its gas on L1. To the epoch's prover pot. */
  readonly prover: bigint;
  /** Of the L2 price. Burns. */
  readonly congestionL2: bigint;
  /** Of the DA price: the blob. To the block's coinbase. */
  readonly data: bigint;
  /** Of the DA price. Burns. */
  readonly congestionDa: bigint;
}

/** Fee juice by destination, in base units. */
export interface FeeSplit {
  readonly burned: bigint;
  readonly prover: bigint;
  readonly sequencer: bigint;
}

/** A block of `slot` on top of `parent`. */
export interface FeePosition {
  readonly config: FeeConfig;
  readonly parent: FeeState;
  /** After the parent's. */
  readonly slot: number;
}

/** Parts of the prices that a block must charge. */
export function feeParts({ config, parent, slot }: FeePosition): FeeParts {
  const { price } = parent.oracle;
  const { base, blob } = effectiveL1Fees({ config, parent, slot });
  const { targetL2, targetDa } = config;
  const excess = excessAt({ config, parent, slot });

  const costL2 = (wei: bigint): bigint => divideUp(wei * PRICE_SCALE, targetL2 * price);
  const prover = least(costL2(config.proofGas * base + config.provingCost * targetL2), config.maxFeePerL2Gas);
  const sequencer = least(costL2(config.proposeGas * base), config.maxFeePerL2Gas - prover);
  const congestionL2 = least(
    congestion(sequencer + prover, excess.l2, config.fractionL2),
    config.maxFeePerL2Gas - prover - sequencer,
  );

  const data = least(divideUp(BLOB_GAS * blob * PRICE_SCALE, targetDa * price), config.maxFeePerDaGas);
  const congestionDa = least(congestion(data, excess.da, config.fractionDa), config.maxFeePerDaGas - data);
  return { sequencer, prover, congestionL2, data, congestionDa };
}

/** The prices that parts add up to. */
export function pricesOf({ sequencer, prover, congestionL2, data, congestionDa }: FeeParts): GasPrices {
  return { feePerL2Gas: sequencer + prover + congestionL2, feePerDaGas: data + congestionDa };
}

/** Prices that a block must charge. */
export function pricesAt(position: FeePosition): GasPrices {
  return pricesOf(feeParts(position));
}

/** A block's fees by destination. Nothing is rounded: the three add up to gas × prices. */
export function splitFees(parts: FeeParts, gas: Gas): FeeSplit {
  return {
    burned: parts.congestionL2 * gas.l2 + parts.congestionDa * gas.da,
    prover: parts.prover * gas.l2,
    sequencer: parts.sequencer * gas.l2 + parts.data * gas.da,
  };
}

/** What a block adds to its place: the gas it charged, its step of the exchange rate, and L1's fees around it. */
export interface FeeStep extends FeePosition {
  readonly gas: Gas;
  /** Basis points, signed. */
  readonly modifier: number;
  /** Of the L1 block that accepts the block. */
  readonly l1Fees: L1Fees;
}

/** Fee state after a block. */
export function advanceFees(step: FeeStep): FeeState {
  const { config, parent, slot, gas, modifier, l1Fees } = step;
  const excess = excessAt(step);
  const age = ageAt(step);
  const sampled = age >= config.oracleLifetime;
  const { oracle } = parent;
  return {
    slot: slot as FeeState["slot"],
    excessL2: grown(excess.l2 + gas.l2, config.targetL2, config.fractionL2),
    excessDa: grown(excess.da + gas.da, config.targetDa, config.fractionDa),
    oracleAge: sampled ? 0 : Number(age),
    oracle: {
      price: movedPrice(oracle.price, modifier),
      preBase: sampled ? oracle.postBase : oracle.preBase,
      preBlob: sampled ? oracle.postBlob : oracle.preBlob,
      postBase: sampled ? sample(l1Fees.base) : oracle.postBase,
      postBlob: sampled ? sample(l1Fees.blob) : oracle.postBlob,
    },
  };
}

/** L1's fees that count in a slot. */
export function effectiveL1Fees(position: FeePosition): L1Fees {
  const { preBase, preBlob, postBase, postBlob } = position.parent.oracle;
  return ageAt(position) < position.config.oracleLag
    ? { base: preBase, blob: preBlob }
    : { base: postBase, blob: postBlob };
}

/** Excess gas that a block finds: a slot without a block is one that used nothing. */
export function excessAt({ config, parent, slot }: FeePosition): Gas {
  const empty = BigInt(slot - parent.slot - 1);
  return {
    l2: lessOrZero(parent.excessL2, empty * config.targetL2),
    da: lessOrZero(parent.excessDa, empty * config.targetDa),
  };
}

/** Exchange rate after a step of so many basis points, rounded down, within its bounds. */
export function movedPrice(price: bigint, modifier: number): bigint {
  const moved = (price * (BASIS_POINTS + BigInt(modifier))) / BASIS_POINTS;
  return moved < MIN_PRICE ? MIN_PRICE : least(moved, MAX_PRICE);
}

/** The step that brings the exchange rate nearest to the market's without passing it. */
export function modifierTowards(price: bigint, market: bigint, maxModifier: number): number {
  const wanted = Number(((market - price) * BASIS_POINTS) / price);
  return Math.max(-maxModifier, Math.min(maxModifier, wanted));
}

const ONE = 1n << 64n;
const LN2 = 12786308645202655660n;
/** 2^64 / i!, rounded, from i = 12 down to 1: the series of e^r, whose rest is below 2e-12 for r < ln 2. */
const SERIES = [
  38510819324n,
  462129831893n,
  5083428150824n,
  50834281508238n,
  457508533574146n,
  3660068268593165n,
  25620477880152155n,
  153722867280912930n,
  768614336404564651n,
  3074457345618258603n,
  9223372036854775808n,
  18446744073709551616n,
];

/**
 * e^(numerator / denominator) · 2^64, at most e^16 · 2^64: range reduction to [0, ln 2), then a polynomial.
 * Monotone, exact at 0, and within 1e-11 of the true value.
 */
export function exponential(numerator: bigint, denominator: bigint): bigint {
  const x = least((numerator << 64n) / denominator, MAX_EXPONENT << 64n);
  const doublings = x / LN2;
  const rest = x - doublings * LN2;
  let sum = 0n;
  for (const coefficient of SERIES) sum = coefficient + ((sum * rest) >> 64n);
  return (ONE + ((sum * rest) >> 64n)) << doublings;
}

/** What congestion adds to a price, rounded down. */
function congestion(price: bigint, excess: bigint, fraction: bigint): bigint {
  return (price * (exponential(excess, fraction) - ONE)) >> 64n;
}

/** Excess after a block. Beyond the greatest exponent it would only delay the price's return. */
function grown(sum: bigint, target: bigint, fraction: bigint): bigint {
  return least(lessOrZero(sum, target), MAX_EXPONENT * fraction);
}

/** Slots since the oracle's last sample. */
function ageAt({ parent, slot }: FeePosition): bigint {
  return least(BigInt(parent.oracleAge) + BigInt(slot - parent.slot), MAX_ORACLE_AGE);
}

/** An L1 fee as the oracle holds it. */
function sample(wei: bigint): bigint {
  return wei === 0n ? 1n : least(wei, MAX_L1_FEE);
}

function divideUp(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

function lessOrZero(a: bigint, b: bigint): bigint {
  return a > b ? a - b : 0n;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

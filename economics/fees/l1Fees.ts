/**
 * L1's fees, block by block, by L1's own rules: the base fee moves by at most an eighth a block (EIP-1559), the blob base
 * fee is an exponential of the excess blob gas (EIP-4844), with the floor that EIP-7918 ties to the base fee. What drives
 * them is a seeded demand: a price level that wanders and returns to its mean, and spikes.
 */
import type { L1Fees } from "../../protocol/fees.ts";
import { exponential } from "../../protocol/fees.ts";
import { seededRandom, type Random } from "../../protocol/vectors/random.ts";

/** A stretch of time in which demand pays a multiple of the usual. */
export interface Spike {
  /** L1 blocks. */
  readonly from: number;
  readonly to: number;
  readonly base: number;
  readonly blob: number;
}

/** Parameters of {@link l1FeePath}. */
export interface L1FeePath {
  readonly seed: string;
  /** L1 blocks. */
  readonly blocks: number;
  /** Base fee at which demand meets the target, in wei. */
  readonly meanBase: number;
  readonly meanBlob: number;
  readonly spikes: readonly Spike[];
}

const BLOB_GAS = 131_072;
const TARGET_BLOBS = 6;
const MOST_BLOBS = 9;
/** Excess that multiplies the blob base fee by e. */
const BLOB_FRACTION = 5_007_716n;
/** Execution cost of a blob that the blob base fee may not undercut (EIP-7918). */
const BLOB_BASE_COST = 8_192n;

/** How strongly demand answers to price: the share of it that stays at twice the level is 2^-ELASTICITY. */
const ELASTICITY = 1.5;
/** Of the level's wandering, in log units a block. */
const VOLATILITY = 0.02;
const REVERSION = 0.002;

export function l1FeePath({ seed, blocks, meanBase, meanBlob, spikes }: L1FeePath): L1Fees[] {
  const random = seededRandom(`l1Fees/${seed}`);
  let base = BigInt(Math.round(meanBase));
  let excess = excessFor(meanBlob);
  let [baseLevel, blobLevel] = [0, 0];
  const fees: L1Fees[] = [];
  for (let block = 0; block < blocks; block++) {
    const blob = blobBaseFee(excess);
    fees.push({ base, blob });

    const spike = spikes.find(({ from, to }) => block >= from && block < to);
    baseLevel += VOLATILITY * normal(random) - REVERSION * baseLevel;
    blobLevel += VOLATILITY * normal(random) - REVERSION * blobLevel;
    const baseTarget = meanBase * Math.exp(baseLevel) * (spike?.base ?? 1);
    const blobTarget = meanBlob * Math.exp(blobLevel) * (spike?.blob ?? 1);

    base = nextBase(base, Math.min(2, (baseTarget / Number(base)) ** ELASTICITY));
    const wanted = TARGET_BLOBS * (blobTarget / Number(blob)) ** ELASTICITY;
    excess = nextExcess(
      excess,
      base,
      Math.min(MOST_BLOBS, Math.round(wanted + random.below(1000) / 1000 - 0.5)),
    );
  }
  return fees;
}

/** EIP-1559, `use` in units of the target. */
function nextBase(base: bigint, use: number): bigint {
  const change = (Number(base) * (use - 1)) / 8;
  const next = base + BigInt(change > 0 && change < 1 ? 1 : Math.trunc(change));
  return next < 1n ? 1n : next;
}

function nextExcess(excess: bigint, base: bigint, blobs: number): bigint {
  const used = BigInt(Math.max(0, blobs) * BLOB_GAS);
  const target = BigInt(TARGET_BLOBS * BLOB_GAS);
  if (BLOB_BASE_COST * base > BigInt(BLOB_GAS) * blobBaseFee(excess)) {
    return excess + (used * BigInt(MOST_BLOBS - TARGET_BLOBS)) / BigInt(MOST_BLOBS);
  }
  return excess + used > target ? excess + used - target : 0n;
}

/** At most e^16 times one wei, times what whole powers of e^8 before it bring: fees beyond 2^40 wei do not occur. */
function blobBaseFee(excess: bigint): bigint {
  const step = 16n * BLOB_FRACTION;
  let fee = 1n << 64n;
  for (let rest = excess; rest > 0n; rest -= rest < step ? rest : step) {
    fee = (fee * exponential(rest < step ? rest : step, BLOB_FRACTION)) >> 64n;
  }
  return fee >> 64n || 1n;
}

function excessFor(fee: number): bigint {
  return BigInt(Math.round(Math.log(fee) * Number(BLOB_FRACTION)));
}

/** Standard normal, by the sum of twelve uniforms: tails beyond six do not matter here. */
function normal(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.below(2 ** 20) / 2 ** 20;
  return sum;
}

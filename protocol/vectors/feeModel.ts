/** Random fee steps, ordinary and extreme, and the vectors of the fee model. */
import { toHex } from "../bytes.ts";
import {
  advanceFees,
  exponential,
  feeParts,
  MAX_EXPONENT,
  MAX_PRICE,
  MIN_PRICE,
  pricesOf,
  splitFees,
  type FeeConfig,
  type FeeStep,
} from "../fees.ts";
import { ORACLE_WORD, POSITION_WORD } from "../record.ts";
import { toSlot } from "../time.ts";
import { fromInt16, wordLayout } from "../words.ts";
import { seededRandom, type Random } from "./random.ts";

/** A step and the limits that its configuration was made for. */
export interface FeeSample {
  readonly step: FeeStep;
  readonly maxL2Gas: bigint;
  readonly maxDaGas: bigint;
  readonly slotsPerEpoch: bigint;
}

/** Anything the Rollup's constructor and a block's checks let through. */
export function sampleFeeStep(random: Random): FeeSample {
  const [maxL2Gas, maxDaGas] = [spread(random, 32) || 1n, spread(random, 32) || 1n];
  const slotsPerEpoch = 1n + BigInt(random.below(255));
  const config = sampleConfig(random, { maxL2Gas, maxDaGas, slotsPerEpoch });
  const slot = random.below(2 ** 31);
  const step: FeeStep = {
    config,
    parent: {
      slot: toSlot(slot),
      excessL2: atMost(random, MAX_EXPONENT * config.fractionL2),
      excessDa: atMost(random, MAX_EXPONENT * config.fractionDa),
      oracleAge: Number(spread(random, 16)),
      oracle: {
        price: MIN_PRICE + atMost(random, MAX_PRICE - MIN_PRICE),
        preBase: spread(random, 48) || 1n,
        preBlob: spread(random, 48) || 1n,
        postBase: spread(random, 48) || 1n,
        postBlob: spread(random, 48) || 1n,
      },
    },
    slot: slot + 1 + (random.below(2) === 0 ? 0 : Number(spread(random, 30))),
    gas: { l2: atMost(random, maxL2Gas), da: atMost(random, maxDaGas) },
    modifier: random.below(2 * MODIFIER_BOUND + 1) - MODIFIER_BOUND,
    l1Fees: { base: spread(random, 64), blob: spread(random, 256) },
  };
  return { step, maxL2Gas, maxDaGas, slotsPerEpoch };
}

/** Exponents from 0 to beyond the greatest, also right at the places where a power of two joins. */
export function sampleExponent(random: Random): { numerator: bigint; denominator: bigint } {
  const denominator = spread(random, 48) || 1n;
  const doublings = BigInt(random.below(26));
  const join = (LN2 * doublings * denominator) >> 64n;
  const numerator = random.pick([atMost(random, 17n * denominator), join, join + 1n, join && join - 1n]);
  return { numerator, denominator };
}

/** Fee steps as the words of `FeeLib`, and exponentials. */
export function feeVectors(): unknown {
  const random = seededRandom("vectors/feeModel");
  const cases = times(24, () => {
    const { step } = sampleFeeStep(random);
    return hexed({ ...feeStepWords(step), ...feeResultWords(step) });
  });
  const exponents = [
    { numerator: 0n, denominator: 1n },
    { numerator: 2_611_772_262n, denominator: 100_000_000_000n },
    { numerator: 16n, denominator: 1n },
    { numerator: 2n ** 64n - 1n, denominator: 1n },
    ...times(12, () => sampleExponent(random)),
  ];
  return {
    cases,
    exponentials: exponents.map(({ numerator, denominator }) => ({
      words: hex([numerator, denominator, exponential(numerator, denominator)]),
    })),
  };
}

/** What `FeeLib` is given, in the order of its structs and fields. */
export interface FeeStepWords {
  readonly config: readonly bigint[];
  readonly position: bigint;
  readonly oracle: bigint;
  readonly claims: bigint;
  readonly l1Fees: readonly bigint[];
}

const CLAIMS = wordLayout("claims", { slot: 32, prices: 128, gasL2: 32, gasDa: 32, messages: 16, modifier: 16 });
const FEES = wordLayout("fees", { burned: 80, prover: 80, sequencer: 80 });

export function feeStepWords({ config, parent, slot, gas, modifier, l1Fees }: FeeStep): FeeStepWords {
  return {
    config: configWords(config),
    position: POSITION_WORD.pack({
      number: 7n,
      slot: BigInt(parent.slot),
      bitmap: 0xffffn,
      excessL2: parent.excessL2,
      excessDa: parent.excessDa,
      oracleAge: BigInt(parent.oracleAge),
    }),
    oracle: ORACLE_WORD.pack({ ...parent.oracle }),
    claims: CLAIMS.pack({
      slot: BigInt(slot),
      prices: 0n,
      gasL2: gas.l2,
      gasDa: gas.da,
      messages: 0n,
      modifier: fromInt16(modifier),
    }),
    l1Fees: [l1Fees.base, l1Fees.blob],
  };
}

/** What `FeeLib` answers. */
export interface FeeResultWords {
  readonly parts: readonly bigint[];
  readonly prices: bigint;
  readonly fees: bigint;
  readonly sequencerFee: bigint;
  readonly feeState: bigint;
  readonly nextOracle: bigint;
}

export function feeResultWords(step: FeeStep): FeeResultWords {
  const parts = feeParts(step);
  const { feePerL2Gas, feePerDaGas } = pricesOf(parts);
  const split = splitFees(parts, step.gas);
  const next = advanceFees(step);
  return {
    parts: [parts.sequencer, parts.prover, parts.congestionL2, parts.data, parts.congestionDa],
    prices: (feePerL2Gas << 64n) | feePerDaGas,
    fees: FEES.pack({ ...split }),
    sequencerFee: split.sequencer,
    feeState: (next.excessL2 << 80n) | (next.excessDa << 16n) | BigInt(next.oracleAge),
    nextOracle: ORACLE_WORD.pack({ ...next.oracle }),
  };
}

export function configWords(config: FeeConfig): bigint[] {
  return [
    config.targetL2,
    config.targetDa,
    config.fractionL2,
    config.fractionDa,
    config.proposeGas,
    config.proofGas,
    config.provingCost,
    config.maxFeePerL2Gas,
    config.maxFeePerDaGas,
    config.oracleLag,
    config.oracleLifetime,
  ];
}

const MODIFIER_BOUND = 9_999;
const LN2 = 12786308645202655660n;

function sampleConfig(
  random: Random,
  limits: { maxL2Gas: bigint; maxDaGas: bigint; slotsPerEpoch: bigint },
): FeeConfig {
  let [maxFeePerL2Gas, maxFeePerDaGas] = [spread(random, 64) || 1n, spread(random, 64) || 1n];
  const { maxL2Gas, maxDaGas, slotsPerEpoch } = limits;
  while ((maxFeePerL2Gas * maxL2Gas + maxFeePerDaGas * maxDaGas) * slotsPerEpoch >= 2n ** 80n) {
    maxFeePerL2Gas = maxFeePerL2Gas / 2n || 1n;
    maxFeePerDaGas = maxFeePerDaGas / 2n || 1n;
  }
  const oracleLifetime = spread(random, 16) || 1n;
  return {
    targetL2: atMost(random, maxL2Gas) || 1n,
    targetDa: atMost(random, maxDaGas) || 1n,
    fractionL2: spread(random, 48) || 1n,
    fractionDa: spread(random, 48) || 1n,
    proposeGas: spread(random, 32),
    proofGas: spread(random, 32),
    provingCost: spread(random, 64),
    maxFeePerL2Gas,
    maxFeePerDaGas,
    oracleLag: atMost(random, oracleLifetime) || 1n,
    oracleLifetime,
  };
}

/** Every length up to `bits` is as likely; so are the two ends. */
function spread(random: Random, bits: number): bigint {
  const length = random.below(bits + 3);
  if (length > bits) return length === bits + 1 ? (1n << BigInt(bits)) - 1n : 0n;
  return random.bits(length);
}

/** From 0 to `most`, both ends often. */
function atMost(random: Random, most: bigint): bigint {
  const value = spread(random, most.toString(2).length);
  return value > most ? most : value;
}

function hexed(values: FeeStepWords & FeeResultWords): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(values as unknown as Record<string, bigint | readonly bigint[]>).map(([name, value]) => [
      name,
      hex(value),
    ]),
  );
}

function hex(value: bigint | readonly bigint[]): string | string[] {
  return typeof value === "bigint" ? toHex(value) : value.map((word) => toHex(word));
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

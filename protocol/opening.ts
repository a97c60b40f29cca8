/**
 * Opening of an epoch's blobs at one point: what the circuit checks, computed outside it.
 *
 * A blob is a polynomial p over the scalar field of BLS12-381, given by its values at the 4096 roots of unity in
 * bit-reversed order. With at most N words that are not zero, `p(z) = Σ d_j L_j`, where
 * `L_j (z − ω_j) = κ_j (z^4096 − 1)` and `κ_j = ω_j / 4096`. All blobs of an epoch share z and the weights L_j;
 * `y = Σ γ^i p_i(z)`.
 *
 * The circuit has no such field. It takes every result and every quotient by r in limbs of 120 bits and checks the
 * relations over the integers; so each step here gives both.
 */
import { BLS12_381_R as R } from "./field.ts";
import type { Challenge } from "./publicInputs.ts";

const FIELD_ELEMENTS_PER_BLOB = 4096n;
const SQUARINGS = 12;

/** A result modulo r, and the quotient that makes its relation hold over the integers. */
export interface Product {
  readonly value: bigint;
  readonly quotient: bigint;
}

/** Everything the circuit wants to know about an opening. */
export interface Opening {
  /** The combined polynomial's value. */
  readonly y: bigint;
  /** z², z⁴, …, z^4096. */
  readonly powers: readonly Product[];
  /** One a word. */
  readonly weights: readonly Product[];
  /** p_i(z), one a blob. */
  readonly evaluations: readonly Product[];
  /** y_i + γ (y_(i+1) + γ (…)); the first is y. */
  readonly combinations: readonly Product[];
}

/** Opens `blobs`, each given by its first N words (all of the same length), at a challenge. */
export function openBlobs(blobs: readonly (readonly bigint[])[], { z, gamma }: Challenge): Opening {
  const length = blobs[0]?.length ?? 0;

  const powers: Product[] = [];
  let zPower = z;
  for (let i = 0; i < SQUARINGS; i++) {
    const square = reduce(zPower * zPower);
    powers.push(square);
    zPower = square.value;
  }
  const weights = Array.from({ length }, (_, j) => weight(j, z, zPower));
  const evaluations = blobs.map((words) =>
    reduce(weights.reduce((sum, { value }, j) => sum + value * (words[j] ?? 0n), 0n)),
  );
  const combinations: Product[] = [];
  let y = 0n;
  for (const evaluation of [...evaluations].reverse()) {
    const product = reduce(y * gamma + evaluation.value);
    combinations.unshift(product);
    y = product.value;
  }
  return { y, powers, weights, evaluations, combinations };
}

/** ω_j, the root of unity of a blob's word j. */
export function rootOfUnity(j: number): bigint {
  const primitive = power(7n, (R - 1n) / FIELD_ELEMENTS_PER_BLOB);
  return power(primitive, BigInt(reverseBits(j)));
}

/** κ_j = ω_j / 4096. */
export function weightFactor(j: number): bigint {
  return (rootOfUnity(j) * power(FIELD_ELEMENTS_PER_BLOB, R - 2n)) % R;
}

/** L z + (r − ω) L + (r − κ) P + κ = q r. */
function weight(j: number, z: bigint, zPower: bigint): Product {
  const omega = rootOfUnity(j);
  const kappa = weightFactor(j);
  const inverse = power((z - omega + R) % R, R - 2n);
  const value = (((kappa * (zPower + R - 1n)) % R) * inverse) % R;
  const relation = value * z + (R - omega) * value + (R - kappa) * zPower + kappa;
  return { value, quotient: relation / R };
}

function reduce(x: bigint): Product {
  return { value: x % R, quotient: x / R };
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % R;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % R;
    square = (square * square) % R;
  }
  return result;
}

/** The 12 bits of an index in reverse. */
function reverseBits(j: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 12; bit++) reversed |= ((j >> bit) & 1) << (11 - bit);
  return reversed;
}

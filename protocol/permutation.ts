/** A keyed one-to-one mapping of 0 .. size-1 of which any value is computed alone: how committees are drawn. */
import { ProtocolError } from "./errors.ts";
import { keccakWords } from "./hash.ts";

export interface PermutationParameters {
  /** At most 256 bits. */
  readonly seed: bigint;
  /** Number of values, 1 to 2^32 - 1. */
  readonly size: number;
}

/** Below this size the halves are so small that more rounds are needed. */
const SMALL = 64;

/**
 * The value at a place. Mixed-radix Feistel network on a·b ≥ size values, a = ⌈√size⌉ and b = ⌈size / a⌉, walking on while
 * the result is `size` or more.
 *
 * @throws {ProtocolError} `out-of-range`
 */
export function permute({ seed, size }: PermutationParameters, place: number): number {
  if (!Number.isSafeInteger(size) || size < 1 || size >= 2 ** 32 || !(place >= 0 && place < size)) {
    throw new ProtocolError({
      code: "out-of-range",
      message: `place ${place} of ${size} is not in range`,
      remedy: "Give a size from 1 to 2^32 - 1 and a place below it",
    });
  }
  const a = sideOf(size);
  const b = Math.ceil(size / a);
  const rounds = size < SMALL ? 16 : 8;
  const term = (round: number, value: number, modulus: number): number =>
    Number(keccakWords([seed, (BigInt(round) << 64n) | BigInt(value)]) % BigInt(modulus));

  let value = place;
  do {
    let left = Math.floor(value / b);
    let right = value % b;
    for (let round = 0; round < rounds; round += 2) {
      left = (left + term(round, right, a)) % a;
      right = (right + term(round + 1, left, b)) % b;
    }
    value = left * b + right;
  } while (value >= size);
  return value;
}

/** ⌈√size⌉ */
export function sideOf(size: number): number {
  let side = Math.floor(Math.sqrt(size));
  while (side * side < size) side++;
  while (side > 0 && (side - 1) * (side - 1) >= size) side--;
  return side;
}

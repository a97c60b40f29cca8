/** Deterministic numbers for vectors and tests: the same seed gives the same run on every machine. Not for keys. */
import { concatBytes, fromBytes, toBytes } from "../bytes.ts";
import { sha256 } from "../hash.ts";

export interface Random {
  /** `length` bytes. */
  bytes(length: number): Uint8Array;
  /** A number of at most `count` bits. */
  bits(count: number): bigint;
  /** A whole number from 0 to `end` - 1. */
  below(end: number): number;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
}

export function seededRandom(seed: string): Random {
  const key = sha256(new TextEncoder().encode(seed));
  let block = 0n;
  let rest = new Uint8Array(0);

  const bytes = (length: number): Uint8Array => {
    while (rest.length < length) {
      rest = new Uint8Array(concatBytes(rest, sha256(concatBytes(key, toBytes(block, 8)))));
      block += 1n;
    }
    const taken = rest.slice(0, length);
    rest = rest.slice(length);
    return taken;
  };
  const bits = (count: number): bigint =>
    fromBytes(bytes(Math.ceil(count / 8))) & ((1n << BigInt(count)) - 1n);
  const below = (end: number): number => Number(bits(48) % BigInt(end));
  return { bytes, bits, below, pick: (items) => items[below(items.length)] as (typeof items)[number] };
}

/** Always the least or always the greatest: samples drawn from it have every field at its bound. */
export function extremeRandom(end: "least" | "greatest"): Random {
  const most = end === "greatest";
  return {
    bytes: (length) => new Uint8Array(length).fill(most ? 0xff : 0),
    bits: (count) => (most ? (1n << BigInt(count)) - 1n : 0n),
    below: (limit) => (most ? limit - 1 : 0),
    pick: (items) => items[most ? items.length - 1 : 0] as (typeof items)[number],
  };
}

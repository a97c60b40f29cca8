import { permute, poseidon2Hash as sponge } from "@zkpassport/poseidon2";

import type { Field } from "./field.ts";

export type PoseidonState = readonly [Field, Field, Field, Field];
/** The Poseidon2 permutation of width 4. It must not change its argument. */
export type Permute = (state: PoseidonState) => PoseidonState;

/** The Poseidon2 permutation over BN254, width 4. */
export const poseidon2Permute: Permute = (state) =>
  // The library's function works in place.
  permute([...state]) as unknown as PoseidonState;

/** Sponge of rate 3; the capacity element starts as length * 2^64; the digest is the first element. */
export function poseidon2Hash(inputs: readonly Field[]): Field {
  return sponge([...inputs]) as Field;
}

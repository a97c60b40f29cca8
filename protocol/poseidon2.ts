import { BN254_R, type Field } from "./field.ts";
import { permuteInWasm } from "./poseidon2Wasm.ts";

export type PoseidonState = readonly [Field, Field, Field, Field];
/** The Poseidon2 permutation of width 4. It must not change its argument. */
export type Permute = (state: PoseidonState) => PoseidonState;

/** The Poseidon2 permutation over BN254, width 4. */
export const poseidon2Permute: Permute = (state) => permuteInWasm(state) as unknown as PoseidonState;

const RATE = 3;

/** Sponge of rate 3; the capacity element starts as length * 2^64; the digest is the first element. */
export function poseidon2Hash(inputs: readonly Field[]): Field {
  let state: PoseidonState = [0n as Field, 0n as Field, 0n as Field, (BigInt(inputs.length) << 64n) as Field];
  for (let at = 0; at < inputs.length || at === 0; at += RATE) {
    const [a, b, c, capacity] = state;
    state = poseidon2Permute([
      sum(a, inputs[at] ?? 0n),
      sum(b, inputs[at + 1] ?? 0n),
      sum(c, inputs[at + 2] ?? 0n),
      capacity,
    ]);
  }
  return state[0];
}

function sum(a: Field, b: bigint): Field {
  return ((a + b) % BN254_R) as Field;
}

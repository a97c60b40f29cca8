import type { Branded } from "./brand.ts";
import { ProtocolError } from "./errors.ts";

/** Scalar field of BN254: the circuit's native field, and the field Grumpkin is defined over. */
export const BN254_R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
/** Base field of BN254: the order of Grumpkin. */
export const BN254_Q = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;
/** Scalar field of BLS12-381: words, challenges and values of blobs. */
export const BLS12_381_R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;

/** An element of the native field, canonical: 0 <= value < BN254_R. */
export type Field = Branded<bigint, "Field">;

export const ZERO = 0n as Field;

/** @throws {ProtocolError} `not-canonical` when the value is not below the modulus. */
export function toField(value: bigint): Field {
  if (value < 0n || value >= BN254_R) {
    throw new ProtocolError({
      code: "not-canonical",
      message: `${value} is not below the BN254 scalar modulus`,
      remedy: "Reduce the value where a rule says so, else refuse its source",
    });
  }
  return value as Field;
}

/** The value modulo BN254_R. */
export function reduceToField(value: bigint): Field {
  const rest = value % BN254_R;
  return (rest < 0n ? rest + BN254_R : rest) as Field;
}

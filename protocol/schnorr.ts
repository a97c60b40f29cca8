/**
 * Schnorr signatures on Grumpkin with a challenge of 128 bits.
 *
 *     R = k G        e = low 128 bits of H(R.x, R.y, P.x, P.y, m)        s = k - e sk mod n
 *     valid:  s < n  and  e = low 128 bits of H(R'.x, R'.y, P.x, P.y, m)  for  R' = s G + e P
 *
 * H is the Poseidon2 sponge. A challenge as long as the security level suffices (Neven, Smart, Warinschi 2009).
 */
import { sha512 } from "@noble/hashes/sha2.js";

import type { Branded } from "./brand.ts";
import { concatBytes, fromBytes, toBytes } from "./bytes.ts";
import type { Field } from "./field.ts";
import { fromLibraryPoint, Grumpkin, GRUMPKIN_ORDER, isOnCurve, type GrumpkinPoint } from "./grumpkin.ts";
import { poseidon2Hash } from "./poseidon2.ts";

/** 1 to n - 1. */
export type SecretKey = Branded<bigint, "SecretKey">;

export interface KeyPair {
  readonly secretKey: SecretKey;
  readonly publicKey: GrumpkinPoint;
}

export interface Signature {
  /** Canonical when below the group's order; an encoding may carry up to 256 bits. */
  readonly s: bigint;
  /** 128 bits. */
  readonly e: bigint;
}

const CHALLENGE_MASK = (1n << 128n) - 1n;

/** Key pair of a seed of at least 16 bytes with full entropy. */
export function schnorrKeyPair(seed: Uint8Array): KeyPair {
  const secretKey = nonZeroScalar("calpulli.key.v1", seed) as SecretKey;
  return { secretKey, publicKey: fromLibraryPoint(Grumpkin.BASE.multiply(secretKey)) };
}

/** Signs a field element. The nonce is derived from key and message: no randomness, the same signature each time. */
export function schnorrSign({ secretKey, publicKey }: KeyPair, message: Field): Signature {
  const k = nonZeroScalar("calpulli.nonce.v1", concatBytes(toBytes(secretKey, 32), toBytes(message, 32)));
  const R = fromLibraryPoint(Grumpkin.BASE.multiply(k));
  const e = challenge({ R, publicKey, message });
  const s = (((k - e * secretKey) % GRUMPKIN_ORDER) + GRUMPKIN_ORDER) % GRUMPKIN_ORDER;
  return { s, e };
}

/** Parameters of {@link schnorrVerify}. */
export interface SignatureClaim {
  readonly publicKey: GrumpkinPoint;
  readonly message: Field;
  readonly signature: Signature;
}

/** Whether a signature holds. Total: false for s >= n, for the key (0, 0) and for a key off the curve. */
export function schnorrVerify({ publicKey, message, signature: { s, e } }: SignatureClaim): boolean {
  if (s < 0n || s >= GRUMPKIN_ORDER || e < 0n || e > CHALLENGE_MASK) return false;
  if (!isOnCurve(publicKey)) return false;
  // R at infinity counts as (0, 0), as in the circuit.
  const R = fromLibraryPoint(Grumpkin.BASE.mulAddUnsafe(s, Grumpkin.fromAffine(publicKey), e));
  return challenge({ R, publicKey, message }) === e;
}

interface ChallengeInput {
  readonly R: GrumpkinPoint;
  readonly publicKey: GrumpkinPoint;
  readonly message: Field;
}

function challenge({ R, publicKey, message }: ChallengeInput): bigint {
  return poseidon2Hash([R.x, R.y, publicKey.x, publicKey.y, message]) & CHALLENGE_MASK;
}

/** 512 bits reduced: the bias is 2^-258. */
function nonZeroScalar(tag: string, data: Uint8Array): bigint {
  const digest = sha512(concatBytes(new TextEncoder().encode(tag), data));
  return (fromBytes(digest) % (GRUMPKIN_ORDER - 1n)) + 1n;
}

/** Public inputs of an epoch proof, and the challenge at which the epoch's blobs are opened. */
import type { Address } from "./address.ts";
import { ProtocolError } from "./errors.ts";
import { ZERO, type Field } from "./field.ts";
import { truncatedToField, type TruncatedHash } from "./hash.ts";
import { encodeParticipation, type Participation } from "./participation.ts";
import { poseidon2Hash, poseidon2Permute } from "./poseidon2.ts";
import type { Sizes } from "./sizes.ts";
import { foldWithdrawals, withdrawalChallenge } from "./withdrawal.ts";

/** Challenge of an epoch's opening. */
export interface Challenge {
  /** Point of evaluation, below 2^248: canonical in both fields. */
  readonly z: bigint;
  /** Factor that combines the blobs, below 2^128. */
  readonly gamma: bigint;
}

/** "z" */
const CHALLENGE_TAG = 0x7an as Field;
const LIMB_BITS = 120n;

/** Poseidon2 over the hashes of the usable words of every block slot; a slot without a block counts as zero words. */
export function dataHash(blobs: readonly (readonly bigint[])[], sizes: Sizes): Field {
  if (blobs.length > sizes.blocks || blobs.some((words) => words.length !== sizes.words)) {
    throw new ProtocolError({
      code: "wrong-length",
      message: `an epoch takes up to ${sizes.blocks} blobs of ${sizes.words} words`,
      remedy: "Use the words of `decodeBlob` with the sizes of this rollup",
    });
  }
  const empty = Array.from({ length: sizes.words }, () => 0n);
  const slots = Array.from({ length: sizes.blocks }, (_, i) => blobs[i] ?? empty);
  return poseidon2Hash(slots.map((words) => poseidon2Hash(words as readonly Field[])));
}

/** Both parts come from one permutation. The chain hash binds the blobs: it contains their versioned hashes. */
export function openingChallenge(data: Field, chainHashAfter: TruncatedHash): Challenge {
  const [first, second] = poseidon2Permute([data, truncatedToField(chainHashAfter), CHALLENGE_TAG, ZERO]);
  return { z: first & ((1n << 248n) - 1n), gamma: second & ((1n << 128n) - 1n) };
}

/** What an epoch proof is about. */
export interface EpochStatement {
  /** Of the block before the epoch's first one. */
  readonly chainHashBefore: TruncatedHash;
  /** Of the last block proven. */
  readonly chainHashAfter: TruncatedHash;
  readonly genesisChainHash: TruncatedHash;
  /** Who is paid; bound by the proof, so that nobody else can submit it as theirs. */
  readonly prover: Address;
  readonly challenge: Challenge;
  /** The combined polynomial's value at z, below the BLS12-381 scalar modulus. */
  readonly y: bigint;
  /** Words of the messages to L1, in order of execution. */
  readonly withdrawals: readonly bigint[];
  readonly participation: Participation;
}

/** Number of public inputs of an epoch proof. */
export const PUBLIC_INPUTS = 13;

/**
 * The 13 public inputs, in the verifier's order:
 *
 *     0  chain hash before    1  chain hash after    2  domain    3  prover    4  z    5  gamma
 *     6, 7, 8  y in limbs of 120 bits, lowest first    9  rho    10  folded withdrawals    11, 12  participation
 */
export function encodePublicInputs(statement: EpochStatement): Field[] {
  const { chainHashBefore, chainHashAfter, genesisChainHash, prover, challenge, y, withdrawals } = statement;
  const rho = withdrawalChallenge(chainHashAfter, withdrawals);
  return [
    truncatedToField(chainHashBefore),
    truncatedToField(chainHashAfter),
    truncatedToField(genesisChainHash),
    prover,
    challenge.z,
    challenge.gamma,
    ...toLimbs(y),
    rho,
    foldWithdrawals(rho, withdrawals),
    ...encodeParticipation(statement.participation),
  ] as Field[];
}

/** Three limbs of 120 bits, lowest first, of a number below 2^360. */
export function toLimbs(value: bigint): [bigint, bigint, bigint] {
  const limb = (i: bigint): bigint => (value >> (i * LIMB_BITS)) & ((1n << LIMB_BITS) - 1n);
  return [limb(0n), limb(1n), limb(2n)];
}

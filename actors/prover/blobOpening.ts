/** The opening of an epoch's blobs in the form L1 takes it: uncompressed commitments, and one KZG proof of the combination. */
import { bls12_381 } from "@noble/curves/bls12-381.js";
import cKzg from "c-kzg";

import { fromBytes, toBytes } from "../../protocol/bytes.ts";
import { BLS12_381_R } from "../../protocol/field.ts";
import type { Challenge } from "../../protocol/publicInputs.ts";
import { commitmentOf, ensureTrustedSetup } from "../l1/blobSidecar.ts";

const BLOB_BYTES = 131_072;
const WORD = 32;

/** Three words: x48 and y48 one after the other; zero for the point at infinity. */
export type PointWords = readonly [bigint, bigint, bigint];

export interface CombinedOpening {
  /** Commitments of the blobs, one a block. */
  points: PointWords[];
  /** KZG proof of the combined polynomial: 48 bytes and 16 zero bytes, as two words. */
  proof: readonly [bigint, bigint];
  /** Its value at z. */
  y: bigint;
}

/**
 * Opens Σ gamma^i p_i at z.
 * @param blobs usable words of each block's blob; the words behind them are zero
 */
export function openCombined({
  blobs,
  challenge,
}: {
  blobs: readonly (readonly bigint[])[];
  challenge: Challenge;
}): CombinedOpening {
  ensureTrustedSetup();
  const { z, gamma } = challenge;
  const combined = combine(blobs, gamma);
  const [proof, y] = cKzg.computeKzgProof(blobBytes(combined), toBytes(z, WORD));
  return {
    points: blobs.map((words) => pointWords(commitmentOf(blobBytes(words)))),
    proof: [fromBytes(proof.subarray(0, WORD)), fromBytes(proof.subarray(WORD)) << 128n],
    y: fromBytes(y),
  };
}

/** A compressed G1 point of 48 bytes, uncompressed. */
export function pointWords(commitment: Uint8Array): PointWords {
  const point = bls12_381.G1.Point.fromBytes(commitment);
  if (point.is0()) return [0n, 0n, 0n];
  const bytes = point.toBytes(false);
  return [
    fromBytes(bytes.subarray(0, 32)),
    fromBytes(bytes.subarray(32, 64)),
    fromBytes(bytes.subarray(64, 96)),
  ];
}

function combine(blobs: readonly (readonly bigint[])[], gamma: bigint): bigint[] {
  const sum: bigint[] = [];
  let factor = 1n;
  for (const words of blobs) {
    for (const [j, word] of words.entries()) sum[j] = ((sum[j] ?? 0n) + factor * word) % BLS12_381_R;
    factor = (factor * gamma) % BLS12_381_R;
  }
  return sum;
}

function blobBytes(words: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(BLOB_BYTES);
  for (const [j, word] of words.entries()) bytes.set(toBytes(word, WORD), WORD * j);
  return bytes;
}

/** Blobs, commitments and openings with c-kzg, in the forms the contracts take. */
import { bls12_381 } from "@noble/curves/bls12-381.js";
import ckzg from "c-kzg";
import { getBytes, hexlify, sha256, toBeHex } from "ethers";

export const BLS_R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const BLOB_BYTES = 131_072;

let loaded = false;

function kzg(): typeof ckzg {
  if (!loaded) {
    try {
      ckzg.loadTrustedSetup(0);
    } catch (error) {
      // One set-up a process: another module may have loaded it.
      if (!String(error).includes("already loaded")) throw error;
    }
    loaded = true;
  }
  return ckzg;
}

export interface Sidecar {
  words: bigint[];
  data: Uint8Array;
  commitment: Uint8Array;
  proof: Uint8Array;
  versionedHash: string;
}

export interface CombinedOpening {
  y: bigint;
  /** 48 bytes, then 16 zero bytes. */
  opening: [bigint, bigint];
}

export function encodeBlob(words: readonly bigint[]): Uint8Array {
  const data = new Uint8Array(BLOB_BYTES);
  words.forEach((word, i) => data.set(getBytes(toBeHex(word, 32)), 32 * i));
  return data;
}

export function makeSidecar(words: readonly bigint[]): Sidecar {
  const data = encodeBlob(words);
  const commitment = kzg().blobToKzgCommitment(data);
  const proof = kzg().computeBlobKzgProof(data, commitment);
  return { words: [...words], data, commitment, proof, versionedHash: versionedHashOf(commitment) };
}

export function versionedHashOf(commitment: Uint8Array): string {
  return `0x01${sha256(commitment).slice(4)}`;
}

/** x48 ‖ y48 in three words; the point at infinity is all zero. */
export function uncompress(commitment: Uint8Array): [bigint, bigint, bigint] {
  if (commitment[0]! & 0x40) return [0n, 0n, 0n];
  const { x, y } = bls12_381.G1.Point.fromHex(hexlify(commitment).slice(2)).toAffine();
  return splitPoint(x, y);
}

export function splitPoint(x: bigint, y: bigint): [bigint, bigint, bigint] {
  const all = (x << 384n) | y;
  const mask = (1n << 256n) - 1n;
  return [all >> 512n, (all >> 256n) & mask, all & mask];
}

/** Opens Σ gamma^i blob_i at z. */
export function openCombined(
  blobs: readonly (readonly bigint[])[],
  z: bigint,
  gamma: bigint,
): CombinedOpening {
  const combined: bigint[] = [];
  let factor = 1n;
  for (const words of blobs) {
    words.forEach((word, j) => {
      combined[j] = ((combined[j] ?? 0n) + factor * word) % BLS_R;
    });
    factor = (factor * gamma) % BLS_R;
  }
  const [proof, y] = kzg().computeKzgProof(encodeBlob(combined), getBytes(toBeHex(z, 32)));
  const padded = new Uint8Array(64);
  padded.set(proof);
  return {
    y: BigInt(hexlify(y)),
    opening: [BigInt(hexlify(padded.slice(0, 32))), BigInt(hexlify(padded.slice(32)))],
  };
}

/** A blob with what travels beside it: commitment, versioned hash and KZG proofs. */
import { createHash } from "node:crypto";
import cKzg from "c-kzg"; // CommonJS: its members are properties of the default export

import { ActorError } from "../support/actorError.ts";

const {
  BYTES_PER_BLOB,
  blobToKzgCommitment,
  computeBlobKzgProof,
  computeCellsAndKzgProofs,
  loadTrustedSetup,
} = cKzg;

/**
 * Format of a raw blob transaction: 0 carries one proof a blob (EIP-4844), 1 carries 128 cell proofs a blob
 * (EIP-7594; the only one that networks accept since Fusaka).
 */
export type BlobWrapperVersion = 0 | 1;

/** A blob ready to be sent. */
export interface BlobSidecar {
  blob: Uint8Array;
  /** 48 bytes, compressed. */
  commitment: Uint8Array;
  versionedHash: string;
  /** One proof (wrapper 0) or 128 of them one after another (wrapper 1), 48 bytes each. */
  proof: Uint8Array;
  wrapper: BlobWrapperVersion;
}

let loaded = false;

/** Loads Ethereum's trusted setup once in a process; later calls do nothing. */
export function ensureTrustedSetup(): void {
  if (loaded) return;
  loaded = true;
  try {
    loadTrustedSetup(0);
  } catch (error) {
    // c-kzg keeps one setup a process; another user of it in this process has loaded it already.
    if (!/already loaded/i.test(String(error))) throw error;
  }
}

/** Commitment of a blob, 48 bytes compressed. */
export function commitmentOf(blob: Uint8Array): Uint8Array {
  ensureTrustedSetup();
  return blobToKzgCommitment(blob);
}

/** `0x01` and the last 31 bytes of the commitment's SHA-256. */
export function versionedHashOf(commitment: Uint8Array): string {
  const digest = createHash("sha256").update(commitment).digest("hex");
  return `0x01${digest.slice(2)}`;
}

/** Whether a blob is the one of a versioned hash: 10 ms. */
export function isBlobOf(blob: Uint8Array, versionedHash: string): boolean {
  if (blob.length !== BYTES_PER_BLOB) return false;
  try {
    return versionedHashOf(commitmentOf(blob)) === versionedHash.toLowerCase();
  } catch {
    return false; // a word that is no field element: such a blob has no commitment
  }
}

/**
 * Computes commitment and proofs of a blob; 0.3 s for wrapper 1.
 * @throws ActorError BLOB_WRAPPER when `blob` has not 131,072 bytes
 */
export function makeBlobSidecar({
  blob,
  wrapper,
}: {
  blob: Uint8Array;
  wrapper: BlobWrapperVersion;
}): BlobSidecar {
  if (blob.length !== BYTES_PER_BLOB) {
    throw new ActorError(
      "BLOB_WRAPPER",
      `a blob has ${BYTES_PER_BLOB} bytes, this has ${blob.length}`,
      "pad it with zeros",
    );
  }
  const commitment = commitmentOf(blob);
  const proof =
    wrapper === 0 ? computeBlobKzgProof(blob, commitment) : joined(computeCellsAndKzgProofs(blob)[1]);
  return { blob, commitment, versionedHash: versionedHashOf(commitment), proof, wrapper };
}

function joined(proofs: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(proofs));
}

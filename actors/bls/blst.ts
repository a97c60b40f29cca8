/**
 * BLS12-381 for actors, by blst: a hundred times faster than the reference in `protocol/bls.ts`, and the same bytes.
 *
 * Keys of registered validators are taken as they are (their proofs of possession were checked on L1); signatures come
 * from the network, so each is checked to be a point of the group and not infinity.
 */
import {
  PublicKey as BlstKey,
  SecretKey,
  Signature as BlstSignature,
  aggregateSignatures,
  fastAggregateVerify,
} from "@chainsafe/blst";

import type { PublicKey, Signature } from "../../protocol/bls.ts";

/** Signs digests with one secret. */
export class BlsKey {
  readonly #secret: SecretKey;
  /** x, y: 96 bytes. */
  readonly publicKey: PublicKey;

  /** @param secret 32 bytes, positive and below the group's order. @throws Error for any other */
  constructor(secret: Uint8Array) {
    this.#secret = SecretKey.fromBytes(secret);
    this.publicKey = new Uint8Array(this.#secret.toPublicKey().toBytes(false)) as PublicKey;
  }

  sign(digest: Uint8Array): Signature {
    return new Uint8Array(this.#secret.sign(digest).toBytes(true)) as Signature;
  }
}

/** Keys by their bytes, so that a committee's are decompressed once. The oldest are forgotten first. */
const keys = new Map<string, BlstKey>();
const KEPT_KEYS = 4_096;

/** Whether a signature is of exactly these keys over the digest; false for bytes that are no signature. */
export function verifyAggregate(
  publicKeys: readonly PublicKey[],
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKeys.length === 0) return false;
  const point = signatureOf(signature);
  if (!point) return false;
  try {
    return fastAggregateVerify(digest, publicKeys.map(keyOf), point);
  } catch {
    return false; // keys that sum to infinity
  }
}

/** Whether bytes are a signature at all: a point of the group, not infinity. */
export function isSignature(signature: Uint8Array): boolean {
  return signatureOf(signature) !== undefined;
}

/** One signature for all of the same digest. @throws Error for bytes that are no signature, and for none */
export function aggregate(signatures: readonly Uint8Array[]): Signature {
  const points = signatures.map((signature) => BlstSignature.fromBytes(signature, true, true));
  return new Uint8Array(aggregateSignatures(points).toBytes(true)) as Signature;
}

function signatureOf(bytes: Uint8Array): BlstSignature | undefined {
  if (bytes.length !== 96) return undefined;
  try {
    return BlstSignature.fromBytes(bytes, true, true);
  } catch {
    return undefined;
  }
}

function keyOf(publicKey: PublicKey): BlstKey {
  const id = Buffer.from(publicKey).toString("latin1");
  const known = keys.get(id);
  if (known) return known;
  const key = BlstKey.fromBytes(publicKey);
  if (keys.size >= KEPT_KEYS) keys.delete(keys.keys().next().value!);
  keys.set(id, key);
  return key;
}

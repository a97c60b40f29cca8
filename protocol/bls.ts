/**
 * BLS12-381 signatures of attesters: keys in G1, signatures in G2, messages of 32 bytes. The reference; actors that check
 * many use a faster library with the same bytes.
 */
import { bls12_381 } from "@noble/curves/bls12-381.js";

import type { Address } from "./address.ts";
import type { Branded } from "./brand.ts";
import { bytesToHex, concatBytes, fromBytes, toBytes, toHex, wordsToBytes, type Hex } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import { keccak256, keccakText, keccakWords } from "./hash.ts";

/** A point of G1 in 96 bytes: x, y. */
export type PublicKey = Branded<Uint8Array, "PublicKey">;
/** A point of G2 in 96 bytes, compressed: flags and x.c1, x.c0. */
export type Signature = Branded<Uint8Array, "Signature">;
/** First 224 bits of keccak256 over a key as L1's precompiles take it, as a word whose last 32 bits are zero. */
export type KeyHash = Branded<bigint, "KeyHash">;

const SIGNATURE_TAG = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
const POSSESSION_TAG = "BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
const DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const POSSESSION_TYPE = "ProofOfPossession(bytes32 key,address withdrawer)";
const EXIT_TYPE = "Exit(bytes32 key)";
const COORDINATE = 48;

const scheme = bls12_381.longSignatures;
const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
type G1Point = InstanceType<typeof G1>;
type G2Point = InstanceType<typeof G2>;

/** @throws {ProtocolError} `out-of-range` for 0 or a number not below the group's order. */
export function blsPublicKey(secret: bigint): PublicKey {
  if (secret <= 0n || secret >= bls12_381.fields.Fr.ORDER) {
    throw new ProtocolError({
      code: "out-of-range",
      message: "a BLS secret key must be positive and below the group's order",
      remedy: "Generate the key anew",
    });
  }
  return fromG1(G1.BASE.multiply(secret));
}

/** A secret key from a seed with full entropy, of at least 32 bytes. */
export function blsSecretKey(seed: Uint8Array): bigint {
  const { Fr } = bls12_381.fields;
  return Fr.create(fromBytes(seed)) || 1n;
}

/** A key in 48 bytes: flags and x. */
export function compressKey(key: PublicKey): Uint8Array {
  return toG1(key).toBytes(true);
}

/** @throws {ProtocolError} `invalid-key` for bytes that are no point of the group. */
export function decompressKey(bytes: Uint8Array): PublicKey {
  return fromG1(
    checked("public key", () => {
      const point = G1.fromBytes(bytes);
      point.assertValidity();
      return point;
    }),
  );
}

/** Signs a digest, such as that of an attestation. */
export function blsSign(secret: bigint, digest: Uint8Array): Signature {
  return sign(secret, digest, SIGNATURE_TAG);
}

export function blsVerify(key: PublicKey, digest: Uint8Array, signature: Signature): boolean {
  return blsVerifyAggregate([key], digest, signature);
}

/**
 * One signature for all of the same digest.
 *
 * @throws {ProtocolError} `invalid-key` when a signature is no point of the group.
 */
export function blsAggregate(signatures: readonly Signature[]): Signature {
  return signatures.reduce((sum, signature) => sum.add(toG2(signature)), G2.ZERO).toBytes(true) as Signature;
}

/** Whether an aggregate is of exactly these keys over the digest. Keys that sum to infinity have no valid aggregate. */
export function blsVerifyAggregate(
  keys: readonly PublicKey[],
  digest: Uint8Array,
  signature: Signature,
): boolean {
  try {
    const sum = keys.reduce((total, key) => total.add(toG1(key)), G1.ZERO);
    if (sum.is0()) return false;
    return scheme.verify(toG2(signature), scheme.hash(digest, SIGNATURE_TAG), sum);
  } catch {
    return false;
  }
}

/** The registry that a key is registered with. */
export interface RegistryDomain {
  readonly chainId: bigint;
  readonly registry: Address;
}

/** What a proof of possession binds a key to. */
export interface PossessionRequest {
  readonly domain: RegistryDomain;
  /** Owner of the stake. */
  readonly withdrawer: Address;
}

/** Proves to the registry that the key's owner knows its secret, and registers it for this withdrawer only. */
export function provePossession(secret: bigint, request: PossessionRequest): Signature {
  return sign(secret, possessionDigest(blsPublicKey(secret), request), POSSESSION_TAG);
}

export function verifyPossession(key: PublicKey, request: PossessionRequest, proof: Signature): boolean {
  try {
    const point = toG1(key);
    if (point.is0()) return false;
    return scheme.verify(toG2(proof), scheme.hash(possessionDigest(key, request), POSSESSION_TAG), point);
  } catch {
    return false;
  }
}

export function possessionDigest(key: PublicKey, { domain, withdrawer }: PossessionRequest): Uint8Array {
  return typedDigest(domain, [keccakText(POSSESSION_TYPE), keyHash(key), withdrawer]);
}

/** Digest that the attester signs to leave; anyone may send it. */
export function exitDigest(key: PublicKey, domain: RegistryDomain): Uint8Array {
  return typedDigest(domain, [keccakText(EXIT_TYPE), keyHash(key)]);
}

/** The name of a validator on L1. */
export function keyHash(key: PublicKey): KeyHash {
  const pad = new Uint8Array(16);
  const padded = concatBytes(pad, key.subarray(0, COORDINATE), pad, key.subarray(COORDINATE));
  return ((fromBytes(keccak256(padded)) >> 32n) << 32n) as KeyHash;
}

/** The name of a validator as L1 shows it, 28 bytes. */
export function keyHashToHex(hash: KeyHash): Hex {
  return toHex(hash >> 32n, 28);
}

/** The same as a word, as permissioned sets list it. */
export function keyHashWord(hash: KeyHash): Hex {
  return toHex(hash, 32);
}

/** A key as the three words that L1 takes. */
export function keyWords(key: PublicKey): Hex[] {
  return words(key);
}

/** A compressed signature as the three words of a block. */
export function signatureWords(signature: Signature): Hex[] {
  return words(signature);
}

/**
 * A signature in full, as the six words that L1 takes: x.c0, x.c1, y.c0, y.c1.
 *
 * @throws {ProtocolError} `invalid-key` when it is no point of the curve.
 */
export function signaturePointWords(signature: Signature): Hex[] {
  const { x, y } = toG2(signature).toAffine();
  return words(concatBytes(...[x.c0, x.c1, y.c0, y.c1].map((value) => toBytes(value, COORDINATE))));
}

/**
 * A square root of (1 + u)(x^3 + 4(1 + u)) as four words (c0 and c1 of 64 bytes each): proof that the 96 bytes with this x
 * are no point. Undefined when they have the wrong form, which needs no proof, or are a point.
 */
export function noPointRoot(signature: Uint8Array): Hex[] | undefined {
  const { Fp2 } = bls12_381.fields;
  const c1 = fromBytes(signature.subarray(0, COORDINATE)) & ((1n << 381n) - 1n);
  const c0 = fromBytes(signature.subarray(COORDINATE));
  if (c0 >= bls12_381.fields.Fp.ORDER || c1 >= bls12_381.fields.Fp.ORDER) return undefined;
  const x = Fp2.create({ c0, c1 });
  const nonSquare = Fp2.create({ c0: 1n, c1: 1n });
  const right = Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.mul(nonSquare, 4n));
  try {
    const root = Fp2.sqrt(Fp2.mul(nonSquare, right));
    return words(concatBytes(toBytes(root.c0, 64), toBytes(root.c1, 64)));
  } catch {
    return undefined;
  }
}

function sign(secret: bigint, digest: Uint8Array, tag: string): Signature {
  return scheme.sign(scheme.hash(digest, tag), toBytes(secret, 32)).toBytes(true) as Signature;
}

function typedDigest({ chainId, registry }: RegistryDomain, struct: readonly bigint[]): Uint8Array {
  const separator = keccakWords([
    keccakText(DOMAIN_TYPE),
    keccakText("Calpulli"),
    keccakText("1"),
    chainId,
    registry,
  ]);
  return keccak256(concatBytes(Uint8Array.of(0x19, 0x01), wordsToBytes([separator, keccakWords(struct)])));
}

function fromG1(point: G1Point): PublicKey {
  const { x, y } = point.toAffine();
  return concatBytes(toBytes(x, COORDINATE), toBytes(y, COORDINATE)) as PublicKey;
}

function toG1(key: PublicKey): G1Point {
  return checked("public key", () => {
    const point = G1.fromAffine({
      x: fromBytes(key.subarray(0, COORDINATE)),
      y: fromBytes(key.subarray(COORDINATE)),
    });
    point.assertValidity();
    return point;
  });
}

function toG2(signature: Signature): G2Point {
  return checked("signature", () => G2.fromBytes(signature));
}

function checked<Point>(name: string, read: () => Point): Point {
  try {
    return read();
  } catch (error) {
    throw new ProtocolError({
      code: "invalid-key",
      message: `${name} is no point of the group: ${error instanceof Error ? error.message : String(error)}`,
      remedy: "Check the bytes against their source",
    });
  }
}

function words(bytes: Uint8Array): Hex[] {
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytesToHex(bytes.subarray(32 * i, 32 * i + 32)));
}

/** What L1 is shown of 96 bytes that were published as a signature. */
export type PublishedSignature =
  /** They are the compression of this point, in the group or not: x.c0, x.c1, y.c0, y.c1. */
  | { readonly type: "point"; readonly words: Hex[] }
  /** They are none: the four words of a root where that has to be shown, zeros where flags or range show it. */
  | { readonly type: "noPoint"; readonly root: Hex[] };

/** Opens what a proposer published, whatever it is. @throws {ProtocolError} `wrong-length` for other than 96 bytes. */
export function openPublishedSignature(bytes: Uint8Array): PublishedSignature {
  if (bytes.length !== 2 * COORDINATE) {
    throw new ProtocolError({
      code: "wrong-length",
      message: `a signature has ${2 * COORDINATE} bytes, this has ${bytes.length}`,
      remedy: "Take the three words of the block",
    });
  }
  const { Fp2, Fp } = bls12_381.fields;
  const first = fromBytes(bytes.subarray(0, COORDINATE));
  const x = { c1: first & ((1n << 381n) - 1n), c0: fromBytes(bytes.subarray(COORDINATE)) };
  const isCompressed = first >> 382n === 0b10n;
  if (!isCompressed || x.c0 >= Fp.ORDER || x.c1 >= Fp.ORDER) {
    return { type: "noPoint", root: words(new Uint8Array(4 * 32)) };
  }
  const root = noPointRoot(bytes);
  if (root) return { type: "noPoint", root };
  const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.create({ c0: 4n, c1: 4n })));
  const decisive = y.c1 === 0n ? y.c0 : y.c1;
  const isLarger = decisive > (Fp.ORDER - 1n) / 2n;
  const wantsLarger = ((first >> 381n) & 1n) === 1n;
  const { c0, c1 } = isLarger === wantsLarger ? y : Fp2.neg(y);
  return {
    type: "point",
    words: words(concatBytes(...[x.c0, x.c1, c0, c1].map((value) => toBytes(value, COORDINATE)))),
  };
}

/**
 * The secret of the development reference string, published: who knows it can prove anything. It makes keys and
 * verifiers the same on every machine without a download, and is fit for local networks only.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

export const BN254_BASE = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;
export const BN254_SCALAR = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;

export const TAU =
  BigInt(`0x${bytesToHex(sha256(utf8ToBytes("calpulli.development-string.v1")))}`) % BN254_SCALAR;

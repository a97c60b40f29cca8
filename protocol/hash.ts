import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

import type { Branded } from "./brand.ts";
import { fromBytes, wordsToBytes } from "./bytes.ts";
import type { Field } from "./field.ts";

/** A SHA-256 digest of which the first 31 bytes are kept and the last is zero, as a 32-byte word. */
export type TruncatedHash = Branded<bigint, "TruncatedHash">;

export function sha256(data: Uint8Array): Uint8Array {
  return nobleSha256(data);
}

export function keccak256(data: Uint8Array): Uint8Array {
  return keccak_256(data);
}

/** keccak256 of 32-byte words, as a word. */
export function keccakWords(words: readonly bigint[]): bigint {
  return fromBytes(keccak_256(wordsToBytes(words)));
}

/** keccak256 of a text's UTF-8 bytes, as a word. */
export function keccakText(text: string): bigint {
  return fromBytes(keccak_256(new TextEncoder().encode(text)));
}

/** SHA-256 of 32-byte words with the last byte cleared: it fits the native field and stays aligned to words. */
export function truncatedSha256(words: readonly bigint[]): TruncatedHash {
  return ((fromBytes(nobleSha256(wordsToBytes(words))) >> 8n) << 8n) as TruncatedHash;
}

/** The 31 kept bytes as an integer: below 2^248, so a field element. */
export function truncatedToField(hash: TruncatedHash): Field {
  return (hash >> 8n) as Field;
}

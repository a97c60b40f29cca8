/**
 * What committee members send each other: signed proposals and attestations, each in one canonical encoding. Both carry
 * every word that their signature covers, so each is evidence by itself.
 *
 *     proposal       version8 = 1 | kind8 = 1 | position8 | header (5 words) | messages16 | modifier16 | coinbase160
 *                    | words16 | words of the blob, 256 bits each | signature of 96 bytes
 *     attestation    version8 = 1 | kind8 = 2 | position8 | slot32 | chainHash256 | modifier16 | coinbase160
 *                    | signature of 96 bytes
 *
 * The words are the blob without the zero words at its end. Whatever a blob can hold can be sent, malformed ones too:
 * the signature covers the versioned hash, and whoever re-executes must see what it stands for.
 */
import type { Address } from "./address.ts";
import type { AttestedBlock } from "./attestation.ts";
import { BLOB_BYTES, BLOB_WORDS } from "./blob.ts";
import type { Signature } from "./bls.ts";
import { concatBytes, fromBytes, toBytes, wordsToBytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import type { TruncatedHash } from "./hash.ts";
import { chainHash, decodeHeader, encodeHeader, type Header, type HeaderWords } from "./header.ts";
import { COMMITTEE_SIZE } from "./sizes.ts";
import { toSlot } from "./time.ts";
import { fromInt16, toInt16 } from "./words.ts";

/** A block that its proposer shows to the committee before it is published. */
export interface SignedProposal {
  /** Committee position of the proposer, whose key signed. */
  readonly position: number;
  readonly header: Header;
  /** Messages that the block consumes; what they are is L1's to know. */
  readonly messages: number;
  /** The proposer's step of the exchange rate, signed, 16 bits. */
  readonly modifier: number;
  readonly coinbase: Address;
  /** The whole blob, 131,072 bytes. */
  readonly blob: Uint8Array;
  /** Over the digest of kind "Proposal". */
  readonly signature: Signature;
}

/** A member's word on a block. */
export interface SignedAttestation {
  /** Committee position of the member, whose key signed. */
  readonly position: number;
  readonly block: AttestedBlock;
  /** Over the digest of kind "Attestation". */
  readonly signature: Signature;
}

const VERSION = 1;
const KIND_PROPOSAL = 1;
const KIND_ATTESTATION = 2;

const SIGNATURE_BYTES = 96;
const HEADER_BYTES = 160;
const PROPOSAL_FIXED = 3 + HEADER_BYTES + 2 + 2 + 20 + 2 + SIGNATURE_BYTES;

/** Bytes of the longest proposal: one whose blob is full. */
export const MAX_PROPOSAL_BYTES = PROPOSAL_FIXED + BLOB_BYTES;
/** Bytes of every attestation. */
export const ATTESTATION_BYTES = 3 + 4 + 32 + 2 + 20 + SIGNATURE_BYTES;

/** What a proposal's signature covers, and what its attesters sign. */
export function attestedBlockOf({
  header,
  modifier,
  coinbase,
}: Pick<SignedProposal, "header" | "modifier" | "coinbase">): AttestedBlock {
  return { slot: header.slot, chainHash: chainHash(header), modifier, coinbase };
}

/** @throws {ProtocolError} `out-of-range`, `wrong-length` */
export function encodeProposal(proposal: SignedProposal): Uint8Array {
  const { position, header, messages, modifier, coinbase, blob, signature } = proposal;
  if (blob.length !== BLOB_BYTES) throw wrongLength(`a blob of ${blob.length} bytes`);
  const words = usedWords(blob);
  return concatBytes(
    head(KIND_PROPOSAL, position),
    wordsToBytes(encodeHeader(header)),
    toBytes(BigInt(messages), 2),
    toBytes(fromInt16(modifier), 2),
    toBytes(coinbase, 20),
    toBytes(BigInt(words), 2),
    blob.subarray(0, 32 * words),
    signed(signature),
  );
}

/**
 * The proposal of canonical bytes; nothing is said about what it claims or who signed it.
 *
 * @throws {ProtocolError} `wrong-length`, `not-canonical`, `out-of-range`
 */
export function decodeProposal(bytes: Uint8Array): SignedProposal {
  if (bytes.length < PROPOSAL_FIXED) throw wrongLength(`a proposal of ${bytes.length} bytes`);
  const reader = new Reader(bytes);
  const position = readHead(reader, KIND_PROPOSAL);
  const headerWords = Array.from({ length: 5 }, () => reader.number(32)) as unknown as HeaderWords;
  const messages = Number(reader.number(2));
  const modifier = toInt16(reader.number(2));
  const coinbase = reader.number(20) as Address;
  const words = Number(reader.number(2));
  if (words > BLOB_WORDS || bytes.length !== PROPOSAL_FIXED + 32 * words) {
    throw wrongLength(`a proposal of ${bytes.length} bytes with ${words} words`);
  }
  const blob = new Uint8Array(BLOB_BYTES);
  blob.set(reader.bytes(32 * words));
  if (usedWords(blob) !== words) throw notCanonical("the last word of a proposal's blob is zero");
  const header = decodeHeader(headerWords);
  // What the header's layout has no field for would be lost, and with it what was signed.
  const again = encodeHeader(header);
  if (headerWords.some((word, i) => word !== again[i])) throw notCanonical("spare bits of a header are set");
  const signature = reader.bytes(SIGNATURE_BYTES) as Signature;
  return { position, header, messages, modifier, coinbase, blob, signature };
}

/** @throws {ProtocolError} `out-of-range`, `wrong-length` */
export function encodeAttestation({ position, block, signature }: SignedAttestation): Uint8Array {
  return concatBytes(
    head(KIND_ATTESTATION, position),
    toBytes(BigInt(block.slot), 4),
    toBytes(block.chainHash, 32),
    toBytes(fromInt16(block.modifier), 2),
    toBytes(block.coinbase, 20),
    signed(signature),
  );
}

/** @throws {ProtocolError} `wrong-length`, `not-canonical`, `out-of-range` */
export function decodeAttestation(bytes: Uint8Array): SignedAttestation {
  if (bytes.length !== ATTESTATION_BYTES) throw wrongLength(`an attestation of ${bytes.length} bytes`);
  const reader = new Reader(bytes);
  const position = readHead(reader, KIND_ATTESTATION);
  const slot = toSlot(reader.number(4));
  const hash = reader.number(32);
  if ((hash & 0xffn) !== 0n) throw notCanonical("the last byte of a chain hash is not zero");
  const modifier = toInt16(reader.number(2));
  const coinbase = reader.number(20) as Address;
  const signature = reader.bytes(SIGNATURE_BYTES) as Signature;
  return {
    position,
    block: { slot, chainHash: hash as TruncatedHash, modifier, coinbase },
    signature,
  };
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  bytes(length: number): Uint8Array {
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  number(length: number): bigint {
    return fromBytes(this.bytes(length));
  }
}

function head(kind: number, position: number): Uint8Array {
  assertPosition(position);
  return Uint8Array.of(VERSION, kind, position);
}

function readHead(reader: Reader, expected: number): number {
  const [version, kind, position] = reader.bytes(3) as unknown as [number, number, number];
  if (version !== VERSION) throw notCanonical(`version ${version} of a message`);
  if (kind !== expected) throw notCanonical(`kind ${kind} of a message, not ${expected}`);
  assertPosition(position);
  return position;
}

function assertPosition(position: number): void {
  if (Number.isInteger(position) && position >= 0 && position < COMMITTEE_SIZE) return;
  throw new ProtocolError({
    code: "out-of-range",
    message: `${position} is no position of a committee`,
    remedy: `Give a position from 0 to ${COMMITTEE_SIZE - 1}`,
  });
}

function signed(signature: Uint8Array): Uint8Array {
  if (signature.length !== SIGNATURE_BYTES) throw wrongLength(`a signature of ${signature.length} bytes`);
  return signature;
}

/** Words up to the last that is not zero. */
function usedWords(blob: Uint8Array): number {
  let end = blob.length;
  while (end > 0 && blob[end - 1] === 0) end--;
  return Math.ceil(end / 32);
}

function wrongLength(what: string): ProtocolError {
  return new ProtocolError({
    code: "wrong-length",
    message: `${what} has the wrong length`,
    remedy: "Drop the message",
  });
}

function notCanonical(what: string): ProtocolError {
  return new ProtocolError({
    code: "not-canonical",
    message: `not the canonical encoding: ${what}`,
    remedy: "Drop the message",
  });
}

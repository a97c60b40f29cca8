/**
 * A block's blob: 4096 words of 32 bytes, big-endian.
 *
 *     0               count of transactions; more than the slots of a block means none
 *     1+4i .. 4+4i    transaction i, i < count
 *     .. N-1          zero when encoded here; ignored by the ledger whatever they hold
 *     N .. 4095       zero
 *
 * Every word is below 2^248. A blob that breaks the last two lines is malformed: its block can be proven by nobody, so
 * attesters refuse it, and whoever published it is convicted by one opening.
 */
import { fromBytes, lengthWithoutZeros, toBytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import { WORDS_PER_TRANSACTION, type Sizes } from "./sizes.ts";
import type { TransactionWords } from "./transaction.ts";

export const BLOB_WORDS = 4096;
export const BLOB_BYTES = 32 * BLOB_WORDS;

/** The usable part of a well-formed blob. */
export interface BlockData {
  /** All N usable words. */
  readonly words: readonly bigint[];
  /** Word 0 as it stands. */
  readonly declaredCount: bigint;
  /** Transactions to execute: `declaredCount`, or 0 when it is more than a block takes. */
  readonly count: number;
  /** The four words of each transaction slot, executed or not. */
  readonly slots: readonly TransactionWords[];
  /** Non-zero words behind the last transaction: paid for, ignored, worth a warning. */
  readonly hasRubbish: boolean;
}

/** What makes a blob malformed. */
export interface BlobFault {
  readonly reason: "word-too-large" | "data-behind-end";
  /** Position of the word, 0 to 4095: what an opening on L1 shows. */
  readonly position: number;
  readonly word: bigint;
}

/** What {@link decodeBlob} throws: names the word that an opening on L1 convicts. */
export class MalformedBlobError extends ProtocolError {
  override readonly name = "MalformedBlobError";
  readonly fault: BlobFault;

  constructor(fault: BlobFault) {
    super({
      code: "malformed-blob",
      message: `blob is malformed at word ${fault.position}: ${fault.reason}`,
      remedy: "Do not attest to its block; a published one can be convicted by an opening at this word",
    });
    this.fault = fault;
  }
}

/**
 * The blob of a block.
 *
 * @throws {ProtocolError} `too-many-transactions`, or `out-of-range` for a word over 248 bits.
 */
export function encodeBlob(transactions: readonly TransactionWords[], sizes: Sizes): Uint8Array {
  if (transactions.length > sizes.transactions) {
    throw new ProtocolError({
      code: "too-many-transactions",
      message: `${transactions.length} transactions do not fit in a block of ${sizes.transactions}`,
      remedy: "Leave the rest for the next block",
    });
  }
  const bytes = new Uint8Array(BLOB_BYTES);
  for (const [i, word] of [BigInt(transactions.length), ...transactions.flat()].entries()) {
    bytes.set(toBytes(word, 31), 32 * i + 1);
  }
  return bytes;
}

/** First fault of a blob from the front, if there is one. @throws {ProtocolError} `wrong-length` */
export function findBlobFault(bytes: Uint8Array, sizes: Sizes): BlobFault | undefined {
  assertLength(bytes);
  const end = lengthWithoutZeros(bytes);
  for (let position = 0; 32 * position < end; position++) {
    const word = (): bigint => blobWord(bytes, position);
    if (bytes[32 * position] !== 0) return { reason: "word-too-large", position, word: word() };
    if (position >= sizes.words && word() !== 0n)
      return { reason: "data-behind-end", position, word: word() };
  }
  return undefined;
}

/** @throws {MalformedBlobError} `malformed-blob`, or {ProtocolError} `wrong-length` */
export function decodeBlob(bytes: Uint8Array, sizes: Sizes): BlockData {
  const fault = findBlobFault(bytes, sizes);
  if (fault !== undefined) throw new MalformedBlobError(fault);
  return readWords(Array.from({ length: sizes.words }, (_, i) => blobWord(bytes, i)));
}

/** What a builder's transactions become once published: the blob's content without its 131,072 bytes. */
export function blockDataOf(transactions: readonly TransactionWords[], sizes: Sizes): BlockData {
  return decodeBlob(encodeBlob(transactions, sizes), sizes);
}

function readWords(words: readonly bigint[]): BlockData {
  const declaredCount = words[0] ?? 0n;
  const slots = Array.from({ length: (words.length - 1) / WORDS_PER_TRANSACTION }, (_, i) => {
    const at = 1 + WORDS_PER_TRANSACTION * i;
    return words.slice(at, at + WORDS_PER_TRANSACTION) as unknown as TransactionWords;
  });
  const count = declaredCount > BigInt(slots.length) ? 0 : Number(declaredCount);
  const hasRubbish = words.slice(1 + WORDS_PER_TRANSACTION * count).some((word) => word !== 0n);
  return { words, declaredCount, count, slots, hasRubbish };
}

function blobWord(bytes: Uint8Array, position: number): bigint {
  return fromBytes(bytes.subarray(32 * position, 32 * position + 32));
}

function assertLength(bytes: Uint8Array): void {
  if (bytes.length === BLOB_BYTES) return;
  throw new ProtocolError({
    code: "wrong-length",
    message: `a blob has ${BLOB_BYTES} bytes, this has ${bytes.length}`,
    remedy: "Fetch the whole blob, not its usable part",
  });
}

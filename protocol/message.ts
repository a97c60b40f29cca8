/**
 * A message from L1 to the ledger: 22 big-endian words of 32 bits.
 *
 *     0       type8 | index24
 *     1       parity of the key's y (deposits), nonce (forced transactions)
 *     2..6    address160: L1 sender (deposits), `to` (forced transactions)
 *     7..9    amount96
 *     10..17  x coordinate of the key (deposits), s (forced transactions)
 *     18..21  0 (deposits), e128 (forced transactions)
 *
 * The rolling hash takes them all: hash_k = first 28 bytes of sha256(hash_{k-1} ‖ message_k), hash_0 = 0.
 */
import type { Address } from "./address.ts";
import type { Branded } from "./brand.ts";
import { concatBytes, fromBytes, toBytes, wordsToBytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import { BN254_R } from "./field.ts";
import { sha256 } from "./hash.ts";
import type { Signature } from "./schnorr.ts";
import { MAX_ACCOUNTS } from "./sizes.ts";
import { encodeTransaction, KIND_TRANSFER, KIND_WITHDRAW, type TransactionBody } from "./transaction.ts";
import type { TransactionKind, TransactionWords } from "./transaction.ts";
import { wordLayout } from "./words.ts";

export const MESSAGE_FEE_DEPOSIT = 1;
export const MESSAGE_ASSET_DEPOSIT = 2;
export const MESSAGE_FORCED_TRANSFER = 3;
export const MESSAGE_FORCED_WITHDRAW = 4;
/** A forced transaction's message type is its kind plus this. */
const FORCED_OFFSET = 2;

export const MESSAGE_BYTES = 88;

/** Tokens for a leaf. L1 has checked that the key is a point of Grumpkin. */
export interface Deposit {
  readonly type: typeof MESSAGE_FEE_DEPOSIT | typeof MESSAGE_ASSET_DEPOSIT;
  /** Leaf index, below 2^20. */
  readonly index: number;
  readonly keyX: bigint;
  /** Lowest bit of the key's y. */
  readonly keyParity: number;
  /** Base units, below 2^96. */
  readonly amount: bigint;
  /** Gets the tokens back when the leaf has another key. */
  readonly sender: Address;
}

/** A signed transaction posted on L1; both maximal fees are 0, and it pays nothing in the ledger. */
export interface ForcedTransaction {
  readonly type: typeof MESSAGE_FORCED_TRANSFER | typeof MESSAGE_FORCED_WITHDRAW;
  /** Leaf index of the sender, 24 bits. */
  readonly from: number;
  /** Leaf index of the receiver or L1 address. */
  readonly to: bigint;
  readonly nonce: number;
  /** Base units of the asset, below 2^96. */
  readonly amount: bigint;
  /** s may have up to 256 bits: whoever posted it may have written nonsense. */
  readonly signature: Signature;
}

export type Message = Deposit | ForcedTransaction;

/** The Inbox's rolling hash: 224 bits. */
export type MessageHash = Branded<bigint, "MessageHash">;

/** Rolling hash before the first message. */
export const EMPTY_MESSAGE_HASH = 0n as MessageHash;

const LAYOUT = wordLayout("message", {
  type: 8,
  index: 24,
  nonceOrParity: 32,
  address: 160,
  amount: 96,
  keyOrS: 256,
  e: 128,
});

export function isDeposit(message: Message): message is Deposit {
  return message.type === MESSAGE_FEE_DEPOSIT || message.type === MESSAGE_ASSET_DEPOSIT;
}

/** 88 bytes. @throws {ProtocolError} `out-of-range` */
export function encodeMessage(message: Message): Uint8Array {
  const fields = isDeposit(message)
    ? {
        type: BigInt(message.type),
        index: BigInt(message.index),
        nonceOrParity: BigInt(message.keyParity),
        address: message.sender,
        amount: message.amount,
        keyOrS: message.keyX,
        e: 0n,
      }
    : {
        type: BigInt(message.type),
        index: BigInt(message.from),
        nonceOrParity: BigInt(message.nonce),
        address: message.to,
        amount: message.amount,
        keyOrS: message.signature.s,
        e: message.signature.e,
      };
  return toBytes(LAYOUT.pack(fields), MESSAGE_BYTES);
}

/**
 * Refuses what L1 never sends.
 *
 * @throws {ProtocolError} `invalid-message-encoding`
 */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length !== MESSAGE_BYTES) throw invalid(`it has ${bytes.length} bytes, not ${MESSAGE_BYTES}`);
  const { type, index, nonceOrParity, address, amount, keyOrS, e } = LAYOUT.unpack(fromBytes(bytes));
  const kind = Number(type);

  switch (kind) {
    case MESSAGE_FEE_DEPOSIT:
    case MESSAGE_ASSET_DEPOSIT:
      if (index >= MAX_ACCOUNTS) throw invalid(`leaf ${index} does not exist`);
      if (nonceOrParity > 1n) throw invalid(`the parity is ${nonceOrParity}`);
      if (keyOrS >= BN254_R) throw invalid("the key's x is not below the field's modulus");
      if (e !== 0n) throw invalid("a deposit has a challenge");
      return {
        type: kind,
        index: Number(index),
        keyX: keyOrS,
        keyParity: Number(nonceOrParity),
        amount,
        sender: address as Address,
      };
    case MESSAGE_FORCED_TRANSFER:
    case MESSAGE_FORCED_WITHDRAW:
      return {
        type: kind,
        from: Number(index),
        to: address,
        nonce: Number(nonceOrParity),
        amount,
        signature: { s: keyOrS, e },
      };
    default:
      throw invalid(`type ${kind} does not exist`);
  }
}

/** The 88 bytes as three words of 32 bytes, filled up with zeros behind: the form in the Inbox's event. */
export function messageToWords(message: Message): readonly [bigint, bigint, bigint] {
  const bytes = concatBytes(encodeMessage(message), new Uint8Array(8));
  return [fromBytes(bytes.subarray(0, 32)), fromBytes(bytes.subarray(32, 64)), fromBytes(bytes.subarray(64))];
}

/** @throws {ProtocolError} `invalid-message-encoding` */
export function messageFromWords(words: readonly bigint[]): Message {
  if (words.length !== 3) throw invalid(`it has ${words.length} words, not 3`);
  const bytes = wordsToBytes(words);
  if (bytes.subarray(MESSAGE_BYTES).some((byte) => byte !== 0)) throw invalid("data follows its 88 bytes");
  return decodeMessage(bytes.subarray(0, MESSAGE_BYTES));
}

/** The 22 words of 32 bits that the circuit takes. */
export function messageToUint32s(message: Message): number[] {
  const bytes = encodeMessage(message);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: MESSAGE_BYTES / 4 }, (_, i) => view.getUint32(4 * i));
}

/** Rolling hash after one more message. @throws {ProtocolError} `out-of-range` */
export function rollMessageHash(previous: MessageHash, message: Message): MessageHash {
  const digest = sha256(concatBytes(toBytes(previous, 28), encodeMessage(message)));
  return fromBytes(digest.subarray(0, 28)) as MessageHash;
}

/** Rolling hash after a run of messages. */
export function rollMessageHashes(previous: MessageHash, messages: readonly Message[]): MessageHash {
  return messages.reduce(rollMessageHash, previous);
}

/** What a forced transaction does, as the body that its sender signed. */
export function forcedBody(message: ForcedTransaction): TransactionBody {
  const { from, to, nonce, amount } = message;
  const kind = (message.type - FORCED_OFFSET) as TransactionKind;
  return { kind, from, to, nonce, amount, maxFeePerL2Gas: 0n, maxFeePerDaGas: 0n };
}

/** Parameters of {@link forceTransaction}. */
export interface ForcedRequest {
  readonly body: Omit<TransactionBody, "maxFeePerL2Gas" | "maxFeePerDaGas">;
  /** Over the body with both maximal fees 0. */
  readonly signature: Signature;
}

/** The message that forces a signed transaction. @throws {ProtocolError} `invalid-message-encoding` */
export function forceTransaction({ body, signature }: ForcedRequest): ForcedTransaction {
  if (body.kind !== KIND_TRANSFER && body.kind !== KIND_WITHDRAW)
    throw invalid(`kind ${body.kind} does not exist`);
  const type = body.kind === KIND_TRANSFER ? MESSAGE_FORCED_TRANSFER : MESSAGE_FORCED_WITHDRAW;
  return { type, from: body.from, to: body.to, nonce: body.nonce, amount: body.amount, signature };
}

/**
 * Blob words of a forced transaction; only for a canonical s.
 *
 * @throws {ProtocolError} `out-of-range` when s has more than 254 bits.
 */
export function forcedWords(message: ForcedTransaction): TransactionWords {
  return encodeTransaction({ ...forcedBody(message), signature: message.signature });
}

function invalid(reason: string): ProtocolError {
  return new ProtocolError({
    code: "invalid-message-encoding",
    message: `message is invalid: ${reason}`,
    remedy: "Take messages from the Inbox's events of this rollup only",
  });
}

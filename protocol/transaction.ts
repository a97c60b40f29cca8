/**
 * A signed transaction: four blob words of 248 bits, each right-aligned in 32 bytes.
 *
 *     0   kind8 | from32 | to160 | nonce32 | spare16 (zero)
 *     1   amount96 | maxFeePerL2Gas64 | maxFeePerDaGas64 | spare24 (zero)
 *     2   s & (2^248 - 1)
 *     3   spare114 (zero) | sHigh6 | e128                                     s = sHigh * 2^248 + word 2
 *
 * The signature is over Poseidon2(domain, word 0, word 1).
 */
import { ProtocolError } from "./errors.ts";
import type { Field } from "./field.ts";
import { poseidon2Hash } from "./poseidon2.ts";
import { schnorrSign, type KeyPair, type Signature } from "./schnorr.ts";
import { wordLayout } from "./words.ts";

/** `to` is a leaf index. */
export const KIND_TRANSFER = 1;
/** `to` is an L1 address. */
export const KIND_WITHDRAW = 2;
export type TransactionKind = typeof KIND_TRANSFER | typeof KIND_WITHDRAW;

/** What the sender signs. */
export interface TransactionBody {
  /** 8 bits; the ledger skips a kind it does not know. */
  readonly kind: number;
  /** Leaf index of the sender, 32 bits. */
  readonly from: number;
  /** Leaf index of the receiver or L1 address, 160 bits. */
  readonly to: bigint;
  /** 32 bits; equals the sender's nonce. */
  readonly nonce: number;
  /** Base units of the asset, below 2^96. */
  readonly amount: bigint;
  /** Most the sender pays for a unit of L2 gas, in base units of fee juice; 64 bits. */
  readonly maxFeePerL2Gas: bigint;
  /** Most the sender pays for a unit of DA gas, in base units of fee juice; 64 bits. */
  readonly maxFeePerDaGas: bigint;
}

export interface Transaction extends TransactionBody {
  readonly signature: Signature;
}

export type TransactionWords = readonly [bigint, bigint, bigint, bigint];

export const EMPTY_TRANSACTION_WORDS: TransactionWords = [0n, 0n, 0n, 0n];

const WORD_0 = wordLayout("transaction", { kind: 8, from: 32, to: 160, nonce: 32, spare: 16 });
const WORD_1 = wordLayout("transaction", { amount: 96, maxFeePerL2Gas: 64, maxFeePerDaGas: 64, spare: 24 });
const WORD_3 = wordLayout("transaction", { spare: 114, sHigh: 6, e: 128 });
const LOW_248 = (1n << 248n) - 1n;

/** A transaction as its words say, canonical or not. */
export interface RawTransaction extends Transaction {
  readonly spareIsZero: boolean;
}

/** Words 0 and 1, which are signed. @throws {ProtocolError} `out-of-range` */
export function encodeBody(body: TransactionBody): readonly [bigint, bigint] {
  const { kind, from, to, nonce, amount, maxFeePerL2Gas, maxFeePerDaGas } = body;
  return [
    WORD_0.pack({ kind: BigInt(kind), from: BigInt(from), to, nonce: BigInt(nonce), spare: 0n }),
    WORD_1.pack({ amount, maxFeePerL2Gas, maxFeePerDaGas, spare: 0n }),
  ];
}

/** @throws {ProtocolError} `out-of-range` when a field does not fit; s may have up to 254 bits. */
export function encodeTransaction(transaction: Transaction): TransactionWords {
  const { s, e } = transaction.signature;
  const [word0, word1] = encodeBody(transaction);
  return [word0, word1, s & LOW_248, WORD_3.pack({ spare: 0n, sHigh: s >> 248n, e })];
}

/** Fields of any four words of 248 bits. @throws {ProtocolError} `out-of-range` for a wider word. */
export function readTransaction(words: TransactionWords): RawTransaction {
  const head = WORD_0.unpack(words[0]);
  const amounts = WORD_1.unpack(words[1]);
  const tail = WORD_3.unpack(words[3]);
  if (words[2] >> 248n !== 0n) throw notCanonical("word 2 has more than 248 bits");
  return {
    kind: Number(head.kind),
    from: Number(head.from),
    to: head.to,
    nonce: Number(head.nonce),
    amount: amounts.amount,
    maxFeePerL2Gas: amounts.maxFeePerL2Gas,
    maxFeePerDaGas: amounts.maxFeePerDaGas,
    signature: { s: (tail.sHigh << 248n) | words[2], e: tail.e },
    spareIsZero: head.spare === 0n && amounts.spare === 0n && tail.spare === 0n,
  };
}

/**
 * A transaction of canonical words; `encodeTransaction` gives the same words back.
 *
 * @throws {ProtocolError} `invalid-transaction-encoding` for spare bits that are set or a word over 248 bits.
 */
export function decodeTransaction(words: TransactionWords): Transaction {
  for (const [i, word] of words.entries()) {
    if (word < 0n || word >> 248n !== 0n) throw notCanonical(`word ${i} has more than 248 bits`);
  }
  const { spareIsZero, ...transaction } = readTransaction(words);
  if (!spareIsZero) throw notCanonical("spare bits are set");
  return transaction;
}

/**
 * The field element that a sender signs. `domain` is the genesis chain hash as a field element: a signature holds on
 * one chain and one rollup only.
 */
export function signingMessage(domain: Field, word0: bigint, word1: bigint): Field {
  return poseidon2Hash([domain, word0 as Field, word1 as Field]);
}

/** Parameters of {@link signTransaction}. */
export interface SigningRequest {
  readonly domain: Field;
  readonly keyPair: KeyPair;
  readonly body: TransactionBody;
}

/** @throws {ProtocolError} `out-of-range` */
export function signTransaction({ domain, keyPair, body }: SigningRequest): Transaction {
  const signature = schnorrSign(keyPair, signingMessage(domain, ...encodeBody(body)));
  return { ...body, signature };
}

function notCanonical(message: string): ProtocolError {
  return new ProtocolError({
    code: "invalid-transaction-encoding",
    message: `transaction is not canonical: ${message}`,
    remedy: "Encode it with `encodeTransaction`; drop it when it came from a peer",
  });
}

/**
 * What a wallet asks of the ledger. A node answers in its own process ({@link NodeLedger}) or through HTTP
 * ({@link RpcClient}); both give the same values and throw the same codes.
 *
 * The schemas are the one definition of these values: types follow from them, the server encodes with them, the client
 * decodes and checks with them. Amounts travel as decimal text, words as 0x and 64 digits.
 */
import { z } from "zod";

import { toHex } from "../../protocol/bytes.ts";
import { MAX_ACCOUNTS } from "../../protocol/sizes.ts";
import type { Transaction } from "../../protocol/transaction.ts";

const amount = z.codec(z.string().regex(/^\d{1,78}$/), z.bigint(), {
  decode: (text) => BigInt(text),
  encode: (value) => String(value),
});
const word = z.codec(z.string().regex(/^0x[0-9a-fA-F]{64}$/), z.bigint(), {
  decode: (text) => BigInt(text),
  encode: (value) => toHex(value),
});
const whole = z.number().int().nonnegative();
const leaf = whole.max(MAX_ACCOUNTS - 1);
const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);

/** Blocks for which an estimate can be asked for. */
export const MOST_BLOCKS_AHEAD = 64;

const tip = z.object({ number: whole, slot: whole, stateRoot: word });

export const ledgerStatusSchema = z.object({
  chainId: whole,
  rollup: address,
  /** chainHash_0: tells this rollup from every other. */
  genesisHash: word,
  /** The newest block that is valid, and the newest that is proven. */
  pending: tip,
  proven: tip,
  /** Blocks behind `pending` that L1 has and this node refuses to follow. */
  invalidBlocks: whole,
  /** Base units of fee juice a unit of gas. */
  prices: z.object({ feePerL2Gas: amount, feePerDaGas: amount }),
  /** Null for a node that takes no transactions. */
  pool: z.object({ size: whole, capacity: whole }).nullable(),
  /** Messages from L1: sent, and consumed by the pending chain. */
  inbox: z.object({ sent: whole, consumed: whole }),
  /** L1 block up to which the node has read, and the newest it knows of. */
  l1: z.object({ synced: whole, head: whole }),
});

const balances = z.object({ feeBalance: amount, balance: amount, nonce: whole });

export const accountSchema = balances.extend({
  leaf,
  key: z.object({ x: word, y: word }),
  /** `waiting`: registered on L1, and in no block yet; then all numbers are 0. */
  state: z.enum(["active", "waiting"]),
  /** The nonce after the sender's transactions in the pool. */
  nextNonce: whole,
  /** The nonce after the sender's forced transactions that wait in the Inbox. */
  nextForcedNonce: whole,
  /** The same account at the proven tip. */
  proven: balances,
});

export const transactionStatusSchema = z.discriminatedUnion("state", [
  /** Neither in the pool nor in a recent block. */
  z.object({ state: z.literal("unknown") }),
  z.object({ state: z.literal("pooled") }),
  z.object({ state: z.literal("included"), block: whole, proven: z.boolean(), fee: amount }),
  /** In a block, without effect or fee. */
  z.object({ state: z.literal("skipped"), block: whole, proven: z.boolean(), reason: z.string() }),
]);

export const messageStatusSchema = z.discriminatedUnion("state", [
  /** L1 has not sent it, as far as the node has read. */
  z.object({ state: z.literal("unknown") }),
  z.object({ state: z.literal("waiting") }),
  z.object({ state: z.literal("included"), block: whole, proven: z.boolean() }),
  /** A deposit to a leaf with another key: its sender gets it back through the Outbox. */
  z.object({ state: z.literal("returned"), block: whole, proven: z.boolean() }),
  z.object({ state: z.literal("skipped"), block: whole, proven: z.boolean(), reason: z.string() }),
]);

export const withdrawalSchema = z.object({
  /** Place in the epoch's list, and the list's length. */
  index: whole,
  count: whole,
  /** asset1 | amount95 | recipient160 */
  word,
  asset: z.enum(["fee", "asset"]),
  amount,
  recipient: address,
  /** Siblings, leaf upwards. */
  path: z.array(word),
});

/** What to offer so that a transaction stays includable, in base units of fee juice a unit of gas. */
export const feeOfferSchema = z.object({ maxFeePerL2Gas: amount, maxFeePerDaGas: amount });

/** A transaction as it is submitted: its four words. */
export const submissionSchema = z.strictObject({ words: z.tuple([word, word, word, word]) });
export const submittedSchema = z.object({ id: hash });
export const withdrawalsSchema = z.array(withdrawalSchema);

export const refusalSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string() }),
});

/** Numbers in an address: digits only. */
export const wholeSchema = z
  .string()
  .regex(/^\d{1,10}$/)
  .transform(Number);
export const withinSchema = wholeSchema.pipe(whole.min(1).max(MOST_BLOCKS_AHEAD));
export const leafSchema = wholeSchema.pipe(leaf);
export const transactionIdSchema = hash;
/** A public key in an address: 0x, x and y. */
export const keySchema = z.codec(
  z.string().regex(/^0x[0-9a-fA-F]{128}$/),
  z.object({ x: z.bigint(), y: z.bigint() }),
  {
    decode: (text) => ({ x: BigInt(text.slice(0, 66)), y: BigInt(`0x${text.slice(66)}`) }),
    encode: ({ x, y }) => `${toHex(x)}${toHex(y).slice(2)}`,
  },
);

export type FeeOffer = z.output<typeof feeOfferSchema>;
export type LedgerStatus = z.output<typeof ledgerStatusSchema>;
export type AccountView = z.output<typeof accountSchema>;
export type TransactionStatus = z.output<typeof transactionStatusSchema>;
export type MessageStatus = z.output<typeof messageStatusSchema>;
export type WithdrawalView = z.output<typeof withdrawalSchema>;

/** Which account: by leaf index, or by public key. */
export type AccountQuery = { leaf: number } | { key: { x: bigint; y: bigint } };

export interface LedgerApi {
  status(): Promise<LedgerStatus>;

  /** Max fees for inclusion within so many blocks, from 1 to {@link MOST_BLOCKS_AHEAD}: see `protocol/feeEstimator.ts`. */
  feeOffer(within: number): Promise<FeeOffer>;

  /** @throws RpcError ACCOUNT_UNKNOWN. Of several leaves with one key, the lowest. */
  account(query: AccountQuery): Promise<AccountView>;

  /**
   * Gives a transaction to the mempool.
   * @returns its id, the hash of its words
   * @throws RpcError with the mempool's code, or NO_MEMPOOL; a node in the same process throws its MempoolError
   */
  submit(transaction: Transaction): Promise<string>;

  /** By the id that `submit` gave. */
  transaction(id: string): Promise<TransactionStatus>;

  /** By the number in the Inbox, from 1. */
  message(index: number): Promise<MessageStatus>;

  /**
   * Messages to L1 of a proven epoch, each with its Merkle path.
   * @throws RpcError STATE_UNAVAILABLE for an epoch that is not proven, or too old for this node
   */
  withdrawals(epoch: number): Promise<WithdrawalView[]>;
}

/** Transactions that wait for a block. Everything in the pool was executable when it came. */
import { accountExists } from "../../protocol/account.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import type { Field } from "../../protocol/field.ts";
import { type GasPrices, feeOf, gasOf } from "../../protocol/gas.ts";
import { keccakWords } from "../../protocol/hash.ts";
import type { SignatureClaim } from "../../protocol/schnorr.ts";
import { MAX_ACCOUNTS } from "../../protocol/sizes.ts";
import {
  KIND_TRANSFER,
  KIND_WITHDRAW,
  type Transaction,
  type TransactionWords,
  encodeBody,
  encodeTransaction,
  signingMessage,
} from "../../protocol/transaction.ts";
import type { AccountTree } from "../../protocol/tree.ts";

/** Why the pool refuses a transaction. */
export type MempoolRefusal =
  | "ENCODING"
  | "UNKNOWN_KIND"
  | "UNKNOWN_SENDER"
  | "BAD_SIGNATURE"
  | "NONCE_TOO_LOW"
  | "NONCE_TOO_FAR"
  | "NONCE_TAKEN"
  | "FEE_TOO_LOW"
  | "CANNOT_PAY"
  | "BAD_RECIPIENT"
  | "DUPLICATE"
  | "POOL_FULL";

/** A refusal with its remedy. */
export class MempoolError extends Error {
  override readonly name = "MempoolError";
  readonly code: MempoolRefusal;
  readonly remedy: string;

  constructor(code: MempoolRefusal, message: string, remedy: string) {
    super(`${message}; ${remedy}`);
    this.code = code;
    this.remedy = remedy;
  }
}

/** What a transaction is checked against: the tip of the pending chain. */
export interface MempoolView {
  state: AccountTree;
  prices: GasPrices;
}

/** A transaction in the pool. */
export interface PooledTransaction {
  id: string;
  transaction: Transaction;
  words: TransactionWords;
}

/** Parameters of {@link Mempool}. */
export interface MempoolOptions {
  /** Most transactions held. */
  capacity: number;
  /** Most nonces that a sender may be ahead of its account. */
  nonceWindow: number;
  domain: Field;
  view: () => MempoolView;
  verifySignature: (claim: SignatureClaim) => boolean;
}

export class Mempool {
  readonly #options: MempoolOptions;
  readonly #byId = new Map<string, PooledTransaction>();
  /** By sender, then by nonce. */
  readonly #bySender = new Map<number, Map<number, PooledTransaction>>();

  constructor(options: MempoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byId.size;
  }

  get capacity(): number {
    return this.#options.capacity;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** The nonce after a sender's pooled transactions without a gap. */
  nextNonce(sender: number): number {
    const pooled = this.#bySender.get(sender);
    let nonce = this.#options.view().state.get(sender).nonce;
    while (pooled?.has(nonce)) nonce++;
    return nonce;
  }

  /**
   * Takes a transaction in. Cheap checks come first, the signature last.
   * @returns its id, the hash of its words
   * @throws MempoolError with the first rule that it breaks
   */
  add(transaction: Transaction): string {
    const words = wordsOf(transaction);
    const id = `0x${keccakWords(words).toString(16).padStart(64, "0")}`;
    if (this.#byId.has(id))
      throw refusal("DUPLICATE", `transaction ${id} is in the pool already`, "wait for its block");
    const view = this.#options.view();
    this.#checkSender(transaction, view);
    this.#checkPayment(transaction, view);
    this.#checkRecipient(transaction, view);
    this.#checkSignature(transaction, view);
    if (this.#byId.size >= this.#options.capacity) {
      throw refusal(
        "POOL_FULL",
        `the pool holds its ${this.#options.capacity} transactions`,
        "send it again later",
      );
    }
    const pooled = { id, transaction, words };
    this.#byId.set(id, pooled);
    const ofSender = this.#bySender.get(transaction.from) ?? new Map<number, PooledTransaction>();
    this.#bySender.set(transaction.from, ofSender.set(transaction.nonce, pooled));
    return id;
  }

  /**
   * Transactions in the order in which a builder on top of `state` should try them: a sender's in the order of their
   * nonces without a gap, and among senders the higher fee first, then the earlier arrival.
   */
  candidates(state: AccountTree): PooledTransaction[] {
    const arrival = new Map([...this.#byId.keys()].map((id, i) => [id, i]));
    const heads = new Map<number, PooledTransaction>();
    for (const [sender, pooled] of this.#bySender) {
      const head = pooled.get(state.get(sender).nonce);
      if (head) heads.set(sender, head);
    }
    const ordered: PooledTransaction[] = [];
    while (heads.size > 0) {
      const best = [...heads.values()].reduce((a, b) => (precedes(b, a, arrival) ? b : a));
      ordered.push(best);
      const { from, nonce } = best.transaction;
      const next = this.#bySender.get(from)?.get(nonce + 1);
      if (next) heads.set(from, next);
      else heads.delete(from);
    }
    return ordered;
  }

  /** Drops what can never be executed any more; call it when the tip changed. Returns how many were dropped. */
  dropStale(): number {
    const { state } = this.#options.view();
    const stale = [...this.#byId.values()].filter(
      ({ transaction }) => transaction.nonce < state.get(transaction.from).nonce,
    );
    for (const pooled of stale) this.remove(pooled.id);
    return stale.length;
  }

  /** Takes back what stood in blocks that were pruned, as far as it still applies. Returns how many came back. */
  restore(transactions: readonly Transaction[]): number {
    let restored = 0;
    for (const transaction of transactions) {
      try {
        this.add(transaction);
        restored++;
      } catch (error) {
        if (!(error instanceof MempoolError)) throw error;
      }
    }
    return restored;
  }

  remove(id: string): void {
    const pooled = this.#byId.get(id);
    if (!pooled) return;
    this.#byId.delete(id);
    const { from, nonce } = pooled.transaction;
    const ofSender = this.#bySender.get(from);
    ofSender?.delete(nonce);
    if (ofSender?.size === 0) this.#bySender.delete(from);
  }

  #checkSender({ from, nonce }: Transaction, { state }: MempoolView): void {
    if (from >= MAX_ACCOUNTS || !accountExists(state.get(from))) {
      throw refusal(
        "UNKNOWN_SENDER",
        `account ${from} does not exist`,
        "register it on L1 and wait for the block",
      );
    }
    const account = state.get(from);
    if (nonce < account.nonce) {
      throw refusal(
        "NONCE_TOO_LOW",
        `nonce ${nonce} was used, the account is at ${account.nonce}`,
        "sign it again with a new nonce",
      );
    }
    if (nonce >= account.nonce + this.#options.nonceWindow || nonce >= 2 ** 32 - 1) {
      throw refusal(
        "NONCE_TOO_FAR",
        `nonce ${nonce} is too far ahead of ${account.nonce}`,
        "send the ones before it first",
      );
    }
    if (this.#bySender.get(from)?.has(nonce)) {
      throw refusal(
        "NONCE_TAKEN",
        `the pool holds another transaction with nonce ${nonce}`,
        "sign it with the next nonce",
      );
    }
  }

  /** Counts what the sender has in the pool already; what others may send it in the meantime does not count. */
  #checkPayment(transaction: Transaction, { state, prices }: MempoolView): void {
    const { from, maxFeePerL2Gas, maxFeePerDaGas } = transaction;
    if (maxFeePerL2Gas < prices.feePerL2Gas || maxFeePerDaGas < prices.feePerDaGas) {
      throw refusal(
        "FEE_TOO_LOW",
        `it offers ${maxFeePerL2Gas} and ${maxFeePerDaGas}, the prices are ${prices.feePerL2Gas} and ${prices.feePerDaGas}`,
        "offer more",
      );
    }
    const account = state.get(from);
    const all = [...(this.#bySender.get(from)?.values() ?? [])]
      .map((pooled) => pooled.transaction)
      .concat(transaction);
    const fees = all.reduce((sum, { kind }) => sum + feeOf(gasOf(kind), prices), 0n);
    if (fees > account.feeBalance) {
      throw refusal(
        "CANNOT_PAY",
        `fees of ${fees} are more than the fee balance ${account.feeBalance}`,
        "deposit through the fee portal",
      );
    }
    const amounts = all.reduce((sum, { amount }) => sum + amount, 0n);
    if (amounts > account.balance) {
      throw refusal(
        "CANNOT_PAY",
        `amounts of ${amounts} are more than the balance ${account.balance}`,
        "send less",
      );
    }
  }

  #checkRecipient({ kind, to, amount }: Transaction, { state }: MempoolView): void {
    if (kind === KIND_TRANSFER && (to >= BigInt(MAX_ACCOUNTS) || !accountExists(state.get(Number(to))))) {
      throw refusal("BAD_RECIPIENT", `account ${to} does not exist`, "check the receiver's index");
    }
    if (kind === KIND_WITHDRAW && (to === 0n || amount === 0n)) {
      throw refusal("BAD_RECIPIENT", "a withdrawal needs an amount and an L1 address", "set both");
    }
  }

  #checkSignature(transaction: Transaction, { state }: MempoolView): void {
    const message = signingMessage(this.#options.domain, ...encodeBody(transaction));
    const publicKey = state.get(transaction.from).key;
    if (!this.#options.verifySignature({ publicKey, message, signature: transaction.signature })) {
      throw refusal(
        "BAD_SIGNATURE",
        `the signature is not account ${transaction.from}'s`,
        "sign for this rollup with its key",
      );
    }
  }
}

function wordsOf(transaction: Transaction): TransactionWords {
  if (transaction.kind !== KIND_TRANSFER && transaction.kind !== KIND_WITHDRAW) {
    throw refusal(
      "UNKNOWN_KIND",
      `kind ${transaction.kind} does not exist`,
      "use 1 (transfer) or 2 (withdraw)",
    );
  }
  try {
    return encodeTransaction(transaction);
  } catch (error) {
    if (error instanceof ProtocolError) throw refusal("ENCODING", error.message, "encode it by the rules");
    throw error;
  }
}

function precedes(a: PooledTransaction, b: PooledTransaction, arrival: Map<string, number>): boolean {
  const difference = a.transaction.maxFeePerL2Gas - b.transaction.maxFeePerL2Gas;
  return difference === 0n ? arrival.get(a.id)! < arrival.get(b.id)! : difference > 0n;
}

function refusal(code: MempoolRefusal, message: string, remedy: string): MempoolError {
  return new MempoolError(code, message, remedy);
}

/** Transactions that wait for a block. Each could be paid when it came and at the last tip. */
import { type Account, accountExists } from "../../protocol/account.ts";
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
  | "SENDER_REFUSED"
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
  /** Accounts whose transactions are refused: a pool that censors, for rehearsals of forced inclusion. */
  refuseSenders?: ReadonlySet<number>;
}

/**
 * An offer counts up to this multiple of the price. Everybody is charged the price, whatever the offer: beyond what
 * tells how long a transaction survives rising prices, a higher one costs nothing and says nothing.
 */
const OFFER_CAP = 2n;

export class Mempool {
  readonly #options: MempoolOptions;
  readonly #byId = new Map<string, PooledTransaction>();
  /** By sender, then by nonce. */
  readonly #bySender = new Map<number, Map<number, PooledTransaction>>();
  /** Signed well, but the accounts of the tip do not allow them; after a reorg or a prune those of another tip may. */
  readonly #setAside = new Map<string, Transaction>();

  constructor(options: MempoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Those of the next block, as far as is known. */
  get prices(): GasPrices {
    return this.#options.view().prices;
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
   * Takes a transaction in. Cheap checks come first, the signature last. When the pool is full, one that is executable
   * takes the place of one that waits for a missing nonce, or else of one with a lower offer.
   * @returns its id, the hash of its words
   * @throws MempoolError with the first rule that it breaks
   */
  add(transaction: Transaction): string {
    const pooled = toPooled(transaction);
    const { id } = pooled;
    if (this.#byId.has(id))
      throw refusal("DUPLICATE", `transaction ${id} is in the pool already`, "wait for its block");
    const view = this.#options.view();
    this.#checkSender(transaction, view);
    this.#checkPayment(transaction, view);
    this.#checkRecipient(transaction, view);
    this.#checkSignature(transaction, view);
    if (!this.#makeRoom(transaction, view)) {
      throw refusal(
        "POOL_FULL",
        `the pool holds its ${this.#options.capacity} transactions`,
        "send it again later",
      );
    }
    this.#byId.set(id, pooled);
    const ofSender = this.#bySender.get(transaction.from) ?? new Map<number, PooledTransaction>();
    this.#bySender.set(transaction.from, ofSender.set(transaction.nonce, pooled));
    return id;
  }

  /**
   * Transactions in the order in which a builder on top of `state` should try them: a sender's in the order of their
   * nonces without a gap, and among senders the higher offer first, then the earlier arrival.
   */
  candidates(state: AccountTree): PooledTransaction[] {
    const { prices } = this.#options.view();
    const arrival = this.#arrival();
    const heads = new Map<number, PooledTransaction>();
    for (const [sender, pooled] of this.#bySender) {
      const head = pooled.get(state.get(sender).nonce);
      if (head) heads.set(sender, head);
    }
    const ordered: PooledTransaction[] = [];
    while (heads.size > 0) {
      const best = [...heads.values()].reduce((a, b) => {
        const difference = offerOf(b, prices) - offerOf(a, prices);
        return difference > 0n || (difference === 0n && arrival(b) < arrival(a)) ? b : a;
      });
      ordered.push(best);
      const { from, nonce } = best.transaction;
      const next = this.#bySender.get(from)?.get(nonce + 1);
      if (next) heads.set(from, next);
      else heads.delete(from);
    }
    return ordered;
  }

  /**
   * Drops what was executed or replaced, and what its sender can no longer pay together with its earlier nonces; call
   * it when the tip changed. Returns how many were dropped.
   */
  dropStale(): number {
    const { state, prices } = this.#options.view();
    const stale = [...this.#bySender].flatMap(([sender, pooled]) =>
      staleOf([...pooled.values()], state.get(sender), prices),
    );
    for (const { id, transaction } of stale) {
      if (transaction.nonce < state.get(transaction.from).nonce) this.remove(id);
      else this.setAside(id);
    }
    return stale.length;
  }

  /** Removes a transaction that does not apply on this tip, and tries it again after a reorg or a prune. */
  setAside(id: string): void {
    const pooled = this.#byId.get(id);
    if (!pooled) return;
    this.remove(id);
    this.#setAside.set(id, pooled.transaction);
    if (this.#setAside.size > this.#options.capacity) {
      this.#setAside.delete(this.#setAside.keys().next().value!);
    }
  }

  /**
   * Takes back what stood in blocks that were pruned or undone, and what was set aside since, as far as it applies.
   * Returns how many came back.
   */
  restore(transactions: readonly Transaction[]): number {
    let restored = 0;
    const setAside = [...this.#setAside.values()];
    this.#setAside.clear();
    for (const transaction of [...transactions, ...setAside]) {
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

  /** Place by time of arrival. */
  #arrival(): (pooled: PooledTransaction) => number {
    const places = new Map([...this.#byId.keys()].map((id, i) => [id, i]));
    return ({ id }) => places.get(id) ?? places.size;
  }

  /** Whether there is room for a transaction, if need be after another was evicted for it. */
  #makeRoom(newcomer: Transaction, view: MempoolView): boolean {
    if (this.#byId.size < this.#options.capacity) return true;
    if (newcomer.nonce !== this.nextNonce(newcomer.from)) return false;
    const victim = this.#victim(newcomer, view);
    if (victim) this.remove(victim.id);
    return victim !== undefined;
  }

  /**
   * What an executable newcomer may evict: of the transactions that are not executable even with the newcomer, the
   * lowest offer; otherwise the last of another sender's whose offer is lower. The last of a sender is worth no more
   * than the lowest offer before it. Among equals the latest goes.
   */
  #victim(newcomer: Transaction, { state, prices }: MempoolView): PooledTransaction | undefined {
    const waiting: Evictable[] = [];
    const last: Evictable[] = [];
    for (const [sender, pooled] of this.#bySender) {
      const own = sender === newcomer.from;
      const run: PooledTransaction[] = [];
      let nonce = state.get(sender).nonce;
      for (; pooled.has(nonce) || (own && nonce === newcomer.nonce); nonce++) {
        const next = pooled.get(nonce);
        if (next) run.push(next);
      }
      for (const entry of pooled.values()) {
        if (!run.includes(entry)) waiting.push({ pooled: entry, offer: offerOf(entry, prices) });
      }
      const tail = run.at(-1);
      if (tail && !own)
        last.push({ pooled: tail, offer: lowest(run.map((entry) => offerOf(entry, prices))) });
    }
    const offer = offerOf({ transaction: newcomer }, prices);
    const evictable = waiting.length > 0 ? waiting : last.filter((entry) => entry.offer < offer);
    const arrival = this.#arrival();
    return evictable.sort((a, b) =>
      a.offer === b.offer ? arrival(b.pooled) - arrival(a.pooled) : a.offer < b.offer ? -1 : 1,
    )[0]?.pooled;
  }

  #checkSender({ from, nonce }: Transaction, { state }: MempoolView): void {
    if (this.#options.refuseSenders?.has(from)) {
      throw refusal(
        "SENDER_REFUSED",
        `this sequencer takes nothing from account ${from}`,
        "force it through the Inbox on L1",
      );
    }
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

/** A transaction with its id. @throws MempoolError UNKNOWN_KIND, ENCODING */
export function toPooled(transaction: Transaction): PooledTransaction {
  const words = wordsOf(transaction);
  return { id: `0x${keccakWords(words).toString(16).padStart(64, "0")}`, transaction, words };
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

interface Evictable {
  pooled: PooledTransaction;
  offer: bigint;
}

/** Of one sender's transactions those that its account has passed or cannot pay, each with all before it. */
function staleOf(
  pooled: readonly PooledTransaction[],
  account: Account,
  prices: GasPrices,
): PooledTransaction[] {
  let fees = 0n;
  let amounts = 0n;
  return [...pooled]
    .sort((a, b) => a.transaction.nonce - b.transaction.nonce)
    .filter(({ transaction: { nonce, kind, amount } }) => {
      if (nonce < account.nonce) return true;
      fees += feeOf(gasOf(kind), prices);
      amounts += amount;
      return fees > account.feeBalance || amounts > account.balance;
    });
}

/** What a transaction offers for L2 gas, as far as it counts. */
function offerOf(
  { transaction }: Pick<PooledTransaction, "transaction">,
  { feePerL2Gas }: GasPrices,
): bigint {
  return lowest([transaction.maxFeePerL2Gas, OFFER_CAP * feePerL2Gas]);
}

function lowest(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (b < a ? b : a));
}

function refusal(code: MempoolRefusal, message: string, remedy: string): MempoolError {
  return new MempoolError(code, message, remedy);
}

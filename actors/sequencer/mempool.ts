/**
 * Transactions that wait for a block, in the order of `priority.ts`.
 *
 * Each could be paid when it came. One that offers less than the present prices keeps its place and waits for lower ones.
 * One that its account can no longer pay, together with those before it, is set aside, which frees its nonce; it comes
 * back by itself when a later tip lets it be paid: after lower prices, a deposit, a reorg, a prune.
 */
import { type Account, accountExists } from "../../protocol/account.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import type { Field } from "../../protocol/field.ts";
import type { GasPrices } from "../../protocol/gas.ts";
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
import { type Rank, chargeAtMost, compareRanks, offers, priorityOf, ranksOf } from "./priority.ts";

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

/** In the pool, with its place by time of arrival. */
interface Entry extends PooledTransaction {
  arrival: number;
}

/** Out of the pool, and on its way back. */
interface SetAside {
  transaction: Transaction;
  /** Whether any later tip may let it back in, or only one after a reorg or a prune. */
  atAnyTip: boolean;
}

/** Refusals that another tip may lift. */
const LIFTED_BY_A_TIP: ReadonlySet<MempoolRefusal> = new Set([
  "UNKNOWN_SENDER",
  "BAD_RECIPIENT",
  "NONCE_TOO_FAR",
  "CANNOT_PAY",
  "POOL_FULL",
]);

export class Mempool {
  readonly #options: MempoolOptions;
  readonly #byId = new Map<string, Entry>();
  /** By sender, then by nonce. */
  readonly #bySender = new Map<number, Map<number, Entry>>();
  /** Signed well, but not for the accounts of the tip. */
  readonly #setAside = new Map<string, SetAside>();
  #arrivals = 0;

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

  /** Whether it may still be executed: it is in the pool, or set aside until its sender can pay it. */
  has(id: string): boolean {
    return this.#byId.has(id) || this.#setAside.get(id)?.atAnyTip === true;
  }

  /** The nonce after a sender's pooled transactions without a gap. */
  nextNonce(sender: number): number {
    const pooled = this.#bySender.get(sender);
    let nonce = this.#options.view().state.get(sender).nonce;
    while (pooled?.has(nonce)) nonce++;
    return nonce;
  }

  /**
   * Takes a transaction in. Cheap checks come first, the signature last. It takes the place of one with the same nonce
   * that waits for lower prices. When the pool is full, one that is executable takes the place of one that is not, or
   * else of one that it ranks before.
   * @returns its id, the hash of its words
   * @throws MempoolError with the first rule that it breaks
   */
  add(transaction: Transaction): string {
    const pooled = toPooled(transaction);
    // Its sender gets an answer now: what is refused does not come back all the same.
    this.#setAside.delete(pooled.id);
    this.#admit(pooled, { atAnyPrice: false });
    return pooled.id;
  }

  #admit(pooled: PooledTransaction, { atAnyPrice }: { atAnyPrice: boolean }): void {
    const { id, transaction } = pooled;
    if (this.#byId.has(id))
      throw refusal("DUPLICATE", `transaction ${id} is in the pool already`, "wait for its block");
    const view = this.#options.view();
    this.#checkSender(transaction, view);
    if (!atAnyPrice) checkOffer(transaction, view);
    this.#checkPayment(transaction, view);
    this.#checkRecipient(transaction, view);
    this.#checkSignature(transaction, view);
    const replaced = this.#bySender.get(transaction.from)?.get(transaction.nonce);
    if (replaced) this.remove(replaced.id);
    const entry = { ...pooled, arrival: this.#arrivals++ };
    if (!this.#makeRoom(entry, view)) {
      throw refusal(
        "POOL_FULL",
        `the pool holds its ${this.#options.capacity} transactions`,
        "send it again later",
      );
    }
    this.#byId.set(id, entry);
    const ofSender = this.#bySender.get(transaction.from) ?? new Map<number, Entry>();
    this.#bySender.set(transaction.from, ofSender.set(transaction.nonce, entry));
    this.#setAside.delete(id);
  }

  /**
   * Transactions in the order in which a builder on top of `state` should try them: a sender's in the order of their
   * nonces without a gap, see `priority.ts`. Some may wait for lower prices than the block's.
   */
  candidates(state: AccountTree): PooledTransaction[] {
    const { prices } = this;
    const ranked: Ranked[] = [];
    for (const [sender, pooled] of this.#bySender) {
      const run = runOf(pooled, state.get(sender).nonce);
      ranksOf(run, prices).forEach((rank, i) => ranked.push({ rank, entry: run[i]! }));
    }
    return ranked.sort((a, b) => compareRanks(a.rank, b.rank)).map(({ entry }) => entry);
  }

  /**
   * Fits the pool to a new tip: drops what was executed or replaced, sets aside what its sender can no longer pay together
   * with its earlier nonces, and takes back what it can pay again. Returns how many left and how many came back.
   */
  refresh(): { left: number; returned: number } {
    const { state, prices } = this.#options.view();
    let left = 0;
    for (const [sender, pooled] of [...this.#bySender]) {
      const account = state.get(sender);
      for (const { id, transaction } of staleOf([...pooled.values()], account, prices)) {
        this.remove(id);
        if (transaction.nonce >= account.nonce) this.#keepAside(id, { transaction, atAnyTip: true });
        left++;
      }
    }
    return { left, returned: this.#takeBack(({ atAnyTip }) => atAnyTip) };
  }

  /** Removes a transaction that does not apply on this tip, and tries it again after a reorg or a prune. */
  setAside(id: string): void {
    const pooled = this.#byId.get(id);
    if (!pooled) return;
    this.remove(id);
    this.#keepAside(id, { transaction: pooled.transaction, atAnyTip: false });
  }

  /**
   * Takes back what stood in blocks that were pruned or undone, and what was set aside since. What does not apply yet
   * waits for a tip on which it does: L1 may mine a deposit again, and the price may fall. Returns how many came back.
   */
  restore(transactions: readonly Transaction[]): number {
    const setAside = [...this.#setAside];
    this.#setAside.clear();
    for (const [id, { transaction }] of setAside) this.#keepAside(id, { transaction, atAnyTip: true });
    for (const transaction of transactions) {
      this.#keepAside(toPooled(transaction).id, { transaction, atAnyTip: true });
    }
    return this.#takeBack(() => true);
  }

  /** The oldest make room. */
  #keepAside(id: string, setAside: SetAside): void {
    this.#setAside.set(id, setAside);
    if (this.#setAside.size > this.#options.capacity) {
      this.#setAside.delete(this.#setAside.keys().next().value!);
    }
  }

  /** Of those set aside, what the tip allows goes back, and what none will allow any more is forgotten. */
  #takeBack(which: (setAside: SetAside) => boolean): number {
    let returned = 0;
    // A sender's nonces in order: each is looked at together with those before it.
    const concerned = [...this.#setAside]
      .filter(([, setAside]) => which(setAside))
      .sort(([, a], [, b]) => a.transaction.nonce - b.transaction.nonce);
    for (const [id, { transaction }] of concerned) {
      try {
        this.#admit(toPooled(transaction), { atAnyPrice: true });
        returned++;
      } catch (error) {
        if (!(error instanceof MempoolError)) throw error;
        if (!LIFTED_BY_A_TIP.has(error.code)) this.#setAside.delete(id);
      }
    }
    return returned;
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

  /** Whether there is room for a transaction, if need be after another was evicted for it. */
  #makeRoom(newcomer: Entry, view: MempoolView): boolean {
    if (this.#byId.size < this.#options.capacity) return true;
    const victim = this.#victim(newcomer, view);
    if (victim) this.remove(victim.id);
    return victim !== undefined;
  }

  /**
   * What an executable newcomer may evict: of the transactions that are not executable even with the newcomer, the one
   * that ranks last; otherwise the last of another sender's that ranks last, if the newcomer ranks before it.
   */
  #victim(newcomer: Entry, { state, prices }: MempoolView): PooledTransaction | undefined {
    const { from, nonce: newNonce } = newcomer.transaction;
    const senders = new Map(this.#bySender);
    senders.set(from, new Map(senders.get(from)).set(newNonce, newcomer));
    const waiting: Ranked[] = [];
    const last: Ranked[] = [];
    let own: Rank | undefined;
    for (const [sender, pooled] of senders) {
      const { nonce } = state.get(sender);
      const run = runOf(pooled, nonce);
      const dear = run.findIndex(({ transaction }) => !offers(transaction, prices));
      const executable = dear === -1 ? run : run.slice(0, dear);
      const ranks = ranksOf(executable, prices);
      for (const entry of pooled.values()) {
        const at = executable.indexOf(entry);
        if (at === -1) waiting.push({ entry, rank: waitingRank(entry, nonce, prices) });
        else if (entry === newcomer) own = ranks[at];
        else if (at === executable.length - 1 && sender !== from) last.push({ entry, rank: ranks[at]! });
      }
    }
    if (!own) return undefined;
    const rank = own;
    const evictable = waiting.length > 0 ? waiting : last.filter((other) => isBefore(rank, other.rank));
    return evictable.sort((a, b) => compareRanks(b.rank, a.rank))[0]?.entry;
  }

  #checkSender({ from, nonce }: Transaction, { state, prices }: MempoolView): void {
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
    const pooled = this.#bySender.get(from)?.get(nonce);
    if (pooled && offers(pooled.transaction, prices)) {
      throw refusal(
        "NONCE_TAKEN",
        `the pool holds another transaction with nonce ${nonce}`,
        "sign it with the next nonce",
      );
    }
  }

  /** Counts what the sender has in the pool already; what others may send it in the meantime does not count. */
  #checkPayment(transaction: Transaction, { state, prices }: MempoolView): void {
    const { from, nonce } = transaction;
    const account = state.get(from);
    const all = [...(this.#bySender.get(from)?.values() ?? [])]
      .map((pooled) => pooled.transaction)
      .filter((pooled) => pooled.nonce !== nonce)
      .concat(transaction);
    const fees = all.reduce((sum, each) => sum + chargeAtMost(each, prices), 0n);
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

/** A transaction with its place in the order. */
interface Ranked {
  entry: Entry;
  rank: Rank;
}

/** A sender's transactions from a nonce on without a gap. */
function runOf(pooled: ReadonlyMap<number, Entry>, from: number): Entry[] {
  const run: Entry[] = [];
  for (let next = pooled.get(from); next; next = pooled.get(from + run.length)) run.push(next);
  return run;
}

/** Of one that waits, its own priority alone. */
function waitingRank({ transaction, arrival }: Entry, nonce: number, prices: GasPrices): Rank {
  return { priority: priorityOf(transaction, prices), ahead: transaction.nonce - nonce, arrival };
}

/** By more than the time of arrival, which evicts nobody. */
function isBefore(a: Rank, b: Rank): boolean {
  return compareRanks({ ...a, arrival: 0 }, { ...b, arrival: 0 }) < 0;
}

function checkOffer(transaction: Transaction, { prices }: MempoolView): void {
  if (offers(transaction, prices)) return;
  const { maxFeePerL2Gas, maxFeePerDaGas } = transaction;
  throw refusal(
    "FEE_TOO_LOW",
    `it offers ${maxFeePerL2Gas} and ${maxFeePerDaGas}, the prices are ${prices.feePerL2Gas} and ${prices.feePerDaGas}`,
    "offer more",
  );
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
    .filter(({ transaction }) => {
      if (transaction.nonce < account.nonce) return true;
      fees += chargeAtMost(transaction, prices);
      amounts += transaction.amount;
      return fees > account.feeBalance || amounts > account.balance;
    });
}

function refusal(code: MempoolRefusal, message: string, remedy: string): MempoolError {
  return new MempoolError(code, message, remedy);
}

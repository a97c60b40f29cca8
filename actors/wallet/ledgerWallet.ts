/** Transfers and withdrawals of one account: built, signed and given to a node, once each. */
import { toHex } from "../../protocol/bytes.ts";
import type { Field } from "../../protocol/field.ts";
import { feeOf, gasOf } from "../../protocol/gas.ts";
import { keccakWords } from "../../protocol/hash.ts";
import type { KeyPair } from "../../protocol/schnorr.ts";
import {
  decodeTransaction,
  encodeTransaction,
  signTransaction,
  type Transaction,
  type TransactionKind,
  type TransactionWords,
} from "../../protocol/transaction.ts";
import type { AccountView, FeeOffer, LedgerApi, MessageStatus, TransactionStatus } from "../rpc/ledgerApi.ts";
import { refusalOf } from "../rpc/rpcError.ts";
import { sleep } from "../support/sleep.ts";
import { WalletError } from "./walletError.ts";
import { type IntentEntry, type LedgerJournal, openIntent } from "./walletJournal.ts";

/** What a user wants done with the asset. */
export interface Payment {
  kind: TransactionKind;
  /** Leaf index (transfer) or L1 address (withdrawal). */
  to: bigint;
  /** Base units. */
  amount: bigint;
}

/** A payment that a node took. */
export interface SentPayment {
  id: string;
  from: number;
  nonce: number;
  /** Charged when it is executed at today's prices, in base units of fee juice. */
  fee: bigint;
  /** True when an earlier call had signed it, and its answer got lost. */
  resumed: boolean;
}

/** Parameters of {@link LedgerWallet}. */
export interface LedgerWalletOptions {
  ledger: LedgerApi;
  keyPair: KeyPair;
  /** Genesis hash of the rollup as a field element, from a source the user trusts: a signature holds there only. */
  domain: Field;
  journal: LedgerJournal;
}

/** How a payment is made. */
export interface PayRules {
  /** Makes a new one, even if the end of an earlier one with the same arguments is not known. Default false. */
  again?: boolean;
  /** Blocks for which its offer is estimated to hold, from 1 to 64. Default 8. */
  within?: number;
  /** Max fees in place of the estimated ones, each for itself. */
  maxFees?: Partial<FeeOffer>;
}

const DEFAULT_WITHIN = 8;

export class LedgerWallet {
  readonly #options: LedgerWalletOptions;

  constructor(options: LedgerWalletOptions) {
    this.#options = options;
  }

  /**
   * The account of the key.
   * @throws WalletError NOT_REGISTERED, NOT_IN_LEDGER while its first deposit waits for a block
   */
  async account(): Promise<AccountView> {
    const { ledger, keyPair } = this.#options;
    const account = await accountOfKey(ledger, keyPair.publicKey);
    if (!account) {
      throw new WalletError("NOT_REGISTERED", "the key has no account", "open one with bridge:deposit");
    }
    if (account.state === "waiting") {
      throw new WalletError(
        "NOT_IN_LEDGER",
        `account ${account.leaf} waits for its first block`,
        "try again after it",
      );
    }
    return account;
  }

  /**
   * Pays once. When the answer to an earlier call with the same arguments got lost, that payment is submitted again,
   * unchanged, and not a second one made.
   * @throws RpcError with the node's refusal; then the payment was not taken. NODE_UNREACHABLE leaves it open: call
   * again. WalletError UNCLEAR when an open payment's nonce was used and no node knows by what
   */
  async pay(payment: Payment, rules: PayRules = {}): Promise<SentPayment> {
    const { again = false, within = DEFAULT_WITHIN, maxFees = {} } = rules;
    const { journal, ledger } = this.#options;
    const request = `${payment.kind} ${payment.to} ${payment.amount}`;
    const open = again ? undefined : openIntent(journal, request);
    if (open && (await this.#resubmit(open))) return this.#sent(transactionOf(open), open.id, true);

    const [account, estimated] = await Promise.all([this.account(), ledger.feeOffer(within)]);
    const transaction = this.#sign({ payment, account, offer: { ...estimated, ...maxFees } });
    const words = encodeTransaction(transaction);
    const id = toHex(keccakWords(words));
    journal.append({ type: "intent", request, id, words });
    await this.#submit(transaction, id);
    return this.#sent(transaction, id, false);
  }

  #sign(parts: { payment: Payment; account: AccountView; offer: FeeOffer }): Transaction {
    const { payment, account, offer } = parts;
    const { domain, keyPair } = this.#options;
    return signTransaction({
      domain,
      keyPair,
      body: { ...payment, ...offer, from: account.leaf, nonce: account.nextNonce },
    });
  }

  /** Any answer of the node, refusals too, ends the intent; an answer that does not come leaves it open. */
  async #submit(transaction: Transaction, id: string): Promise<void> {
    const { ledger, journal } = this.#options;
    try {
      await ledger.submit(transaction);
    } catch (error) {
      if (isAnswer(error)) journal.append({ type: "answered", id });
      throw error;
    }
    journal.append({ type: "answered", id });
  }

  /** True when the payment is in the pool or executed; false when it is void, and a new one may be signed. */
  async #resubmit(intent: IntentEntry): Promise<boolean> {
    const { ledger, journal } = this.#options;
    const { id } = intent;
    try {
      await ledger.submit(transactionOf(intent));
    } catch (error) {
      switch (refusalOf(error)?.code) {
        case "DUPLICATE":
          break;
        case "NONCE_TOO_LOW": {
          const { state } = await ledger.transaction(id);
          if (state === "unknown") throw unclear(id);
          journal.append({ type: "answered", id });
          return state !== "skipped";
        }
        case "NONCE_TAKEN":
          throw unclear(id);
        default:
          if (isAnswer(error)) journal.append({ type: "answered", id });
          throw error;
      }
    }
    journal.append({ type: "answered", id });
    return true;
  }

  async #sent({ kind, from, nonce }: Transaction, id: string, resumed: boolean): Promise<SentPayment> {
    const { prices } = await this.#options.ledger.status();
    return { id, from, nonce, fee: feeOf(gasOf(kind), prices), resumed };
  }
}

/** The account of a key; undefined when L1 knows none, as far as the ledger has read. */
export function accountOfKey(
  ledger: LedgerApi,
  key: { x: bigint; y: bigint },
): Promise<AccountView | undefined> {
  return unlessUnknown(ledger.account({ key }));
}

/** The account at a leaf; undefined when L1 knows none, as far as the ledger has read. */
export function accountAt(ledger: LedgerApi, leaf: number): Promise<AccountView | undefined> {
  return unlessUnknown(ledger.account({ leaf }));
}

async function unlessUnknown(answer: Promise<AccountView>): Promise<AccountView | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (refusalOf(error)?.code === "ACCOUNT_UNKNOWN") return undefined;
    throw error;
  }
}

/** Parameters of {@link waitForTransaction} and {@link waitForMessage}. */
export interface WaitOptions {
  ledger: LedgerApi;
  /** Wait until the block is proven, too. */
  proven?: boolean;
  /** Milliseconds between questions. Default 500. */
  pollInterval?: number;
  signal?: AbortSignal;
}

/** Questions in a row to which a transaction may be unknown: a block may come between pool and index. */
const UNKNOWN_LIMIT = 5;

/**
 * Waits until a transaction is in a block.
 * @throws WalletError WAIT_ENDED when the signal aborts, or when the node has forgotten the transaction
 */
export function waitForTransaction(id: string, options: WaitOptions): Promise<TransactionStatus> {
  let unknown = 0;
  return waitFor(async () => {
    const status = await options.ledger.transaction(id);
    unknown = status.state === "unknown" ? unknown + 1 : 0;
    if (unknown < UNKNOWN_LIMIT) return status;
    throw new WalletError(
      "WAIT_ENDED",
      `the node has forgotten transaction ${id}`,
      "send it again: its nonce is free",
    );
  }, options);
}

/** Waits until a message from L1 is in a block. @throws WalletError WAIT_ENDED when the signal aborts */
export function waitForMessage(index: number, options: WaitOptions): Promise<MessageStatus> {
  return waitFor(() => options.ledger.message(index), options);
}

async function waitFor<Status extends TransactionStatus | MessageStatus>(
  ask: () => Promise<Status>,
  { proven = false, pollInterval = 500, signal }: WaitOptions,
): Promise<Status> {
  for (;;) {
    const status = await ask();
    if ("block" in status && (status.proven || !proven)) return status;
    if (signal?.aborted)
      throw new WalletError("WAIT_ENDED", "the wait was ended", "ask again with ledger:status");
    await sleep(pollInterval, signal);
  }
}

function transactionOf({ words }: IntentEntry): Transaction {
  return decodeTransaction(words as unknown as TransactionWords);
}

/** Whether a node has decided: without an answer, or with one nobody understands, it may have taken the transaction. */
function isAnswer(error: unknown): boolean {
  const code = refusalOf(error)?.code;
  return code !== undefined && !["NODE_UNREACHABLE", "NODE_ANSWER_INVALID", "INTERNAL"].includes(code);
}

function unclear(id: string): WalletError {
  return new WalletError(
    "UNCLEAR",
    `nobody knows whether the earlier payment ${id} was executed: its nonce was used`,
    "compare the balance with ledger:account; --again pays once more",
  );
}

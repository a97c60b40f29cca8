/**
 * The ledger: what a block does to the accounts.
 *
 * The transition is total. Any content of a well-formed blob has one defined result; a transaction that breaks a rule
 * is skipped without effect, fee or gas. Order: the deposits of all message slots, then the transaction slots. The
 * forced transaction of message slot m runs in transaction slot T - M + m, in place of the blob's.
 */
import { accountExists, type Account } from "./account.ts";
import type { Address } from "./address.ts";
import type { BlockData } from "./blob.ts";
import { ProtocolError } from "./errors.ts";
import type { Field } from "./field.ts";
import { feeOf, gasOf, type Gas, type GasPrices } from "./gas.ts";
import { GRUMPKIN_ORDER, recoverPoint } from "./grumpkin.ts";
import { forcedBody, isDeposit, MESSAGE_FEE_DEPOSIT, type Deposit, type Message } from "./message.ts";
import { schnorrVerify, type SignatureClaim } from "./schnorr.ts";
import { MAX_ACCOUNTS, type Sizes } from "./sizes.ts";
import { encodeBody, KIND_TRANSFER, KIND_WITHDRAW, readTransaction, signingMessage } from "./transaction.ts";
import type { RawTransaction, TransactionWords } from "./transaction.ts";
import type { AccountTree } from "./tree.ts";
import { ASSET_FEE_JUICE, ASSET_TOKEN, type Withdrawal } from "./withdrawal.ts";

/** Content of a block and what its header says of the circumstances. */
export interface BlockInput {
  /** The blob's content: `decodeBlob` of what was published, `blockDataOf` while building. */
  readonly data: BlockData;
  /** The messages consumed, in Inbox order; at most `sizes.messages`. */
  readonly messages: readonly Message[];
  readonly prices: GasPrices;
  /** The genesis chain hash as a field element. */
  readonly domain: Field;
  readonly sizes: Sizes;
  /**
   * A faster or caching implementation of the same check. A node that catches up on proven blocks may first assume
   * that all signatures hold, and check them only if it does not come to the header's root.
   */
  readonly verifySignature?: (claim: SignatureClaim) => boolean;
}

/** One write to the account tree, as the circuit performs it. `before` and `after` are equal where nothing changes. */
export interface LeafUpdate {
  readonly index: number;
  readonly before: Account;
  readonly after: Account;
  /** The tree before the write: `tree.path(index)` is the witness. */
  readonly tree: AccountTree;
}

/** What one message slot did. Slots without a message, and forced transactions, write leaf `index` back unchanged. */
export interface MessageStep {
  readonly message: Message | undefined;
  readonly update: LeafUpdate;
  /** A deposit for a leaf with another key goes back to its sender. */
  readonly returned: Withdrawal | undefined;
}

/** The first rule of the list, in this order, that a transaction breaks. */
export type SkipReason =
  | "spare-bits"
  | "unknown-kind"
  | "sender-out-of-range"
  | "sender-empty"
  | "nonce-mismatch"
  | "nonce-exhausted"
  | "l2-fee-cap-below-price"
  | "da-fee-cap-below-price"
  | "fee-balance-too-low"
  | "balance-too-low"
  | "withdraw-nothing"
  | "withdraw-to-zero"
  | "receiver-out-of-range"
  | "receiver-empty"
  | "signature-out-of-range"
  | "signature-invalid";

export type SlotOutcome =
  | { readonly type: "inactive" }
  | { readonly type: "skipped"; readonly reason: SkipReason }
  | { readonly type: "applied"; readonly gas: Gas; readonly fee: bigint };

/**
 * What one transaction slot did. Sender and receiver are written in this order whatever the outcome; the indices are
 * the lowest 20 bits of what the slot's transaction says in `from` and `to`.
 */
export interface SlotStep {
  /** The transaction of this slot: the forced one, or what the blob holds here, executed or not. */
  readonly transaction: RawTransaction;
  readonly forced: boolean;
  readonly outcome: SlotOutcome;
  readonly sender: LeafUpdate;
  readonly receiver: LeafUpdate;
  readonly withdrawal: Withdrawal | undefined;
}

export interface BlockResult {
  /** The accounts after the block; hashed only when its root is asked for. */
  readonly state: AccountTree;
  /** Charged gas: that of the ordinary transactions applied. */
  readonly gas: Gas;
  /** Fee juice debited: price times gas. */
  readonly fees: bigint;
  /** Messages to L1 in order of execution. */
  readonly withdrawals: readonly Withdrawal[];
  /** One for each of the M message slots. */
  readonly messages: readonly MessageStep[];
  /** One for each of the T transaction slots. */
  readonly slots: readonly SlotStep[];
}

const LAST_NONCE = 2 ** 32 - 1;
const MAX_BALANCE = 1n << 96n;

/**
 * Executes a block. The given state is not changed.
 *
 * @throws {ProtocolError} `too-many-messages`; `balance-overflow` or `invalid-key` for a deposit that L1 refuses.
 */
export function executeBlock(state: AccountTree, input: BlockInput): BlockResult {
  const { data, messages, sizes } = input;
  assertFits(input);

  let tree = state;
  const messageSteps: MessageStep[] = [];
  for (let m = 0; m < sizes.messages; m++) {
    const step = executeMessage(tree, messages[m]);
    messageSteps.push(step);
    tree = write(step.update);
  }

  const slots: SlotStep[] = [];
  for (let t = 0; t < sizes.transactions; t++) {
    const step = executeSlot(tree, input, contentOf({ data, messages, sizes, slot: t }));
    slots.push(step);
    tree = write(step.receiver);
  }

  return { state: tree, messages: messageSteps, slots, ...totals(messageSteps, slots) };
}

function executeMessage(tree: AccountTree, message: Message | undefined): MessageStep {
  if (message === undefined) return { message, update: unchanged(tree, 0), returned: undefined };
  if (!isDeposit(message))
    return { message, update: unchanged(tree, lowIndex(message.from)), returned: undefined };

  const before = tree.get(message.index);
  const key = recoverPoint({ x: message.keyX, parity: message.keyParity });
  const empty = !accountExists(before);
  if (!empty && (before.key.x !== key.x || before.key.y !== key.y)) {
    return { message, update: unchanged(tree, message.index), returned: returnedDeposit(message) };
  }
  const after = credit({ ...before, key }, message);
  return { message, update: { index: message.index, before, after, tree }, returned: undefined };
}

function credit(account: Account, { type, amount }: Deposit): Account {
  return type === MESSAGE_FEE_DEPOSIT
    ? { ...account, feeBalance: added(account.feeBalance, amount) }
    : { ...account, balance: added(account.balance, amount) };
}

function returnedDeposit({ type, amount, sender }: Deposit): Withdrawal {
  return { asset: type === MESSAGE_FEE_DEPOSIT ? ASSET_FEE_JUICE : ASSET_TOKEN, amount, recipient: sender };
}

interface SlotContent {
  readonly transaction: RawTransaction;
  readonly forced: boolean;
  readonly active: boolean;
}

/** The transaction that runs in a slot. */
function contentOf(block: Pick<BlockInput, "data" | "messages" | "sizes"> & { slot: number }): SlotContent {
  const { data, messages, sizes, slot } = block;
  const message = messages[slot - (sizes.transactions - sizes.messages)];
  if (message !== undefined && !isDeposit(message)) {
    const transaction = { ...forcedBody(message), signature: message.signature, spareIsZero: true };
    return { transaction, forced: true, active: true };
  }
  const words = data.slots[slot] as TransactionWords;
  return { transaction: readTransaction(words), forced: false, active: slot < data.count };
}

function executeSlot(
  tree: AccountTree,
  input: BlockInput,
  { transaction, forced, active }: SlotContent,
): SlotStep {
  const { kind, from, to, amount } = transaction;
  const senderIndex = lowIndex(from);
  const receiverIndex = lowIndex(to);
  const gas: Gas = forced ? { l2: 0n, da: 0n } : gasOf(kind);
  const fee = feeOf(gas, input.prices);

  const reason = active ? brokenRule(tree, input, { transaction, forced, fee }) : undefined;
  if (!active || reason !== undefined) {
    const outcome: SlotOutcome = reason === undefined ? { type: "inactive" } : { type: "skipped", reason };
    const sender = unchanged(tree, senderIndex);
    return {
      transaction,
      forced,
      outcome,
      sender,
      receiver: unchanged(tree, receiverIndex),
      withdrawal: undefined,
    };
  }

  const account = tree.get(senderIndex);
  const sender: LeafUpdate = {
    index: senderIndex,
    before: account,
    after: debited(account, { amount, fee }),
    tree,
  };
  const afterSender = write(sender);
  const outcome: SlotOutcome = { type: "applied", gas, fee };
  if (kind === KIND_WITHDRAW) {
    const withdrawal: Withdrawal = { asset: ASSET_TOKEN, amount, recipient: to as Address };
    return {
      transaction,
      forced,
      outcome,
      sender,
      receiver: unchanged(afterSender, receiverIndex),
      withdrawal,
    };
  }
  const before = afterSender.get(receiverIndex);
  const after = { ...before, balance: added(before.balance, amount) };
  const receiver: LeafUpdate = { index: receiverIndex, before, after, tree: afterSender };
  return { transaction, forced, outcome, sender, receiver, withdrawal: undefined };
}

interface Candidate {
  readonly transaction: RawTransaction;
  readonly forced: boolean;
  readonly fee: bigint;
}

/** The first rule that a transaction breaks. The signature comes last, since it costs most. */
function brokenRule(tree: AccountTree, input: BlockInput, candidate: Candidate): SkipReason | undefined {
  const { transaction, forced, fee } = candidate;
  const { kind, from, to, nonce, amount, signature } = transaction;
  const { prices, domain, verifySignature = schnorrVerify } = input;

  if (!transaction.spareIsZero) return "spare-bits";
  if (kind !== KIND_TRANSFER && kind !== KIND_WITHDRAW) return "unknown-kind";
  if (from >= MAX_ACCOUNTS) return "sender-out-of-range";

  const sender = tree.get(from);
  if (!accountExists(sender)) return "sender-empty";
  if (nonce !== sender.nonce) return "nonce-mismatch";
  if (nonce === LAST_NONCE) return "nonce-exhausted";

  if (!forced) {
    if (transaction.maxFeePerL2Gas < prices.feePerL2Gas) return "l2-fee-cap-below-price";
    if (transaction.maxFeePerDaGas < prices.feePerDaGas) return "da-fee-cap-below-price";
    if (sender.feeBalance < fee) return "fee-balance-too-low";
  }
  if (sender.balance < amount) return "balance-too-low";

  if (kind === KIND_WITHDRAW) {
    if (amount === 0n) return "withdraw-nothing";
    if (to === 0n) return "withdraw-to-zero";
  } else {
    if (to >= BigInt(MAX_ACCOUNTS)) return "receiver-out-of-range";
    // The sender's own update empties no leaf, so the order of the two does not matter here.
    if (!accountExists(tree.get(Number(to)))) return "receiver-empty";
  }

  if (signature.s >= GRUMPKIN_ORDER) return "signature-out-of-range";
  const message = signingMessage(domain, ...encodeBody(transaction));
  if (!verifySignature({ publicKey: sender.key, message, signature })) return "signature-invalid";
  return undefined;
}

function debited(account: Account, { amount, fee }: { amount: bigint; fee: bigint }): Account {
  return {
    ...account,
    feeBalance: account.feeBalance - fee,
    balance: account.balance - amount,
    nonce: account.nonce + 1,
  };
}

function totals(
  messages: readonly MessageStep[],
  slots: readonly SlotStep[],
): Pick<BlockResult, "gas" | "fees" | "withdrawals"> {
  const applied = slots.map(({ outcome }) => outcome).filter((outcome) => outcome.type === "applied");
  const sent = [...messages.map(({ returned }) => returned), ...slots.map(({ withdrawal }) => withdrawal)];
  return {
    gas: {
      l2: applied.reduce((sum, { gas }) => sum + gas.l2, 0n),
      da: applied.reduce((sum, { gas }) => sum + gas.da, 0n),
    },
    fees: applied.reduce((sum, { fee }) => sum + fee, 0n),
    withdrawals: sent.filter((withdrawal) => withdrawal !== undefined),
  };
}

function write({ tree, index, before, after }: LeafUpdate): AccountTree {
  return before === after ? tree : tree.set(index, after);
}

function unchanged(tree: AccountTree, index: number): LeafUpdate {
  const account = tree.get(index);
  return { index, before: account, after: account, tree };
}

/** A leaf that exists, for any number: what the circuit writes back when the number is no leaf. */
function lowIndex(number: number | bigint): number {
  return Number(BigInt(number) & BigInt(MAX_ACCOUNTS - 1));
}

function added(balance: bigint, amount: bigint): bigint {
  const sum = balance + amount;
  if (sum < MAX_BALANCE) return sum;
  throw new ProtocolError({
    code: "balance-overflow",
    message: `balance ${sum} does not fit in 96 bits`,
    remedy: "The portals cap deposits below 2^95: take messages from the Inbox of this rollup only",
  });
}

function assertFits({ data, messages, sizes }: BlockInput): void {
  if (messages.length > sizes.messages) {
    throw new ProtocolError({
      code: "too-many-messages",
      message: `a block takes ${sizes.messages} messages, not ${messages.length}`,
      remedy: "Leave the rest for the next block",
    });
  }
  if (data.slots.length !== sizes.transactions) {
    throw new ProtocolError({
      code: "wrong-length",
      message: `the blob's content has ${data.slots.length} slots, the circuit size ${sizes.transactions}`,
      remedy: "Decode the blob with the sizes of this rollup",
    });
  }
}

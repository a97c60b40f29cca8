import { accountExists, EMPTY_ACCOUNT, type Account } from "../../protocol/account.ts";
import { addressToHex } from "../../protocol/address.ts";
import { blockDataOf } from "../../protocol/blob.ts";
import { truncatedToField } from "../../protocol/hash.ts";
import { executeBlock } from "../../protocol/ledger.ts";
import { isDeposit, type Deposit, type Message } from "../../protocol/message.ts";
import { merklePath } from "../../protocol/merkle.ts";
import { recoverPoint } from "../../protocol/grumpkin.ts";
import type { Transaction } from "../../protocol/transaction.ts";
import type { AccountTree } from "../../protocol/tree.ts";
import { ASSET_FEE_JUICE, encodeWithdrawal } from "../../protocol/withdrawal.ts";
import { estimateFees } from "../../protocol/feeEstimator.ts";
import type { L1Fees } from "../../protocol/fees.ts";
import { feeOutlook } from "../node/feeOutlook.ts";
import { nextPrices } from "../node/nextPrices.ts";
import type { Node } from "../node/node.ts";
import type { NodeBlock } from "../node/nodeBlock.ts";
import { withdrawalClaims } from "../node/withdrawalClaims.ts";
import type { Mempool } from "../sequencer/mempool.ts";
import type {
  AccountQuery,
  AccountView,
  FeeOffer,
  LedgerApi,
  LedgerStatus,
  MessageStatus,
  TransactionStatus,
  WithdrawalView,
} from "./ledgerApi.ts";
import { LedgerIndex } from "./ledgerIndex.ts";
import { RpcError } from "./rpcError.ts";

/** Parameters of {@link NodeLedger}. */
export interface NodeLedgerOptions {
  node: Node;
  /** Absent for a node that takes no transactions. */
  mempool?: Mempool;
  /** Told of every transaction that a user brought and the mempool took. */
  onSubmitted?: (transaction: Transaction) => void;
  /** Newest L1 block known; default: the one the node has read. */
  l1Head?: () => number | undefined;
  /** L1's fees now; default: the newest that the tip's record knows of. */
  l1Fees?: () => Promise<L1Fees>;
}

/** The ledger as a node in this process has it, at its last sync. Reads only, but for the mempool. */
export class NodeLedger implements LedgerApi {
  readonly #options: NodeLedgerOptions;
  readonly #index = new LedgerIndex();
  #afterWaiting: AfterWaiting | undefined;

  constructor(options: NodeLedgerOptions) {
    this.#options = options;
    // Kept up to date, because a node forgets what old blocks did.
    options.node.on(({ type }) => type === "synced" && this.#refreshed());
  }

  status(): Promise<LedgerStatus> {
    const { node, mempool, l1Head } = this.#options;
    const { chain, parameters } = node;
    const { tip, provenTip } = chain;
    const describe = ({ number, record, state }: typeof tip): LedgerStatus["pending"] => ({
      number,
      slot: record.slot,
      stateRoot: state.root(),
    });
    return Promise.resolve({
      chainId: parameters.chainId,
      rollup: parameters.address,
      genesisHash: parameters.genesisHash,
      pending: describe(tip),
      proven: describe(provenTip),
      invalidBlocks: chain.pending - tip.number,
      prices: nextPrices(parameters, tip.record),
      pool: mempool ? { size: mempool.size, capacity: mempool.capacity } : null,
      inbox: { sent: chain.messages.length, consumed: tip.record.messageCount },
      l1: { synced: node.syncedTo, head: Math.max(node.syncedTo, l1Head?.() ?? 0) },
    });
  }

  async feeOffer(within: number): Promise<FeeOffer> {
    const { node, l1Fees } = this.#options;
    const { record } = node.chain.tip;
    const outlook = feeOutlook({ parameters: node.parameters, record, l1Fees: await l1Fees?.() });
    const { feePerL2Gas, feePerDaGas } = estimateFees({ ...outlook, blocks: within });
    return { maxFeePerL2Gas: feePerL2Gas, maxFeePerDaGas: feePerDaGas };
  }

  account(query: AccountQuery): Promise<AccountView> {
    return settle(() => {
      const { mempool, node } = this.#options;
      const { tip, provenTip } = node.chain;
      const found = "leaf" in query ? this.#byLeaf(query.leaf) : this.#byKey(query.key);
      if (!found) {
        const what = "leaf" in query ? `account ${query.leaf} does not exist` : "no account has this key";
        throw new RpcError("ACCOUNT_UNKNOWN", what, "register it on L1 with bridge:deposit");
      }
      const { leaf, key, state } = found;
      const account = tip.state.get(leaf);
      return {
        leaf,
        key,
        state,
        ...numbersOf(account),
        nextNonce: state === "active" ? (mempool?.nextNonce(leaf) ?? account.nonce) : 0,
        nextForcedNonce: this.#nextForcedNonce(leaf, account.nonce),
        proven: numbersOf(
          accountExists(provenTip.state.get(leaf)) ? provenTip.state.get(leaf) : EMPTY_ACCOUNT,
        ),
      };
    });
  }

  submit(transaction: Transaction): Promise<string> {
    return settle(() => {
      const { mempool, onSubmitted } = this.#options;
      if (!mempool)
        throw new RpcError("NO_MEMPOOL", "this node takes no transactions", "ask a sequencer's node");
      const id = mempool.add(transaction);
      onSubmitted?.(transaction);
      return id;
    });
  }

  transaction(id: string): Promise<TransactionStatus> {
    const { node, mempool } = this.#options;
    const place = this.#refreshed().place(id);
    // What is in the pool may still be executed, whatever became of it before.
    if (place?.outcome.type !== "applied" && mempool?.has(id)) return Promise.resolve({ state: "pooled" });
    if (!place) return Promise.resolve({ state: "unknown" });
    const { block, outcome } = place;
    const proven = block <= node.chain.proven;
    return Promise.resolve(
      outcome.type === "applied"
        ? { state: "included", block, proven, fee: outcome.fee }
        : { state: "skipped", block, proven, reason: outcome.reason },
    );
  }

  message(index: number): Promise<MessageStatus> {
    return settle(() => {
      const { chain } = this.#options.node;
      if (index < 1 || index > chain.messages.length) return { state: "unknown" };
      if (index > chain.tip.record.messageCount) return { state: "waiting" };
      const block = this.#consumer(index);
      if (block?.status !== "valid" || !block.result) {
        throw new RpcError(
          "STATE_UNAVAILABLE",
          `what became of message ${index} is no longer kept`,
          "see the account",
        );
      }
      const slot = index - 1 - (block.record.messageCount - block.messages.length);
      const place = { block: block.number, proven: block.number <= chain.proven };
      if (isDeposit(block.messages[slot]!)) {
        return { state: block.result.messages[slot]!.returned ? "returned" : "included", ...place };
      }
      // A forced transaction runs in one of the last transaction slots.
      const { slots, messages } = block.result;
      const { outcome } = slots[slots.length - messages.length + slot]!;
      return outcome.type === "skipped"
        ? { state: "skipped", ...place, reason: outcome.reason }
        : { state: "included", ...place };
    });
  }

  withdrawals(epoch: number): Promise<WithdrawalView[]> {
    return settle(() => {
      const { chain, parameters } = this.#options.node;
      const claims = withdrawalClaims({ chain, parameters, epoch });
      const words = claims.map(({ withdrawal }) => encodeWithdrawal(withdrawal));
      return claims.map(({ index, withdrawal: { asset, amount, recipient } }) => ({
        index,
        count: words.length,
        word: words[index]!,
        asset: asset === ASSET_FEE_JUICE ? ("fee" as const) : ("asset" as const),
        amount,
        recipient: addressToHex(recipient),
        path: merklePath(words, index),
      }));
    });
  }

  #refreshed(): LedgerIndex {
    this.#index.refresh(this.#options.node.chain);
    return this.#index;
  }

  #byLeaf(leaf: number): Found | undefined {
    const { key } = this.#options.node.chain.tip.state.get(leaf);
    if (key.x !== 0n || key.y !== 0n) return { leaf, key, state: "active" };
    const first = this.#waitingDeposits().find(({ index }) => index === leaf);
    return first && { leaf, key: keyOf(first), state: "waiting" };
  }

  #byKey(key: { x: bigint; y: bigint }): Found | undefined {
    const { state } = this.#options.node.chain.tip;
    const active = this.#refreshed()
      .leaves(key)
      .find((leaf) => isKey(state.get(leaf).key, key));
    if (active !== undefined) return { leaf: active, key, state: "active" };
    // The first deposit to a leaf is its registration: L1 gives indices out in order.
    const opened = new Set<number>();
    for (const deposit of this.#waitingDeposits()) {
      const { index } = deposit;
      if (opened.has(index) || accountExists(state.get(index))) continue;
      // A square root for each of thousands that wait would hold up everything else.
      if (deposit.keyX === key.x && isKey(keyOf(deposit), key)) return { leaf: index, key, state: "waiting" };
      opened.add(index);
    }
    return undefined;
  }

  /** Deposits that L1 has and the pending tip has not, oldest first. */
  #waitingDeposits(): Deposit[] {
    const { chain } = this.#options.node;
    return chain.messages.slice(chain.tip.record.messageCount).filter(isDeposit);
  }

  /** Anyone may post a forced transaction in anyone's name: only those that the ledger will apply count. */
  #nextForcedNonce(leaf: number, nonce: number): number {
    const { chain } = this.#options.node;
    const waiting = chain.messages.slice(chain.tip.record.messageCount);
    const concerned = waiting.some((message) => !isDeposit(message) && message.from === leaf);
    return concerned ? this.#stateAfter(waiting).get(leaf).nonce : nonce;
  }

  /** The pending tip's accounts after the messages that wait, as blocks without transactions of their own run them. */
  #stateAfter(waiting: readonly Message[]): AccountTree {
    const { chain, parameters } = this.#options.node;
    const { tip } = chain;
    const newest = waiting.at(-1);
    const known = this.#afterWaiting;
    // A message that a reorg brings back is read anew, with all those behind it.
    if (known?.tip === tip.state && known.count === waiting.length && known.newest === newest)
      return known.state;
    const { sizes, genesisHash } = parameters;
    const common = {
      data: blockDataOf([], sizes),
      prices: { feePerL2Gas: 0n, feePerDaGas: 0n }, // forced transactions pay on L1
      domain: truncatedToField(genesisHash),
      sizes,
    };
    let { state } = tip;
    for (let at = 0; at < waiting.length; at += sizes.messages) {
      ({ state } = executeBlock(state, { ...common, messages: waiting.slice(at, at + sizes.messages) }));
    }
    this.#afterWaiting = { tip: tip.state, count: waiting.length, newest, state };
    return state;
  }

  /** The block that consumed a message: the first whose cursor is not before it. */
  #consumer(index: number): NodeBlock | undefined {
    const { chain } = this.#options.node;
    let [low, high] = [1, chain.tip.number];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((chain.block(middle)?.record.messageCount ?? 0) >= index) high = middle;
      else low = middle + 1;
    }
    const block = chain.block(low);
    // Blocks far behind the proven tip are no longer kept: then the search ends at the oldest one that is.
    if (block?.status !== "valid") return undefined;
    return block.record.messageCount - block.messages.length < index ? block : undefined;
  }
}

/** What the waiting messages come to, kept while neither the tip nor they change: signatures take time. */
interface AfterWaiting {
  tip: AccountTree;
  count: number;
  newest: Message | undefined;
  state: AccountTree;
}

interface Found {
  leaf: number;
  key: { x: bigint; y: bigint };
  state: AccountView["state"];
}

function numbersOf({ feeBalance, balance, nonce }: Account): AccountView["proven"] {
  return { feeBalance, balance, nonce };
}

function keyOf({ keyX, keyParity }: Deposit): { x: bigint; y: bigint } {
  return recoverPoint({ x: keyX, parity: keyParity });
}

function isKey(a: { x: bigint; y: bigint }, b: { x: bigint; y: bigint }): boolean {
  return a.x === b.x && a.y === b.y;
}

/** The result of synchronous work as a promise, its error too. */
function settle<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}

/**
 * Users: they register and deposit through the portals on L1, then send each other transfers and withdraw now and
 * then. Seeded, and never faster than the pool takes.
 */
import { Interface, type TransactionReceipt } from "ethers";

import { toAddress } from "../../protocol/address.ts";
import { estimateFees } from "../../protocol/feeEstimator.ts";
import { feeOf, gasOf, type GasPrices } from "../../protocol/gas.ts";
import { truncatedToField } from "../../protocol/hash.ts";
import { isDeposit } from "../../protocol/message.ts";
import {
  KIND_TRANSFER,
  KIND_WITHDRAW,
  type Transaction,
  type TransactionBody,
  signTransaction,
} from "../../protocol/transaction.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import type { HeadFollower } from "../l1/headFollower.ts";
import { type L1Account, RevertError, type SendRequest, type SendResult } from "../l1/l1Account.ts";
import { messagesOf } from "../l1/rollupContract.ts";
import { feeOutlook } from "../node/feeOutlook.ts";
import type { Node } from "../node/node.ts";
import { MempoolError, type MempoolRefusal } from "../sequencer/mempool.ts";
import { messageOf } from "../support/actorError.ts";
import { Emitter } from "../support/emitter.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { sleep } from "../support/sleep.ts";
import { Random } from "./random.ts";
import { type User, isActive, seededUsers } from "./user.ts";

/** Where transactions go. */
export interface TransactionPool {
  readonly size: number;
  /** @throws MempoolError with the reason of a refusal */
  add(transaction: Transaction): string;
  nextNonce(sender: number): number;
  /** Of the next block, as far as is known. */
  readonly prices: GasPrices;
}

export type TrafficEvent =
  | { type: "registered"; user: number; leaf: number; gasUsed: bigint }
  | { type: "deposited"; user: number; gasUsed: bigint }
  | { type: "sent"; id: string; kind: number }
  | { type: "refused"; code: MempoolRefusal };

/** Parameters of {@link TrafficService}. */
export interface TrafficOptions {
  node: Node;
  heads: HeadFollower;
  /** Holds both tokens and pays for the deposits. */
  account: L1Account;
  pool: TransactionPool;
  logger: Logger;
  seed: number;
  users: number;
  /** Transactions kept waiting in the pool. */
  backlog: number;
  /** One transaction in so many withdraws to L1. */
  withdrawEvery?: number;
}

const ERC20 = new Interface(["function approve(address spender, uint256 value) returns (bool)"]);

/** Amounts are parts of this: what a user starts with in each token. */
const DEPOSIT = 10n ** 18n;
/** Blocks for which offers are estimated to hold. */
const WITHIN = 8;
/** Fee juice for this many transfers at the present price. */
const PAID_TRANSFERS = 100_000n;
/** Milliseconds until deposits that failed are tried again. */
const RETRY_AFTER = 2_000;

export class TrafficService implements Service {
  readonly users: readonly User[];
  readonly #options: TrafficOptions;
  readonly #events: Emitter<TrafficEvent>;
  readonly #random: Random;
  #sent = 0;
  #abort: AbortController | undefined;
  #stopListening: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.users = seededUsers({ seed: options.seed, count: options.users });
    this.#random = new Random(options.seed);
    this.#events = new Emitter((error) =>
      options.logger.error({ error: messageOf(error) }, "a traffic listener failed"),
    );
  }

  on(listener: (event: TrafficEvent) => void): () => void {
    return this.#events.on(listener);
  }

  /** Begins with the deposits, in the background; transfers follow as soon as two accounts exist. */
  start(): Promise<void> {
    if (this.#abort) return Promise.resolve();
    const { signal } = (this.#abort = new AbortController());
    this.#stopListening = this.#options.heads.onHead(() => this.fill());
    this.#running = this.#depositUntilDone(signal);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopListening();
    this.#abort?.abort();
    this.#abort = undefined;
    await this.#running;
  }

  /** What fails is tried again: without their deposits, users have nothing to send. */
  async #depositUntilDone(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        return await this.deposit(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.logger.error({ error: messageOf(error) }, "a deposit failed; trying again");
        await sleep(RETRY_AFTER, signal);
      }
    }
  }

  /** Opens every user's account with fee juice and asset. Users that the chain knows already are left alone. */
  async deposit(signal?: AbortSignal): Promise<void> {
    this.#findRegistered();
    const missing = this.users.filter(({ leaf }) => leaf === undefined);
    if (missing.length === 0) return;
    const { feePortal, assetPortal, feeToken, asset } = this.#options.node.parameters;
    await Promise.all([
      this.#approve(feeToken, feePortal, signal),
      this.#approve(asset, assetPortal, signal),
    ]);
    for (const user of missing) {
      if (signal?.aborted) return;
      await this.#register(user, signal);
    }
  }

  /** Sends until the backlog is full or the pool refuses. */
  fill(): void {
    const { node, pool, backlog } = this.#options;
    const { state } = node.chain.tip;
    const active = this.users.filter((user) => isActive(user, state)) as (User & { leaf: number })[];
    for (let tries = 2 * backlog; active.length >= 2 && pool.size < backlog && tries > 0; tries--) {
      const transaction = this.#next(active);
      if (transaction && !this.#send(transaction)) return;
    }
  }

  async #approve(token: string, portal: string, signal: AbortSignal | undefined): Promise<void> {
    const data = ERC20.encodeFunctionData("approve", [portal, 2n ** 255n]);
    await this.#options.account.send({ purpose: "approve", to: token, data, ...(signal ? { signal } : {}) });
  }

  async #register(user: User, signal: AbortSignal | undefined): Promise<void> {
    const { node, account, logger } = this.#options;
    const { feePortal, assetPortal, minimumFeeRegistration } = node.parameters;
    const { x, y } = user.keyPair.publicKey;
    const abi = contractInterface("bridge/IPortal");
    const number = this.users.indexOf(user);
    const options = signal ? { signal } : {};

    const juice = feeOf(gasOf(KIND_TRANSFER), this.#options.pool.prices) * PAID_TRANSFERS;
    const first = abi.encodeFunctionData("register", [
      x,
      y,
      juice > minimumFeeRegistration ? juice : minimumFeeRegistration,
    ]);
    const registered = await sendDeposit(account, {
      purpose: "register",
      to: feePortal,
      data: first,
      ...options,
    });
    const leaf = leafOf(registered.receipt, node.parameters.address);
    user.leaf = leaf;
    logger.info({ user: number, leaf }, "registered");
    this.#events.emit({ type: "registered", user: number, leaf, gasUsed: registered.receipt.gasUsed });

    const second = abi.encodeFunctionData("deposit", [leaf, x, y, DEPOSIT]);
    const { receipt } = await sendDeposit(account, {
      purpose: "deposit",
      to: assetPortal,
      data: second,
      ...options,
    });
    this.#events.emit({ type: "deposited", user: number, gasUsed: receipt.gasUsed });
  }

  /** After a restart: the accounts that earlier deposits opened. */
  #findRegistered(): void {
    const { tip, messages } = this.#options.node.chain;
    const accounts = [...tip.state.accounts()].map(([leaf, { key }]) => [key.x, leaf] as const);
    const waiting = messages.slice(tip.record.messageCount).filter(isDeposit);
    const leaves = new Map([...waiting.map(({ keyX, index }) => [keyX, index] as const), ...accounts]);
    for (const user of this.users) user.leaf ??= leaves.get(user.keyPair.publicKey.x);
  }

  /** A random transaction that its sender can pay. */
  #next(active: readonly (User & { leaf: number })[]): Transaction | undefined {
    const { node, pool, withdrawEvery = 8 } = this.#options;
    const { parameters, chain } = node;
    const sender = this.#random.pick(active);
    const balance = chain.tip.state.get(sender.leaf).balance;
    const amount = balance / BigInt(50 + this.#random.below(150));
    if (amount === 0n) return undefined;
    const withdraws = ++this.#sent % withdrawEvery === 0;
    const offer = estimateFees({
      ...feeOutlook({ parameters, record: chain.tip.record }),
      blocks: WITHIN,
    });
    const receiver = this.#random.pick(active.filter((user) => user !== sender));
    const body: TransactionBody = {
      kind: withdraws ? KIND_WITHDRAW : KIND_TRANSFER,
      from: sender.leaf,
      to: withdraws ? toAddress(this.#options.account.address) : BigInt(receiver.leaf),
      nonce: pool.nextNonce(sender.leaf),
      amount,
      maxFeePerL2Gas: offer.feePerL2Gas * BigInt(1 + this.#random.below(3)),
      maxFeePerDaGas: offer.feePerDaGas,
    };
    return signTransaction({
      domain: truncatedToField(parameters.genesisHash),
      keyPair: sender.keyPair,
      body,
    });
  }

  /** False when the pool wants no more. */
  #send(transaction: Transaction): boolean {
    try {
      const id = this.#options.pool.add(transaction);
      this.#events.emit({ type: "sent", id, kind: transaction.kind });
      return true;
    } catch (error) {
      if (!(error instanceof MempoolError)) throw error;
      this.#events.emit({ type: "refused", code: error.code });
      return error.code !== "POOL_FULL";
    }
  }
}

/** Deposits refused for their fee, one after another, after which sending ends: the Inbox fills faster. */
const FEE_TRIES = 4;

/**
 * Sends without ether, which suffices while the Inbox is at most half full; when the Rollup wants a fee, again with
 * what it names and a quarter more, since others may lengthen the queue meanwhile. What is too much comes back.
 */
async function sendDeposit(account: L1Account, request: SendRequest): Promise<SendResult> {
  let value = 0n;
  for (let tries = FEE_TRIES; ; tries--) {
    try {
      return await account.send({ ...request, value });
    } catch (error) {
      const reason = error instanceof RevertError ? error.contractError : undefined;
      if (tries === 1 || reason?.name !== "Rollup__DepositFeeTooLow") throw error;
      value = (BigInt(String(reason.args["required"])) * 5n) / 4n;
    }
  }
}

/** The index that L1 gave a registration: it stands in the message to the ledger. */
function leafOf(receipt: TransactionReceipt, rollup: string): number {
  for (const message of messagesOf(receipt.logs, rollup)) if (isDeposit(message)) return message.index;
  throw new Error("a registration without its message");
}

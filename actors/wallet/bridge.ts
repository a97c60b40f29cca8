/** A user's side of the bridge: deposits and forced transactions on L1, each sent once. */
import { Contract, Interface, type JsonRpcProvider, type TransactionReceipt } from "ethers";

import { truncatedToField } from "../../protocol/hash.ts";
import { isOnCurve, type GrumpkinPoint } from "../../protocol/grumpkin.ts";
import { isDeposit, messageFromWords } from "../../protocol/message.ts";
import type { KeyPair } from "../../protocol/schnorr.ts";
import { signTransaction } from "../../protocol/transaction.ts";
import type { ActorJournal } from "../journal/actorJournal.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import type { L1Account } from "../l1/l1Account.ts";
import type { RollupContract, RollupParameters } from "../l1/rollupContract.ts";
import type { LedgerApi } from "../rpc/ledgerApi.ts";
import { accountAt, accountOfKey, type Payment } from "./ledgerWallet.ts";
import { sendOnce, type MinedTransaction } from "./sendOnce.ts";
import { WalletError } from "./walletError.ts";

/** `fee`: the network's token, which pays for gas. `asset`: the token that the ledger moves. */
export type BridgeToken = "fee" | "asset";

/** Parameters of {@link Bridge}. */
export interface BridgeOptions {
  provider: JsonRpcProvider;
  rollup: RollupContract;
  /** Owns the tokens and pays for gas on L1. */
  account: L1Account;
  journal: ActorJournal;
}

/** A message that L1 took. */
export interface SentMessage {
  /** Number in the Inbox, from 1. */
  message: number;
  hash: string;
  gasUsed: bigint;
  /** True when an earlier call had sent it, and its answer got lost. */
  resumed: boolean;
}

/** Parameters of {@link Bridge.deposit}. */
export interface DepositParameters {
  token: BridgeToken;
  /** Owner of the account, and where to look for one that exists. */
  key: GrumpkinPoint;
  ledger: LedgerApi;
  /** Base units. */
  amount: bigint;
  signal?: AbortSignal;
}

/** Parameters of {@link Bridge.force}. */
export interface ForceParameters {
  keyPair: KeyPair;
  /** Sender's leaf. */
  from: number;
  /** The account's nonce, behind its forced transactions that wait. */
  nonce: number;
  payment: Payment;
  signal?: AbortSignal;
}

const ERC20 = new Interface([
  "function approve(address spender, uint256 value) returns (bool)",
  "function allowance(address owner, address spender) view returns (uint256)",
  "function balanceOf(address owner) view returns (uint256)",
]);
/** L1 blocks asked for at once. */
const RANGE = 2_000;

export class Bridge {
  readonly #options: BridgeOptions;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  /**
   * Adds to the key's account, and opens one when it has none. The account's index comes with the message. While the
   * Inbox is more than half full it pays the Rollup's fee along, in ether; what is too much comes back.
   * @throws WalletError AMOUNT_INVALID, CANNOT_PAY; see {@link sendOnce}
   */
  async deposit(parameters: DepositParameters): Promise<SentMessage & { leaf: number; registered: boolean }> {
    const { token, key, ledger, amount, signal } = parameters;
    const { address, feePortal, assetPortal } = this.#parameters;
    if (!isOnCurve(key))
      throw new WalletError("AMOUNT_INVALID", "the key is no point of Grumpkin", "check it");
    const portal = token === "fee" ? feePortal : assetPortal;
    const options = signal ? { signal } : {};
    const mined = await this.#once(`deposit-${token}-${amount}-${key.x.toString(16)}`, options, async () => {
      const leaf = await this.#leafOf(key, ledger);
      await this.#checkAmount({ token, amount, opens: leaf === undefined });
      await this.#approve({ token, portal, amount, ...options });
      const abi = contractInterface("bridge/IPortal");
      const data =
        leaf === undefined
          ? abi.encodeFunctionData("register", [key.x, key.y, amount])
          : abi.encodeFunctionData("deposit", [leaf, key.x, key.y, amount]);
      return { to: portal, data, value: withMargin(await this.depositFee()) };
    });
    const { number, message } = sentMessage(mined.receipt, address);
    if (!isDeposit(message)) throw new Error("a deposit that sent no deposit message");
    const register = contractInterface("bridge/IPortal").getFunction("register")!.selector;
    const transaction = await this.#options.provider.getTransaction(mined.receipt.hash);
    const registered = transaction?.data.startsWith(register) ?? false;
    return { ...described(mined, number), leaf: message.index, registered };
  }

  /**
   * Posts a signed transaction on L1: every chain of blocks must run it, whoever builds them. It pays its fee here, in
   * ether: at most `feeLimit`, and what the fee of its block does not take comes back.
   * @throws see {@link sendOnce}
   */
  async force({
    keyPair,
    from,
    nonce,
    payment,
    signal,
  }: ForceParameters): Promise<SentMessage & { feeLimit: bigint }> {
    const { address, genesisHash } = this.#parameters;
    const { kind, to, amount } = payment;
    const mined = await this.#once(
      `force-${kind}-${from}-${to}-${amount}`,
      signal ? { signal } : {},
      async () => {
        const { signature } = signTransaction({
          domain: truncatedToField(genesisHash),
          keyPair,
          body: { ...payment, from, nonce, maxFeePerL2Gas: 0n, maxFeePerDaGas: 0n },
        });
        const fee = await this.forcedFee(kind);
        const args = [kind, from, nonce, to, amount, signature.s, signature.e];
        return { to: address, data: abi().encodeFunctionData("force", args), value: withMargin(fee) };
      },
    );
    const { number } = sentMessage(mined.receipt, address);
    const transaction = await this.#options.provider.getTransaction(mined.receipt.hash);
    return { ...described(mined, number), feeLimit: transaction?.value ?? 0n };
  }

  /** Wei that a deposit costs now: nothing while the Inbox is at most half full. */
  async depositFee(): Promise<bigint> {
    const rollup = new Contract(this.#parameters.address, abi(), this.#options.provider);
    return BigInt(String(await rollup.getFunction("depositFee").staticCall()));
  }

  /** Wei that a forced transaction of a kind costs now. */
  async forcedFee(kind: number): Promise<bigint> {
    const rollup = new Contract(this.#parameters.address, abi(), this.#options.provider);
    return BigInt(String(await rollup.getFunction("forcedFee").staticCall(kind)));
  }

  get #parameters(): RollupParameters {
    return this.#options.rollup.parameters;
  }

  #once(
    purpose: string,
    options: { signal?: AbortSignal },
    make: () => Promise<{ to: string; data: string; value?: bigint }>,
  ): Promise<MinedTransaction> {
    const { provider, account, journal } = this.#options;
    return sendOnce({ provider, account, journal, purpose, make, ...options });
  }

  /** The key's leaf: as the ledger has it, or from registrations on L1 that it has not read yet. */
  async #leafOf(key: GrumpkinPoint, ledger: LedgerApi): Promise<number | undefined> {
    // In this order: what the ledger reads between the two answers is then looked at twice, not never.
    const { l1 } = await ledger.status();
    const known = await accountOfKey(ledger, key);
    if (known) return known.leaf;
    const { provider, rollup } = this.#options;
    const head = await provider.getBlockNumber();
    const topics = [abi().getEvent("MessageSent")!.topicHash];
    // The first deposit to a leaf is its registration; later ones may name any key, and are sent back.
    const seen = new Set<number>();
    for (let from = l1.synced + 1; from <= head; from += RANGE) {
      const toBlock = Math.min(head, from + RANGE - 1);
      const logs = await provider.getLogs({
        address: rollup.parameters.address,
        fromBlock: from,
        toBlock,
        topics,
      });
      for (const log of logs) {
        const message = messageFromWords(abi().parseLog(log)!.args["message"] as bigint[]);
        if (!isDeposit(message) || seen.has(message.index)) continue;
        seen.add(message.index);
        if (message.keyX !== key.x || message.keyParity !== Number(key.y & 1n)) continue;
        const account = await accountAt(ledger, message.index);
        if (!account || (account.key.x === key.x && account.key.y === key.y)) return message.index;
      }
    }
    return undefined;
  }

  async #checkAmount({
    token,
    amount,
    opens,
  }: {
    token: BridgeToken;
    amount: bigint;
    opens: boolean;
  }): Promise<void> {
    const { minimumFeeRegistration, minimumAssetRegistration, feeToken, asset } = this.#parameters;
    const minimum = token === "fee" ? minimumFeeRegistration : minimumAssetRegistration;
    if (amount <= 0n) throw new WalletError("AMOUNT_INVALID", "a deposit of 0", "give an amount");
    if (opens && amount < minimum) {
      throw new WalletError(
        "AMOUNT_INVALID",
        `an account's first deposit is at least ${minimum} base units of the ${token} token, this is ${amount}`,
        "deposit more",
      );
    }
    const balance = await this.#read(token === "fee" ? feeToken : asset, "balanceOf", [
      this.#options.account.address,
    ]);
    if (balance >= amount) return;
    throw new WalletError(
      "CANNOT_PAY",
      `${this.#options.account.address} has ${balance} base units of the ${token} token, not ${amount}`,
      "deposit less, or send it some",
    );
  }

  /** Allows just this amount; an allowance that suffices is left alone. */
  async #approve(parameters: {
    token: BridgeToken;
    portal: string;
    amount: bigint;
    signal?: AbortSignal;
  }): Promise<void> {
    const { token, portal, amount, signal } = parameters;
    const { feeToken, asset } = this.#parameters;
    const { account } = this.#options;
    const to = token === "fee" ? feeToken : asset;
    if ((await this.#read(to, "allowance", [account.address, portal])) >= amount) return;
    const data = ERC20.encodeFunctionData("approve", [portal, amount]);
    await account.send({ purpose: "approve", to, data, ...(signal ? { signal } : {}) });
  }

  async #read(token: string, name: string, args: unknown[]): Promise<bigint> {
    return BigInt(
      String(await new Contract(token, ERC20, this.#options.provider).getFunction(name).staticCall(...args)),
    );
  }
}

/** The one message to the ledger that a transaction sent. */
function sentMessage(
  { logs }: TransactionReceipt,
  rollup: string,
): { number: number; message: ReturnType<typeof messageFromWords> } {
  for (const log of logs) {
    if (log.address.toLowerCase() !== rollup.toLowerCase()) continue;
    const event = abi().parseLog(log);
    if (event?.name !== "MessageSent") continue;
    return {
      number: Number(event.args["index"]),
      message: messageFromWords(event.args["message"] as bigint[]),
    };
  }
  throw new Error("a transaction to the bridge without its message");
}

function described({ receipt, resumed }: MinedTransaction, message: number): SentMessage {
  return { message, hash: receipt.hash, gasUsed: receipt.gasUsed, resumed };
}

/** Others may lengthen the queue before a message is mined, which raises its fee. What is too much comes back. */
function withMargin(fee: bigint): bigint {
  return (fee * 5n) / 4n;
}

/** Read when first needed, so that importing this file needs no build. */
function abi(): Interface {
  return contractInterface("rollup/Rollup");
}

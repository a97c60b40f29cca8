/**
 * Withdrawals on L1, from L1 alone: no node has to help, so no node can keep a user from what is theirs. The list of an
 * epoch stands in the calldata of its proof; it is believed only when it has the commitment that the Outbox stores.
 */
import { Contract, type Interface, type JsonRpcProvider, type Log } from "ethers";

import { addressToHex } from "../../protocol/address.ts";
import { toHex } from "../../protocol/bytes.ts";
import { merkleCommitment, merklePath } from "../../protocol/merkle.ts";
import { ASSET_FEE_JUICE, decodeWithdrawal } from "../../protocol/withdrawal.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import { type L1Account, RevertError } from "../l1/l1Account.ts";
import { readHead } from "../l1/provider.ts";
import type { RollupContract } from "../l1/rollupContract.ts";
import type { LedgerApi } from "../rpc/ledgerApi.ts";
import { messageOf } from "../support/actorError.ts";
import { sleep } from "../support/sleep.ts";
import type { BridgeToken } from "./bridge.ts";
import { WalletError } from "./walletError.ts";

/** A withdrawal of a proven epoch. */
export interface ProvenWithdrawal {
  epoch: number;
  /** Place in the epoch's list. */
  index: number;
  token: BridgeToken;
  /** Base units. */
  amount: bigint;
  recipient: string;
  /** First second at which it can be paid, since 1970. */
  payableAt: number;
  paid: boolean;
  /** Of the epoch's proof. */
  transactionHash: string;
}

/** What finishing a withdrawal came to. */
export interface FinishedWithdrawal extends ProvenWithdrawal {
  /** Of the payment; undefined when it had been paid before. */
  hash: string | undefined;
  gasUsed: bigint | undefined;
}

/** Parameters of {@link Withdrawals}. */
export interface WithdrawalsOptions {
  provider: JsonRpcProvider;
  rollup: RollupContract;
  /** Asked for the list of an epoch whose proof did not come as a call of the Rollup itself. */
  ledger?: Pick<LedgerApi, "withdrawals">;
}

interface Outbox {
  epoch: number;
  words: readonly bigint[];
  payableAt: number;
  transactionHash: string;
}

/** L1 blocks asked for at once. */
const RANGE = 2_000;

export class Withdrawals {
  readonly #options: WithdrawalsOptions;
  readonly #contract: Contract;
  #delay: number | undefined;

  constructor(options: WithdrawalsOptions) {
    this.#options = options;
    this.#contract = new Contract(options.rollup.parameters.address, abi(), options.provider);
  }

  /**
   * Withdrawals of all proven epochs, or of one, oldest first. Reads one transaction for every epoch that has some.
   * @param recipient only those to this L1 address
   */
  async list({ epoch, recipient }: { epoch?: number; recipient?: string } = {}): Promise<ProvenWithdrawal[]> {
    const found: ProvenWithdrawal[] = [];
    for (const outbox of await this.#outboxes(epoch)) {
      for (const index of outbox.words.keys()) {
        const withdrawal = await this.#describe(outbox, index);
        if (recipient === undefined || withdrawal.recipient.toLowerCase() === recipient.toLowerCase()) {
          found.push(withdrawal);
        }
      }
    }
    return found;
  }

  /**
   * Pays a withdrawal to its recipient, whoever asks. One that is paid already stays so, and that is no error.
   * @param wait whether to wait for the end of its delay
   * @throws WalletError WITHDRAWAL_UNKNOWN, WITHDRAWAL_DELAYED, WAIT_ENDED; RevertError
   */
  async finish(parameters: {
    epoch: number;
    index: number;
    account: L1Account;
    wait?: boolean;
    /** Milliseconds between questions while it waits. Default 1,000. */
    pollInterval?: number;
    signal?: AbortSignal;
  }): Promise<FinishedWithdrawal> {
    const { epoch, index, account, wait = false, pollInterval = 1_000, signal } = parameters;
    const [outbox] = await this.#outboxes(epoch);
    if (!outbox || !(index in outbox.words)) {
      const what = outbox
        ? `epoch ${epoch} has no withdrawal ${index}`
        : `no proven epoch ${epoch} has withdrawals`;
      throw new WalletError(
        "WITHDRAWAL_UNKNOWN",
        what,
        "list them with bridge:withdraw; an epoch must be proven first",
      );
    }
    const withdrawal = await this.#describe(outbox, index);
    if (withdrawal.paid) return { ...withdrawal, hash: undefined, gasUsed: undefined };
    await this.#untilPayable(withdrawal, { wait, pollInterval, signal });

    const { to, data } = this.#payment(outbox, index);
    try {
      const { receipt } = await account.send({
        purpose: `withdraw-${epoch}-${index}`,
        to,
        data,
        ...(signal ? { signal } : {}),
      });
      return { ...withdrawal, paid: true, hash: receipt.hash, gasUsed: receipt.gasUsed };
    } catch (error) {
      // Paid in between, by another or by an earlier call of ours.
      const paid =
        error instanceof RevertError && error.contractError?.name === "Rollup__WithdrawalAlreadyConsumed";
      if (!paid && !(await this.#isPaid(epoch, index))) throw error;
      return { ...withdrawal, paid: true, hash: undefined, gasUsed: undefined };
    }
  }

  /** By L1's time, never the machine's. */
  async #untilPayable(
    { epoch, index, payableAt }: ProvenWithdrawal,
    { wait, pollInterval, signal }: { wait: boolean; pollInterval: number; signal: AbortSignal | undefined },
  ): Promise<void> {
    for (;;) {
      const now = (await readHead(this.#options.provider))?.timestamp ?? 0;
      if (now >= payableAt) return;
      if (!wait) {
        throw new WalletError(
          "WITHDRAWAL_DELAYED",
          `withdrawal ${index} of epoch ${epoch} can be paid in ${payableAt - now} s`,
          "call again then, or add --wait",
        );
      }
      if (signal?.aborted) throw new WalletError("WAIT_ENDED", "the wait was ended", "call again");
      await sleep(pollInterval, signal);
    }
  }

  #payment({ epoch, words }: Outbox, index: number): { to: string; data: string } {
    const { feePortal, assetPortal } = this.#options.rollup.parameters;
    const word = words[index]!;
    const path = merklePath(words, index).map((sibling) => toHex(sibling));
    return {
      to: decodeWithdrawal(word).asset === ASSET_FEE_JUICE ? feePortal : assetPortal,
      data: contractInterface("bridge/IPortal").encodeFunctionData("withdraw", [
        epoch,
        index,
        words.length,
        word,
        path,
      ]),
    };
  }

  async #describe(
    { epoch, words, payableAt, transactionHash }: Outbox,
    index: number,
  ): Promise<ProvenWithdrawal> {
    const { asset, amount, recipient } = decodeWithdrawal(words[index]!);
    return {
      epoch,
      index,
      token: asset === ASSET_FEE_JUICE ? "fee" : "asset",
      amount,
      recipient: addressToHex(recipient),
      payableAt,
      paid: await this.#isPaid(epoch, index),
      transactionHash,
    };
  }

  async #isPaid(epoch: number, index: number): Promise<boolean> {
    return Boolean(await this.#contract.getFunction("isWithdrawalConsumed").staticCall(epoch, index));
  }

  /** Epochs with withdrawals, oldest first. */
  async #outboxes(epoch: number | undefined): Promise<Outbox[]> {
    const { provider, rollup } = this.#options;
    const { address, startBlock } = rollup.parameters;
    const topics = abi().encodeFilterTopics("EpochProven", [epoch ?? null]);
    const head = await provider.getBlockNumber();
    const outboxes: Outbox[] = [];
    for (let from = startBlock; from <= head; from += RANGE) {
      const toBlock = Math.min(head, from + RANGE - 1);
      const logs = await provider.getLogs({ address, fromBlock: from, toBlock, topics });
      for (const log of logs) {
        const outbox = await this.#outboxOf(log);
        if (outbox) outboxes.push(outbox);
      }
    }
    return outboxes;
  }

  async #outboxOf(log: Log): Promise<Outbox | undefined> {
    const { clock } = this.#options.rollup.parameters;
    const args = abi().parseLog(log)!.args;
    const epoch = Number(args["epoch"]);
    const outboxWord = args["outboxWord"] as bigint;
    if (outboxWord === 0n) return undefined;
    this.#delay ??= Number(
      ((await this.#contract.getFunction("config").staticCall()) as { outboxDelay: bigint }).outboxDelay,
    );
    return {
      epoch,
      words: await this.#words({ log, epoch, outboxWord }),
      payableAt: clock.genesisTime + Number(outboxWord & 0xffffffffn) + this.#delay,
      transactionHash: log.transactionHash,
    };
  }

  /** The list: from the proof's calldata, otherwise from the ledger; never one without the Outbox's commitment. */
  async #words(parameters: { log: Log; epoch: number; outboxWord: bigint }): Promise<readonly bigint[]> {
    const { log, epoch, outboxWord } = parameters;
    const { provider, ledger } = this.#options;
    const isList = (words: readonly bigint[]): boolean =>
      merkleCommitment(words) >> 32n === outboxWord >> 32n;

    const transaction = await provider.getTransaction(log.transactionHash);
    const called = transaction ? wordsOfCall(transaction.data) : undefined;
    if (called && isList(called)) return called;
    let reason = `its proof came through another contract (${log.transactionHash})`;
    try {
      const told = (await ledger?.withdrawals(epoch))?.map(({ word }) => word);
      if (told && isList(told)) return told;
    } catch (error) {
      reason += `, and the node does not know it: ${messageOf(error)}`;
    }
    throw new WalletError(
      "WITHDRAWAL_UNKNOWN",
      `the list of epoch ${epoch} cannot be had: ${reason}`,
      "use --from-l1",
    );
  }
}

/** Undefined for calldata of anything else. */
function wordsOfCall(data: string): readonly bigint[] | undefined {
  try {
    const [proof] = abi().decodeFunctionData("submitEpochProof", data) as unknown as [
      { withdrawals: Iterable<bigint> },
    ];
    return [...proof.withdrawals];
  } catch {
    return undefined;
  }
}

/** Read when first needed, so that importing this file needs no build. */
function abi(): Interface {
  return contractInterface("rollup/Rollup");
}

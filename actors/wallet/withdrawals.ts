/**
 * Withdrawals on L1, from L1 alone: no node has to help, so no node can keep a user from what is theirs. The list of an
 * epoch stands in the calldata of its proof; it is believed only when it has the commitment that the Outbox stores.
 */
import { Contract, type Interface, type JsonRpcProvider, type Log } from "ethers";

import { addressToHex } from "../../protocol/address.ts";
import { toHex } from "../../protocol/bytes.ts";
import { merkleCommitment, merklePath } from "../../protocol/merkle.ts";
import { decodePause, pauseExtension } from "../../protocol/pause.ts";
import { ASSET_FEE_JUICE, decodeWithdrawal } from "../../protocol/withdrawal.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import { type L1Account, RevertError } from "../l1/l1Account.ts";
import { proofCallsIn } from "../l1/proofCalls.ts";
import { readHead } from "../l1/provider.ts";
import type { RollupContract } from "../l1/rollupContract.ts";
import type { LedgerApi } from "../rpc/ledgerApi.ts";
import { messageOf } from "../support/actorError.ts";
import { sleep } from "../support/sleep.ts";
import type { BridgeToken } from "./bridge.ts";
import type { FoundOutbox, OutboxCache } from "./outboxCache.ts";
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
  /** Asked for the list of an epoch that the transaction of its proof does not hold. */
  ledger?: Pick<LedgerApi, "withdrawals">;
  /** Keeps what was found for the next search; absent: each begins at the Rollup's creation. */
  cache?: OutboxCache;
}

interface Outbox extends FoundOutbox {
  /** First second at which its withdrawals can be paid, since 1970, as far as is known now: a pause moves it. */
  payableAt: number;
}

/** L1 blocks asked for at once. */
const RANGE = 2_000;
/** L1 blocks that a reorg may replace: what they tell is not kept. */
const REORG_DEPTH = 64;

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
    const { to, data } = this.#payment(outbox, index);
    const request = { purpose: `withdraw-${epoch}-${index}`, to, data, ...(signal ? { signal } : {}) };
    for (let { payableAt } = withdrawal; ;) {
      await this.#untilPayable({ ...withdrawal, payableAt }, { wait, pollInterval, signal });
      try {
        const { receipt } = await account.send(request);
        return { ...withdrawal, paid: true, hash: receipt.hash, gasUsed: receipt.gasUsed };
      } catch (error) {
        const refusal = error instanceof RevertError ? error.contractError : undefined;
        if (refusal?.name === "Rollup__OutboxDelayNotOver") {
          // A pause began, or ended, since it was looked up. L1 names the time, in seconds since genesis.
          payableAt = this.#sinceGenesis(Number(refusal.args["availableAt"]));
          continue;
        }
        // Paid in between, by another or by an earlier call of ours.
        const paid = refusal?.name === "Rollup__WithdrawalAlreadyConsumed";
        if (!paid && !(await this.#isPaid(epoch, index))) throw error;
        return { ...withdrawal, paid: true, hash: undefined, gasUsed: undefined };
      }
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

  /** Seconds since 1970. */
  #sinceGenesis(seconds: number): number {
    return this.#options.rollup.parameters.clock.genesisTime + seconds;
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
    const { provider, rollup, cache } = this.#options;
    const { address, startBlock } = rollup.parameters;
    const kept = cache?.read() ?? { next: startBlock, outboxes: [] };
    const found = kept.outboxes.filter((outbox) => epoch === undefined || outbox.epoch === epoch);
    const head = await provider.getBlockNumber();
    // Without a filter the search is of use to the next one.
    const keeps = cache !== undefined && epoch === undefined;
    const topics = abi().encodeFilterTopics("EpochProven", [epoch ?? null]);
    const deep: FoundOutbox[] = [];
    for (let from = kept.next; from <= head; from += RANGE) {
      const toBlock = Math.min(head, from + RANGE - 1);
      for (const log of await provider.getLogs({ address, fromBlock: from, toBlock, topics })) {
        const outbox = await this.#outboxOf(log);
        if (!outbox) continue;
        found.push(outbox);
        if (log.blockNumber <= head - REORG_DEPTH) deep.push(outbox);
      }
    }
    if (keeps) {
      const next = Math.max(kept.next, head - REORG_DEPTH + 1);
      cache.write({ next, outboxes: [...kept.outboxes, ...deep] });
    }
    const terms = await this.#terms();
    return found.map((outbox) => ({ ...outbox, payableAt: terms(outbox.provenAt) }));
  }

  /** From the time of a proof to the first second at which its withdrawals can be paid, as things stand. */
  async #terms(): Promise<(provenAt: number) => number> {
    this.#delay ??= Number(
      ((await this.#contract.getFunction("config").staticCall()) as { outboxDelay: bigint }).outboxDelay,
    );
    const delay = this.#delay;
    const pause = decodePause(BigInt(String(await this.#contract.getFunction("pauseWord").staticCall())));
    return (provenAt) => this.#sinceGenesis(provenAt + delay + pauseExtension(pause, provenAt, delay));
  }

  async #outboxOf(log: Log): Promise<FoundOutbox | undefined> {
    const args = abi().parseLog(log)!.args;
    const epoch = Number(args["epoch"]);
    const outboxWord = args["outboxWord"] as bigint;
    if (outboxWord === 0n) return undefined;
    return {
      epoch,
      words: await this.#words({ log, epoch, outboxWord }),
      provenAt: Number(outboxWord & 0xffffffffn),
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
    const called = proofCallsIn(transaction?.data ?? "0x").find((call) => isList(call.withdrawals));
    if (called) return called.withdrawals;
    let reason = `the transaction of its proof does not hold it (${log.transactionHash})`;
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

/** Read when first needed, so that importing this file needs no build. */
function abi(): Interface {
  return contractInterface("rollup/Rollup");
}

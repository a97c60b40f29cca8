/** Rewards in `npm start`: minted before the first block, claimed when the proven epochs' delay is over. */
import { Contract, type EventLog, type JsonRpcProvider } from "ethers";

import { contractInterface } from "../../actors/l1/contractInterface.ts";
import type { L1Account } from "../../actors/l1/l1Account.ts";
import type { RollupContract } from "../../actors/l1/rollupContract.ts";
import { MarketContract } from "../../actors/market/marketContract.ts";
import { claimRewards, type RewardOrders } from "../../actors/rewards/claimRewards.ts";
import { RewardBook } from "../../actors/rewards/rewardBook.ts";
import { sleep } from "../../actors/support/sleep.ts";
import type { Deployment } from "../../deploy/deployment.ts";
import { localAddress, localAttesterSecret, localValidator } from "../../deploy/localAccounts.ts";
import { blsPublicKey, keyHash, keyHashToHex } from "../../protocol/bls.ts";
import { POLL } from "./accounts.ts";
import { exactTokens, shortTokens } from "./amounts.ts";
import { PROVERS } from "./provers.ts";

/** What was minted, paid and burned, in TST. */
export interface RewardsSummary {
  minted: string;
  /** Of one coinbase; null when nothing was claimed. */
  sequencer: { coinbase: string; blocks: number; epochs: number; fees: string; reward: string } | null;
  /** Of one validator, paid to its withdrawer. */
  attester: { keyHash: string; withdrawer: string; epochs: number; reward: string } | null;
  /** Congestion fees. */
  burned: { epochs: number; amount: string };
}

/** Parameters of {@link Payments}. */
export interface PaymentsOptions {
  provider: JsonRpcProvider;
  rollup: RollupContract;
  deployment: Deployment;
  /** Sends everything; whoever is paid. */
  account: L1Account;
  /** Number of local validators. */
  validators: number;
  show: (line: string) => void;
}

/** Bytes of an epoch, and of a block in it, in the claims' events. */
const EPOCH_BYTES = 4;
const BLOCK_BYTES = 5;

export class Payments {
  readonly #options: PaymentsOptions;
  readonly #book: RewardBook;

  constructor(options: PaymentsOptions) {
    const { provider, rollup, deployment } = options;
    this.#options = options;
    this.#book = new RewardBook({ provider, rollup, rewards: deployment.addresses.rewards });
  }

  /** Mints the present window into the distributor. */
  async mint(signal: AbortSignal): Promise<void> {
    await this.#claim({ mint: true }, signal);
    const { minted } = await this.summary();
    this.#options.show(`rewards    ${shortTokens(minted)} TST minted for this window`);
  }

  /**
   * Waits until proven epochs can be claimed. Then the coinbase with the most blocks and the validator behind it are
   * paid, and the pots of the epochs are settled: by their provers, or here where a prover crashed. Then the provers get
   * what they are credited, pots' leftovers go where they belong, and forfeited bonds burn.
   * @param crashed address of a prover that settles nothing any more
   * @param seconds most that the settlements are waited for
   */
  async payOut(parameters: {
    epochs: readonly number[];
    crashed: () => string | undefined;
    seconds: number;
    signal: AbortSignal;
  }): Promise<void> {
    const { epochs, crashed, seconds, signal } = parameters;
    await this.#untilClaimable(epochs, signal);
    await this.#payValidator(signal);

    const market = this.#market();
    for (const until = performance.now() + 1_000 * seconds; performance.now() < until;) {
      const states = await Promise.all(epochs.map((epoch) => market.isSettled(epoch)));
      const open = epochs.filter((_, i) => !states[i]);
      if (open.length === 0) break;
      const prover = crashed();
      for (const epoch of open) if (prover !== undefined) await this.#settleFor(prover, epoch, signal);
      await sleep(POLL, signal);
      signal.throwIfAborted();
    }
    await this.#book.refresh();
    for (const { account } of PROVERS) await this.#claim({ prover: localAddress(account) }, signal);
    await this.#claim({ leftovers: true }, signal);
    await this.#burnForfeited(signal);
  }

  /** From the contracts' events. */
  async summary(): Promise<RewardsSummary> {
    const { provider, deployment } = this.#options;
    const { incentives, rewards } = deployment.addresses;
    const read = async (address: string, path: string, name: string): Promise<EventLog["args"][]> => {
      const contract = new Contract(address, contractInterface(path), provider);
      const logs = (await contract.queryFilter(name, deployment.block)) as EventLog[];
      return logs.map(({ args }) => args);
    };
    const total = (logs: readonly EventLog["args"][], field: string): string =>
      exactTokens(sumOf(logs, field));
    const minted = await read(incentives, "rewards/Incentives", "Minted");
    const sequencer = await read(rewards, "rewards/Rewards", "SequencerClaimed");
    const attester = await read(rewards, "rewards/Rewards", "AttesterClaimed");
    const burned = await read(rewards, "rewards/Rewards", "FeesBurned");
    const credited = await read(rewards, "rewards/Rewards", "ProverCredited");
    const flushed = await read(rewards, "rewards/Rewards", "PotsFlushed");
    const blocks = sequencer.flatMap(({ leaves }) => items(leaves as string, BLOCK_BYTES));
    const duties = attester.flatMap(({ epochs }) => items(epochs as string, EPOCH_BYTES));
    return {
      minted: total(minted, "amount"),
      sequencer: sequencer[0]
        ? {
            coinbase: sequencer[0]["coinbase"] as string,
            blocks: blocks.length,
            epochs: new Set(blocks.map((block) => block.slice(0, 2 * EPOCH_BYTES))).size,
            fees: total(sequencer, "fees"),
            reward: total(sequencer, "reward"),
          }
        : null,
      attester: attester[0]
        ? {
            keyHash: attester[0]["keyHash"] as string,
            withdrawer: attester[0]["to"] as string,
            epochs: duties.length,
            reward: total(attester, "reward"),
          }
        : null,
      burned: {
        epochs: burned.length + credited.filter(({ burnable }) => burnable !== 0n).length,
        amount: exactTokens(sumOf(burned, "amount") + sumOf(flushed, "burned")),
      },
    };
  }

  async #untilClaimable(epochs: readonly number[], signal: AbortSignal): Promise<void> {
    const { provider, show } = this.#options;
    for (let told = false; ; await sleep(POLL, signal)) {
      signal.throwIfAborted();
      await this.#book.refresh();
      const early = this.#book
        .epochs()
        .filter(({ proven, state }) => epochs.includes(proven.epoch) && state === "early");
      const last = early.at(-1);
      if (!last) return;
      const { timestamp } = (await provider.getBlock("latest"))!;
      if (!told)
        show(`rewards    epoch ${last.proven.epoch} can be claimed in ${last.times.from - timestamp} s`);
      told = true;
    }
  }

  /** Pays the validator whose coinbase has the most to claim, for its blocks and for its attestations. */
  async #payValidator(signal: AbortSignal): Promise<void> {
    const { validators, show } = this.#options;
    const coinbaseOf = (index: number): string => localValidator(index).proposer.address;
    const counts: number[] = [];
    for (let index = 0; index < validators; index++)
      counts.push((await this.#book.blocksOf(coinbaseOf(index))).length);
    const index = counts.indexOf(Math.max(...counts));
    const validator = keyHashToHex(keyHash(blsPublicKey(localAttesterSecret(index))));
    await this.#claim({ coinbase: coinbaseOf(index), validator }, signal);
    show(`rewards    validator ${index} is paid as sequencer and attester`);
  }

  /** A pot goes to whom it is owed, whoever asks. */
  async #settleFor(prover: string, epoch: number, signal: AbortSignal): Promise<void> {
    const { account, show } = this.#options;
    const market = this.#market();
    const opening = await market.opening(epoch);
    if (opening.prover !== prover) return;
    const data = market.encode("settle", [opening]);
    await account.send({ purpose: `settle-${epoch}`, to: market.address, data, signal });
    show(`epoch ${epoch}  settled for the prover that crashed`);
  }

  async #burnForfeited(signal: AbortSignal): Promise<void> {
    const { account, provider } = this.#options;
    const { address } = this.#market();
    const market = new Contract(address, contractInterface("market/ProofMarket"), provider);
    // One unit always stays.
    if ((await market.getFunction("toBurn").staticCall()) < 2n) return;
    const data = market.interface.encodeFunctionData("burn");
    await account.send({ purpose: "burn-forfeited", to: address, data, signal });
  }

  async #claim(orders: RewardOrders, signal: AbortSignal): Promise<void> {
    const { account, deployment } = this.#options;
    const { incentives } = deployment.addresses;
    await claimRewards({ book: this.#book, incentives, account, orders, signal });
  }

  #market(): MarketContract {
    const { provider, deployment } = this.#options;
    return new MarketContract({ provider, deployment });
  }
}

function sumOf(logs: readonly EventLog["args"][], field: string): bigint {
  return logs.reduce((sum, args) => sum + (args[field] as bigint), 0n);
}

/** Items of a packed list in hex. */
function items(list: string, bytes: number): string[] {
  return list.slice(2).match(new RegExp(`.{${2 * bytes}}`, "g")) ?? [];
}

/** The network of `npm start`, from its first block until its story is told and its books are closed. */
import type { JsonRpcProvider } from "ethers";

import type { L1Account } from "../../actors/l1/l1Account.ts";
import { connectL1 } from "../../actors/l1/provider.ts";
import { RollupContract } from "../../actors/l1/rollupContract.ts";
import {
  type AbsenceResult,
  LocalNetwork,
  type NetworkEvent,
  type SequencerRules,
} from "../../actors/network/localNetwork.ts";
import type { Statistics } from "../../actors/network/statistics.ts";
import { openLocalProofMaker } from "../../actors/prover/localProofMaker.ts";
import { type ReadBooks, readBooks } from "../../actors/rewards/readBooks.ts";
import { messageOf } from "../../actors/support/actorError.ts";
import type { Logger } from "../../actors/support/logger.ts";
import type { Deployment } from "../../deploy/deployment.ts";
import {
  LOCAL_ACCOUNTS,
  localAddress,
  localAttesterKey,
  localPrivateKey,
  localValidator,
} from "../../deploy/localAccounts.ts";
import type { BuiltCircuit } from "../circuits/build.ts";
import { localAccount, VALIDATORS } from "./accounts.ts";
import { beginTime } from "./deployLocal.ts";
import { count } from "./layout.ts";
import { type MarketSummary, readMarketSummary } from "./marketSummary.ts";
import { Payments, type RewardsSummary } from "./payments.ts";
import { describeEvent } from "./progress.ts";
import { CrashRule, depositBonds, marketProvers, proverName, PROVERS, RECKLESS } from "./provers.ts";
import { openStory, type Story, type StoryResult } from "./story.ts";

/** Seconds between L1 blocks. */
export const L1_BLOCK_TIME = 1;
/** Their deposits fill the Inbox, two messages a block. */
const USERS = 4;
const BLOB_BYTES = 131_072;
/** With fewer epochs, the run does not wait for the user's story. */
const PATIENT_EPOCHS = 2;
/** Most seconds that the user's story may take behind the last epoch. */
const STORY_SECONDS = 90;
/** Most seconds that the provers' settlements may take behind the delay of claims. */
const SETTLEMENT_SECONDS = 30;

/** Parameters of {@link runNetwork}. */
export interface NetworkRunOptions {
  url: string;
  deployment: Deployment;
  circuit: BuiltCircuit;
  /** For journals, state and proofs: empty. */
  folder: string;
  /** Of the node's JSON API. */
  rpcPort: number;
  /** Proven epochs after which it ends; `Infinity`: with the signal. */
  epochs: number;
  logger: Logger;
  signal: AbortSignal;
  /** One line for people. */
  show: (line: string) => void;
  /** What the whole is doing. */
  tell: (title: string) => void;
}

/** What a run amounts to. */
export interface NetworkResult {
  statistics: Statistics;
  /** Who was offline; undefined when its epoch was not proven. */
  absence: AbsenceResult | undefined;
  /** What happened to one user; empty when it did not. */
  told: StoryResult;
  market: MarketSummary;
  rewards: RewardsSummary;
  books: ReadBooks;
  /** On the clock of `performance`: when L1 had accepted the first proof. */
  firstProofAt: number;
}

/** Runs the network; undefined when the signal ended it. Nothing of it runs afterwards. */
export async function runNetwork(options: NetworkRunOptions): Promise<NetworkResult | undefined> {
  const { url, deployment, folder, logger, show, signal } = options;
  const provider = await connectL1({ url, chainId: deployment.chainId });
  const rules: SequencerRules = { messagePolicy: "eager", refuseSenders: new Set() };
  const closing: (() => Promise<void> | void)[] = [() => provider.destroy()];
  try {
    // While L1 mines on demand: nothing of this has to wait for a block, and genesis finds the network ready.
    show("network    its parts are put together");
    await depositBonds(url, deployment);
    const rollup = await RollupContract.connect({ provider, deployment });
    const account = localAccount({
      provider,
      index: LOCAL_ACCOUNTS.deployer,
      chainId: deployment.chainId,
      logger: logger.child({ actor: "payments" }),
    });
    const payments = new Payments({ provider, rollup, deployment, account, validators: VALIDATORS, show });
    await payments.mint(signal);
    // Beside what comes now, which is work of this process.
    const warm = warmUp(account, signal).catch((error: unknown) => {
      logger.warn({ error: messageOf(error) }, "no blob before the first block");
    });
    const story = await openStory({ url, deployment, folder, rules, logger, show, signal });
    closing.push(() => story.close());
    const watch = new Watch(show);
    const network = await openNetwork({ ...options, rules, onEvent: (event) => watch.observe(event) });
    closing.push(() => network.stop());
    watch.network = network;
    await warm;
    show(
      `network    ready: ${VALIDATORS} validators, ${PROVERS.length} provers, ${USERS} users; now is genesis`,
    );
    await beginTime({ url, deployment, blockTime: L1_BLOCK_TIME });
    await network.start();

    const ended = new AbortController();
    closing.push(() => ended.abort());
    return await tellAll({ ...options, network, story, payments, watch, provider, ended });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

/** A network that runs, and what is told with it. */
interface Scene extends NetworkRunOptions {
  network: LocalNetwork;
  story: Story;
  payments: Payments;
  watch: Watch;
  provider: JsonRpcProvider;
  /** Ends the user's story. */
  ended: AbortController;
}

async function tellAll(scene: Scene): Promise<NetworkResult> {
  const { network, ended, story, payments, watch, provider, deployment, epochs, logger, signal, tell } =
    scene;
  const telling = story.run(network, AbortSignal.any([signal, ended.signal])).catch((error: unknown) => {
    logger.warn({ error: messageOf(error) }, "the user's story did not come to its end");
  });
  const until = epochs === Infinity ? "Ctrl-C ends it" : `until ${count(epochs, "epoch")} are proven`;
  tell(`Network, ${until}; its node answers at ${network.rpc!.url}`);
  await network.untilProven({ epochs, signal });

  tell(
    `Network: ${count(epochs, "epoch")} proven; waiting for rewards, the withdrawal and the forced transfer`,
  );
  const limit = setTimeout(() => ended.abort(), 1_000 * (epochs < PATIENT_EPOCHS ? 0 : STORY_SECONDS));
  const proven = network.node.chain.provenEpochs.slice(0, epochs).map(({ epoch }) => epoch);
  const reckless = localAddress(PROVERS[RECKLESS].account);
  const crashed = (): string | undefined => (watch.rule.crashed === undefined ? undefined : reckless);
  await payments.payOut({ epochs: proven, crashed, seconds: SETTLEMENT_SECONDS, signal });
  await telling;
  clearTimeout(limit);
  signal.throwIfAborted();

  tell(`Network: ${count(proven.length, "epoch")} proven`);
  const { addresses } = deployment;
  return {
    statistics: network.statistics,
    absence: await network.absence(),
    told: story.told,
    market: await readMarketSummary({ provider, deployment, epochs: proven, quotes: watch.quotes }),
    rewards: await payments.summary(),
    books: await readBooks({ provider, addresses, ...(await network.ledgerBooks()), fromBlock: 0 }),
    firstProofAt: watch.firstProofAt,
  };
}

/** The first blob that anvil sees takes it seconds, which the first slot does not have. */
async function warmUp(account: L1Account, signal: AbortSignal): Promise<void> {
  const blobs = [new Uint8Array(BLOB_BYTES)];
  await account.send({
    purpose: "warm-up",
    to: account.address,
    data: "0x",
    gasLimit: 21_000n,
    blobs,
    signal,
  });
}

async function openNetwork(
  options: NetworkRunOptions & { rules: SequencerRules; onEvent: (event: NetworkEvent) => void },
): Promise<LocalNetwork> {
  const { url, deployment, circuit, folder, rpcPort, rules, logger, onEvent } = options;
  return LocalNetwork.open({
    rpcUrl: url,
    deployment,
    folder,
    keys: {
      prover: localPrivateKey(LOCAL_ACCOUNTS.prover),
      traffic: localPrivateKey(LOCAL_ACCOUNTS.treasury),
      watcher: localPrivateKey(LOCAL_ACCOUNTS.watcher),
    },
    validators: Array.from({ length: VALIDATORS }, (_, index) => ({
      proposer: localValidator(index).proposer.privateKey,
      attester: localAttesterKey(index),
    })),
    absence: true,
    maker: await openLocalProofMaker(circuit),
    provers: { members: marketProvers(), deployment },
    rpcPort,
    users: USERS,
    sequencer: rules,
    l1BlockTime: L1_BLOCK_TIME,
    logger,
    onEvent,
  });
}

/** Shows what happens, remembers what no event on L1 says, and lets the reckless prover crash. */
class Watch {
  readonly rule = new CrashRule();
  /** By epoch and name of the prover, in basis points. */
  readonly quotes = new Map<number, Record<string, number>>();
  network: LocalNetwork | undefined;
  firstProofAt = Number.NaN;
  readonly #show: (line: string) => void;

  constructor(show: (line: string) => void) {
    this.#show = show;
  }

  observe(told: NetworkEvent): void {
    const { source, event } = told;
    const line = describeEvent(told);
    if (line !== undefined) this.#show(line);
    if (source === "node" && event.type === "epochProven" && Number.isNaN(this.firstProofAt))
      this.firstProofAt = performance.now();
    if (source === "market" && event.type === "quoted")
      this.quotes.set(event.epoch, {
        ...this.quotes.get(event.epoch),
        [proverName(told.index)]: event.fee,
      });
    if (!this.rule.observe(told)) return;
    this.#show(`epoch ${this.rule.crashed}  the ${proverName(RECKLESS)} prover crashes with its claim`);
    void this.network?.provers?.crash(RECKLESS);
  }
}

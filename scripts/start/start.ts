/**
 * `npm start`: a whole network on this machine. Builds what is missing, starts an L1, deploys, runs sequencer, prover
 * and users until enough epochs are proven, and compares the proven state on L1 with that of a fresh process which
 * knows nothing but L1's events and blobs.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import { Listr } from "listr2";

import { Anvil } from "../../actors/l1/anvil.ts";
import { connectL1 } from "../../actors/l1/provider.ts";
import { RollupContract } from "../../actors/l1/rollupContract.ts";
import { type AbsenceResult, LocalNetwork, type SequencerRules } from "../../actors/network/localNetwork.ts";
import type { Statistics } from "../../actors/network/statistics.ts";
import { readProvenRoot } from "../../actors/node/provenRoot.ts";
import { openLocalProofMaker } from "../../actors/prover/localProofMaker.ts";
import { messageOf } from "../../actors/support/actorError.ts";
import { createLogger, type Logger } from "../../actors/support/logger.ts";
import { writeDeployment, type Deployment } from "../../deploy/deployment.ts";
import {
  LOCAL_ACCOUNTS,
  localAttesterKey,
  localPrivateKey,
  localValidator,
} from "../../deploy/localAccounts.ts";
import { toHex } from "../../protocol/bytes.ts";
import { buildCircuit, type BuiltCircuit } from "../circuits/build.ts";
import { bar, describeEvent } from "./progress.ts";
import { deployLocal, genesisLag } from "./deployLocal.ts";
import {
  crashAfterClaim,
  depositBonds,
  marketProvers,
  type MarketSummary,
  readMarketSummary,
} from "./market.ts";
import { resync } from "./resync.ts";
import { StartError } from "./startError.ts";
import { openStory, type Story, type StoryResult } from "./story.ts";
import { summarise, type Summary } from "./summary.ts";

export interface StartOptions {
  /** Proven epochs after which the run ends. */
  epochs: number;
  /** Run on until Ctrl-C. */
  watch: boolean;
  /** Three provers compete in the proof market, and one crashes with its claim; otherwise one proves all. */
  market: boolean;
  /** File for the summary. */
  json: string | undefined;
  /** Of the L1. */
  port: number;
  /** Of the node's JSON API; -1: 15 above the L1's. */
  rpcPort: number;
}

/** Seconds between L1 blocks. */
const L1_BLOCK_TIME = 1;
/** Most seconds that the user's story may take behind the last epoch. */
const STORY_SECONDS = 90;
/** Most seconds that the rescue's settlement may take behind all that. */
const MARKET_SECONDS = 30;
/** Their deposits fill the Inbox, two messages a block. */
const USERS = 4;
/** They complete the bootstrap set of the preset. */
const VALIDATORS = 5;
const dataFolder = fileURLToPath(new URL("../../.data/local", import.meta.url));

/** What the steps leave for those after them. */
interface Context {
  circuit?: BuiltCircuit;
  deployment?: Deployment;
  network?: LocalNetwork;
  story?: Story;
  /** What happened to one user; empty when it did not. */
  told?: StoryResult;
  statistics?: Statistics;
  /** Who was offline; undefined when its epoch was not proven. */
  absence?: AbsenceResult | undefined;
  /** Undefined without the market's provers. */
  market?: MarketSummary | undefined;
  /** State root on L1, and the one a fresh process computed. */
  roots?: { l1: string; resynced: string };
}

/** Runs the network and prints the summary. @throws errors with a remedy: see `showKnownErrors` */
export async function start(options: StartOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  checkOptions(options);
  const began = performance.now();
  // Each run is a new chain: journals and blobs of an earlier one mean nothing to it.
  rmSync(dataFolder, { recursive: true, force: true });
  const logger = createLogger({ level: "info", file: join(dataFolder, "network.log") });
  const abort = new AbortController();
  const interrupted = (): void => (abort.signal.aborted ? process.exit(130) : abort.abort());
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);

  // Stakes become active and seeds are fixed before genesis: what that takes has passed when the network starts.
  const timestamp = Math.floor(Date.now() / 1000) - genesisLag("local");
  const anvil = new Anvil({ port: options.port, timestamp, logger });
  const context: Context = {};
  try {
    await steps({ options, hre, anvil, logger, signal: abort.signal }).run(context);
    if (abort.signal.aborted) {
      console.log("Stopped.");
      process.exitCode = options.watch ? 0 : 130;
      return;
    }
    const summary = summarise({ ...complete(context), seconds: (performance.now() - began) / 1000 });
    console.log(summary.text);
    if (options.json !== undefined)
      writeFileSync(options.json, `${JSON.stringify(summary.values, null, 2)}\n`);
    requireSameRoot(summary.values);
    requireStory(summary.values);
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    console.log("Stopped.");
    process.exitCode = options.watch ? 0 : 130;
  } finally {
    await context.network?.stop();
    context.story?.close();
    await anvil.stop();
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
  }
}

function steps(parts: {
  options: StartOptions;
  hre: HardhatRuntimeEnvironment;
  anvil: Anvil;
  logger: Logger;
  signal: AbortSignal;
}): Listr<Context> {
  const { options, hre, anvil, logger, signal } = parts;
  const unlessStopped = { skip: () => signal.aborted };
  return new Listr<Context>(
    [
      {
        ...unlessStopped,
        title: "Contracts",
        task: (_context, step) => {
          step.output = "compiling; the first time takes some minutes";
          return hre.tasks.getTask("build").run({ quiet: true, noTests: true });
        },
      },
      {
        ...unlessStopped,
        title: "Circuit, key and reference string",
        task: async (context, step) => {
          context.circuit = await buildCircuit({
            onProgress: ({ stage, done, total }) => (step.output = `${stage} ${bar(done, total)}`),
          });
          step.title = `Circuit of ${context.circuit.entry.gates.toLocaleString("en")} gates, ${context.circuit.srs.kind} reference string`;
        },
      },
      {
        ...unlessStopped,
        title: "L1",
        task: async (_context, step) => {
          await anvil.start();
          step.title = `L1 at ${anvil.url}`;
        },
      },
      {
        ...unlessStopped,
        title: "Deployment",
        task: async (context, step) => {
          context.deployment = await deployLocal({
            url: anvil.url,
            readArtifact: (name) => hre.artifacts.readArtifact(name),
            blockTime: L1_BLOCK_TIME,
            preset: "local",
            validators: VALIDATORS,
            ...(options.market
              ? { onDeployed: (deployment: Deployment) => depositBonds(anvil.url, deployment) }
              : {}),
            onStep: ({ contract }) => (step.output = contract),
          });
          writeDeployment(context.deployment);
          step.title = `Deployed: Rollup ${context.deployment.addresses.rollup}`;
        },
      },
      {
        ...unlessStopped,
        title: options.watch
          ? "Network (Ctrl-C ends it)"
          : `Network, until ${options.epochs} epochs are proven`,
        task: async (context, step) => {
          const show = (line: string): void => {
            step.output = line;
          };
          const rpcPort = rpcPortOf(options);
          const ended = new AbortController();
          const rules: SequencerRules = { messagePolicy: "eager", refuseSenders: new Set() };
          const { url } = anvil;
          const deployment = context.deployment!;
          // Before the network, whose users' deposits come from the same treasury.
          context.story = await openStory({ url, deployment, folder: dataFolder, rules, logger, show });
          const network = await openNetwork({
            context,
            url,
            rpcPort,
            rules,
            market: options.market,
            logger,
            show,
          });
          context.network = network;
          await network.start();
          const story = context.story
            .run(network, AbortSignal.any([signal, ended.signal]))
            .catch((error: unknown) => {
              logger.warn({ error: messageOf(error) }, "the user's story did not come to its end");
              return {};
            });
          step.title += `; its node answers at ${network.rpc!.url}`;
          const epochs = options.watch ? Number.MAX_SAFE_INTEGER : options.epochs;
          await network.untilProven({ epochs, signal }).catch((error: unknown) => {
            if (!signal.aborted) throw error;
          });
          step.title += "; waiting for one user's withdrawal and forced transfer";
          const limit = setTimeout(() => ended.abort(), 1_000 * (signal.aborted ? 0 : STORY_SECONDS));
          context.told = await story;
          clearTimeout(limit);
          context.statistics = network.statistics;
          context.absence = await network.absence();
          if (options.market)
            context.market = await readMarketSummary({ url, deployment, seconds: MARKET_SECONDS, signal });
          step.title = `Network: ${context.statistics.proofs} epochs proven`;
          await network.stop();
        },
        rendererOptions: { persistentOutput: true, outputBar: 8 },
      },
      {
        ...unlessStopped,
        title: "The state again, in a fresh process from L1 events and blobs alone",
        task: async (context) => {
          const deployment = context.deployment!;
          const folder = mkdtempSync(join(tmpdir(), "calpulli-resync-"));
          try {
            // Transactions that were under way when the network stopped may still land.
            await settle(2 * L1_BLOCK_TIME);
            const provider = await connectL1({ url: anvil.url, chainId: deployment.chainId });
            const rollup = await RollupContract.connect({ provider, deployment });
            const proven = await readProvenRoot({ provider, rollup });
            provider.destroy();
            const again = await resync({ url: anvil.url, network: deployment.network, folder, signal });
            context.roots = { l1: toHex(proven.stateRoot), resynced: again.provenRoot };
          } finally {
            rmSync(folder, { recursive: true, force: true });
          }
        },
      },
    ],
    { renderer: "default", fallbackRenderer: "simple", registerSignalListeners: false },
  );
}

async function openNetwork(parts: {
  context: Context;
  url: string;
  rpcPort: number;
  rules: SequencerRules;
  market: boolean;
  logger: Logger;
  show: (line: string) => void;
}): Promise<LocalNetwork> {
  const { context, url, rpcPort, rules, market, logger, show } = parts;
  return LocalNetwork.open({
    rpcUrl: url,
    deployment: context.deployment!,
    folder: dataFolder,
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
    maker: await openLocalProofMaker(context.circuit!),
    rpcPort,
    users: USERS,
    sequencer: rules,
    l1BlockTime: L1_BLOCK_TIME,
    logger,
    ...(market ? { provers: { members: marketProvers(), deployment: context.deployment! } } : {}),
    onEvent: (event) => {
      if (context.network) crashAfterClaim(context.network, event);
      const line = describeEvent(event);
      if (line !== undefined) show(line);
    },
  });
}

/** With any free port for the L1, any free one too. */
function rpcPortOf({ port, rpcPort }: StartOptions): number {
  if (rpcPort >= 0) return rpcPort;
  return port === 0 ? 0 : port + 15;
}

function checkOptions({ epochs, port, rpcPort }: StartOptions): void {
  if (!Number.isInteger(epochs) || epochs < 1) {
    throw new StartError(`--epochs ${epochs} is no number of epochs`, "give a whole number from 1");
  }
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new StartError(`--port ${port} is no port`, "give a number from 0 to 65535");
  }
  if (!Number.isInteger(rpcPort) || rpcPort < -1 || rpcPort > 65535) {
    throw new StartError(`--rpc-port ${rpcPort} is no port`, "give a number from 0 to 65535");
  }
}

function complete(
  context: Context,
): Required<Pick<Context, "statistics" | "deployment" | "roots" | "told">> &
  Pick<Context, "absence" | "market"> {
  const { statistics, deployment, roots, told, absence, market } = context;
  if (!statistics || !deployment || !roots || !told)
    throw new StartError("a step was left out", "see the log under .data/local");
  return { statistics, deployment, roots, told, absence, market };
}

function requireSameRoot({ stateRootL1, stateRootResynced }: Summary): void {
  if (stateRootL1 === stateRootResynced) return;
  throw new StartError(
    "the state root on L1 is not the one a fresh sync computes",
    "report this: it must not happen",
  );
}

function requireStory({ withdrawalsFinished, forcedIncluded }: Summary): void {
  if (withdrawalsFinished > 0 && forcedIncluded > 0) return;
  const missing =
    withdrawalsFinished > 0 ? "no forced transfer was included" : "no withdrawal was paid on L1";
  throw new StartError(missing, "see the log under .data/local");
}

function settle(seconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, 1000 * seconds));
}

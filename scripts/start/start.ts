/**
 * `npm start`: a whole network on this machine. Builds what is missing, starts an L1, deploys, runs validators, competing
 * provers and users until enough epochs are proven and paid for, closes the books, and compares the proven state on L1 with
 * that of a fresh process which knows nothing but L1's events and blobs.
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
import { readProvenRoot } from "../../actors/node/provenRoot.ts";
import { createLogger, type Logger } from "../../actors/support/logger.ts";
import { sleep } from "../../actors/support/sleep.ts";
import { writeDeployment, type Deployment } from "../../deploy/deployment.ts";
import { toHex } from "../../protocol/bytes.ts";
import { buildCircuit, type BuiltCircuit } from "../circuits/build.ts";
import { VALIDATORS } from "./accounts.ts";
import { deployLocal, genesisLag } from "./deployLocal.ts";
import { L1_BLOCK_TIME, type NetworkResult, runNetwork } from "./networkRun.ts";
import { bar } from "./progress.ts";
import { resync } from "./resync.ts";
import { StartError } from "./startError.ts";
import { STORY_EPOCHS } from "./storyEpochs.ts";
import { summarise, type Summary } from "./summary.ts";

export interface StartOptions {
  /** Proven epochs after which the run ends. */
  epochs: number;
  /** Run on until Ctrl-C. */
  watch: boolean;
  /** File for the summary. */
  json: string | undefined;
  /** Of the L1. */
  port: number;
  /** Of the node's JSON API; -1: 15 above the L1's. */
  rpcPort: number;
}

/** Seconds after an interrupt in which parts may end in order: anvil hears of it too, and leaves them without an L1. */
const STOP_SECONDS = 8;

const dataFolder = fileURLToPath(new URL("../../.data/local", import.meta.url));

/** What the steps leave for those after them. */
interface Context {
  circuit?: BuiltCircuit;
  deployment?: Deployment;
  /** Undefined when it was interrupted. */
  result?: NetworkResult | undefined;
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
  const code = options.watch ? 0 : 130;
  const interrupted = (): void => {
    if (abort.signal.aborted) process.exit(130);
    abort.abort();
    setTimeout(() => {
      console.log("Stopped.");
      process.exit(code);
    }, 1_000 * STOP_SECONDS).unref();
  };
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);

  // Stakes become active and seeds are fixed before genesis: what that takes has passed when the network starts.
  const timestamp = Math.floor(Date.now() / 1000) - genesisLag("local");
  const anvil = new Anvil({ port: options.port, timestamp, logger });
  const context: Context = {};
  try {
    await steps({ options, hre, anvil, logger, signal: abort.signal }).run(context);
    abort.signal.throwIfAborted();
    const ended = performance.now();
    const summary = summarise({ ...complete(context), began, ended, columns: process.stdout.columns });
    console.log(summary.text);
    if (options.json !== undefined)
      writeFileSync(options.json, `${JSON.stringify(summary.values, null, 2)}\n`);
    requireTruth(summary.values);
    if (options.epochs >= STORY_EPOCHS) requireStory(summary.values);
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    console.log("Stopped.");
    process.exitCode = code;
  } finally {
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
        task: (_context, step) =>
          withClock(step, "compiling; the first time takes some minutes", () =>
            hre.tasks.getTask("build").run({ quiet: true, noTests: true }),
          ),
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
            preset: "local",
            validators: VALIDATORS,
            onStep: ({ contract }) => (step.output = contract.slice(contract.lastIndexOf(":") + 1)),
          });
          writeDeployment(context.deployment);
          step.title = `Deployed: Rollup ${context.deployment.addresses.rollup}`;
        },
      },
      {
        ...unlessStopped,
        title: "Network",
        task: async (context, step) => {
          const { circuit, deployment } = context as Required<Context>;
          const { url } = anvil;
          const folder = dataFolder;
          const rpcPort = rpcPortOf(options);
          const epochs = options.watch ? Infinity : options.epochs;
          const show = (line: string): void => void (step.output = line);
          const tell = (title: string): void => void (step.title = title);
          const parts = { url, deployment, circuit, folder, rpcPort, epochs, logger, signal, show, tell };
          context.result = await runNetwork(parts);
        },
        rendererOptions: { persistentOutput: true, outputBar: 8 },
      },
      {
        ...unlessStopped,
        title: "The state again, in a fresh process from L1 events and blobs alone",
        task: async (context, step) => {
          const deployment = context.deployment!;
          const folder = mkdtempSync(join(tmpdir(), "calpulli-resync-"));
          try {
            // Transactions that were under way when the network stopped may still land.
            await sleep(2_000 * L1_BLOCK_TIME, signal);
            const provider = await connectL1({ url: anvil.url, chainId: deployment.chainId });
            const rollup = await RollupContract.connect({ provider, deployment });
            const proven = await readProvenRoot({ provider, rollup });
            provider.destroy();
            const again = await withClock(step, "syncing", () =>
              resync({ url: anvil.url, network: deployment.network, folder, signal }),
            );
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

/** Shows what goes on while it goes on, with the seconds it takes so far. */
async function withClock<T>(step: { output: string }, text: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  step.output = text;
  const clock = setInterval(() => {
    step.output = `${text} (${Math.round((performance.now() - began) / 1_000)} s)`;
  }, 5_000);
  try {
    return await work();
  } finally {
    clearInterval(clock);
  }
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

function complete({ result, deployment, roots }: Context): Required<Omit<Context, "circuit" | "result">> & {
  result: NetworkResult;
} {
  if (!result || !deployment || !roots)
    throw new StartError("a step was left out", "see the log under .data/local");
  return { result, deployment, roots };
}

/** What must hold after any number of epochs. */
function requireTruth({ stateRootL1, stateRootResynced, books }: Summary): void {
  const remedy = "report this: it must not happen";
  if (stateRootL1 !== stateRootResynced)
    throw new StartError("the state root on L1 is not the one a fresh sync computes", remedy);
  const [difference] = books.differences;
  if (difference !== undefined) throw new StartError(`the books do not add up: ${difference}`, remedy);
}

function requireStory({ missing: [sentence] }: Summary): void {
  if (sentence === undefined) return;
  throw new StartError(sentence, "see the log under .data/local; an idle machine may help");
}

/** The L1 of a local network and of end-to-end tests: an anvil process from the npm package. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";

import { ActorError } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { sleep } from "../support/sleep.ts";

/** Parameters of {@link Anvil}. */
export interface AnvilOptions {
  /** TCP port on 127.0.0.1; 0 takes a free one. */
  port: number;
  /** Seconds between blocks; absent: a block for every transaction. */
  blockTime?: number;
  /** Default 31337. */
  chainId?: number;
  /** Folder that keeps the chain between runs; absent: in memory. */
  stateFolder?: string;
  /** Unix time of the genesis block. */
  timestamp?: number;
  /** File with the genesis block in geth's format; absent: anvil's own. */
  genesisFile?: string;
  /** Seconds to wait for the first answer. Default 20. */
  startTimeout?: number;
  logger: Logger;
}

/** An anvil process. `url` serves JSON-RPC and the beacon API's blob endpoint. */
export class Anvil implements Service {
  readonly #options: AnvilOptions;
  #port: number;
  #process: ChildProcess | undefined;
  #output = "";

  constructor(options: AnvilOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  /** Base URL, without a slash at its end; the port is known after `start` when it was 0. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /**
   * @throws ActorError ANVIL_MISSING without the npm package's binary, ANVIL_PORT_TAKEN, ANVIL_FAILED when the
   * process ends, ANVIL_TIMEOUT when it does not answer
   */
  async start(): Promise<void> {
    if (this.#process) return;
    const binary = anvilBinary();
    this.#port = await freePort(this.#options.port);
    const child = spawn(binary, this.#arguments(), { stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    child.stdout.on("data", (data: Buffer) => this.#keep(data));
    child.stderr.on("data", (data: Buffer) => this.#keep(data));
    // An orphan would hold the port: an interrupted parent takes its anvil along.
    process.once("exit", this.#kill);
    await this.#ready(child);
    this.#options.logger.info({ url: this.url, pid: child.pid }, "anvil is ready");
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    this.#process = undefined;
    process.removeListener("exit", this.#kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGINT"); // anvil writes its state on SIGINT
    const forced = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(forced);
  }

  #kill = () => {
    this.#process?.kill("SIGINT");
  };

  #arguments(): string[] {
    const { blockTime, chainId = 31337, genesisFile, stateFolder, timestamp } = this.#options;
    const list = [
      "--hardfork",
      "osaka",
      "--host",
      "127.0.0.1",
      "--port",
      String(this.#port),
      "--chain-id",
      String(chainId),
    ];
    if (blockTime !== undefined) list.push("--block-time", String(blockTime));
    if (timestamp !== undefined) list.push("--timestamp", String(timestamp));
    if (genesisFile !== undefined) list.push("--init", genesisFile);
    if (stateFolder !== undefined) {
      mkdirSync(stateFolder, { recursive: true });
      list.push("--state", join(stateFolder, "anvil-state.json"));
    }
    return list;
  }

  async #ready(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + (this.#options.startTimeout ?? 20) * 1000;
    let spawnError: Error | undefined;
    child.once("error", (error) => (spawnError = error));
    while (Date.now() < deadline) {
      if (spawnError || child.exitCode !== null) {
        this.#process = undefined;
        if (/address already in use/i.test(this.#output)) throw portTaken(this.#port);
        throw new ActorError(
          "ANVIL_FAILED",
          `anvil ended with ${spawnError?.message ?? `code ${child.exitCode}: ${this.#output.trim()}`}`,
          "see its output",
        );
      }
      if (await answers(this.url)) return;
      await sleep(50);
    }
    await this.stop();
    throw new ActorError(
      "ANVIL_TIMEOUT",
      `anvil does not answer at ${this.url}`,
      "try again on an idle machine",
    );
  }

  #keep(data: Buffer): void {
    this.#output = (this.#output + data.toString()).slice(-4_000);
  }
}

/** Path of the anvil binary of this platform. */
function anvilBinary(): string {
  const require = createRequire(import.meta.url);
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const name = `@foundry-rs/anvil-${process.platform}-${architecture}`;
  try {
    const path = join(
      dirname(require.resolve(`${name}/package.json`)),
      "bin",
      process.platform === "win32" ? "anvil.exe" : "anvil",
    );
    if (existsSync(path)) return path;
  } catch {
    // falls through to the error below
  }
  throw new ActorError("ANVIL_MISSING", `the package ${name} is not installed`, "run npm run setup");
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}',
      signal: AbortSignal.timeout(2_000),
    });
    return response.ok;
  } catch {
    return false;
  }
}

/** The port itself when it is free, or a free one for 0. */
function freePort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", () => reject(portTaken(port)));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const found = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(found));
    });
  });
}

function portTaken(port: number): ActorError {
  return new ActorError(
    "ANVIL_PORT_TAKEN",
    `port ${port} is in use`,
    "choose another port, or end the process that holds it",
  );
}

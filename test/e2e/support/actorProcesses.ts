/** Actors as processes that a test starts and kills. */
import { type ChildProcess, spawn } from "node:child_process";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { sleep } from "../../../actors/support/sleep.ts";
import type { ActorChildConfig } from "./actorChild.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const script = fileURLToPath(new URL("./actorChild.ts", import.meta.url));

/** One log line of an actor. */
export interface LogLine {
  level: string | number;
  msg: string;
  [field: string]: unknown;
}

/** Parameters of {@link ProcessUnderTest}. */
export interface ProcessUnderTestOptions {
  name: string;
  /** Its own; its output goes beside it. */
  folder: string;
  /** Arguments of Node. */
  command: readonly string[];
}

/** A process that can be killed and started again on its folder. */
export class ProcessUnderTest {
  readonly log: LogLine[] = [];
  readonly #options: ProcessUnderTestOptions;
  #child: ChildProcess | undefined;
  #errors = "";

  constructor(options: ProcessUnderTestOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true });
  }

  get name(): string {
    return this.#options.name;
  }

  get folder(): string {
    return this.#options.folder;
  }

  /** Text that it wrote to standard error, such as why it ended. */
  get errors(): string {
    return this.#errors;
  }

  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  start(): void {
    const child = spawn(process.execPath, this.#options.command, {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    // An orphan would go on acting on an L1 that is gone.
    const orphan = (): void => void child.kill("SIGKILL");
    process.once("exit", orphan);
    child.once("exit", () => process.off("exit", orphan));
    let rest = "";
    child.stdout.on("data", (data: Buffer) => {
      appendFileSync(`${this.folder}.log`, data);
      const lines = (rest + data.toString()).split("\n");
      rest = lines.pop()!;
      for (const line of lines) if (line.startsWith("{")) this.log.push(JSON.parse(line) as LogLine);
    });
    child.stderr.on("data", (data: Buffer) => (this.#errors += data.toString()));
  }

  /** Ends it; resolves with its exit code, null when a signal ended it. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (!child) return null;
    if (!this.runs) return child.exitCode;
    const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    child.kill(signal);
    return ended;
  }

  /** Waits for a line of its present run, from entry `from` of the log on. */
  async until(message: string, { from = 0, seconds = 60 } = {}): Promise<void> {
    const deadline = performance.now() + 1000 * seconds;
    while (!this.log.slice(from).some(({ msg }) => msg === message)) {
      if (!this.runs) throw new Error(`the ${this.name} ended: ${this.#errors}`);
      if (performance.now() > deadline) throw new Error(`the ${this.name} did not say "${message}"`);
      await sleep(50);
    }
  }
}

/** An actor of `actorChild.ts`. */
export class ActorUnderTest extends ProcessUnderTest {
  constructor(config: ActorChildConfig) {
    const { actor: name, folder } = config;
    const file = `${folder}.json`;
    super({ name, folder, command: [script, file] });
    writeFileSync(file, JSON.stringify(config));
  }
}

/** Node, sequencer and prover, each with a folder of its own under `folder`. */
export function threeActors(options: {
  rpcUrl: string;
  records: string;
  folder: string;
  reorgDepth: number;
  mockProofs: boolean;
}): ActorUnderTest[] {
  const { folder, ...rest } = options;
  return (["node", "sequencer", "prover"] as const).map(
    (actor) => new ActorUnderTest({ ...rest, actor, folder: join(folder, actor), port: 0 }),
  );
}

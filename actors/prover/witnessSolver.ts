import { Worker } from "node:worker_threads";

import { messageOf } from "../support/actorError.ts";
import { type CircuitInputs, type ProvingArtifacts, ProvingError } from "./proving.ts";
import type { SolveAnswer, SolveRequest } from "./witnessWorker.ts";

interface Waiting {
  resolve: (witness: Uint8Array) => void;
  reject: (error: Error) => void;
}

/**
 * Solves witnesses in a thread of its own: it takes a second or more, in which a sequencer of the same process would
 * miss its slot. The thread starts with the first witness, ends with the process, and is replaced when it dies.
 */
export class WitnessSolver {
  readonly #artifacts: ProvingArtifacts;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #next = 0;

  constructor(artifacts: ProvingArtifacts) {
    this.#artifacts = artifacts;
  }

  /** @throws {ProvingError} `unsatisfied`, `artifact-missing`, or `prover-failed` when the thread dies */
  solve(inputs: CircuitInputs): Promise<Uint8Array> {
    const id = this.#next++;
    const request: SolveRequest = { id, inputs };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#running().postMessage(request);
    }).finally(() => {
      // Only work under way keeps the process alive.
      if (this.#waiting.size === 0) this.#worker?.unref();
    }) as Promise<Uint8Array>;
  }

  #running(): Worker {
    const worker = (this.#worker ??= this.#start());
    worker.ref();
    return worker;
  }

  #start(): Worker {
    const worker = new Worker(new URL("./witnessWorker.ts", import.meta.url), {
      workerData: this.#artifacts,
    });
    worker.on("message", (answer: SolveAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ("witness" in answer) waiting?.resolve(answer.witness);
      else waiting?.reject(new ProvingError(answer.error));
    });
    worker.on("error", (cause: unknown) => this.#died(worker, messageOf(cause)));
    worker.on("exit", (code) => this.#died(worker, `it ended with ${code}`));
    return worker;
  }

  #died(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) {
      reject(
        new ProvingError({
          code: "prover-failed",
          message: `the witness thread died: ${reason}`,
          remedy: "Check memory, then try again",
        }),
      );
    }
    this.#waiting.clear();
  }
}

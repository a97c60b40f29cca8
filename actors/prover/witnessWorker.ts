/** Thread of `witnessSolver.ts`: solves witnesses of one circuit. */
import { parentPort, workerData } from "node:worker_threads";

import { messageOf } from "../support/actorError.ts";
import { type CircuitInputs, EpochProver, type ProvingArtifacts, ProvingError } from "./proving.ts";

/** A request, and its answer: a witness, or why there is none. */
export interface SolveRequest {
  id: number;
  inputs: CircuitInputs;
}
export type SolveAnswer =
  | { id: number; witness: Uint8Array }
  | { id: number; error: { code: ProvingError["code"]; message: string; remedy: string } };

const prover = EpochProver.open(workerData as ProvingArtifacts);
// Told to whoever asks for a witness.
prover.catch(() => undefined);

parentPort!.on("message", ({ id, inputs }: SolveRequest) => {
  void prover
    .then((ready) => ready.solve(inputs))
    .then((witness): SolveAnswer => ({ id, witness }))
    .catch((error: unknown): SolveAnswer => {
      const known = error instanceof ProvingError;
      const code = known ? error.code : "prover-failed";
      const remedy = known ? error.remedy : "Try again";
      return { id, error: { code, message: messageOf(error), remedy } };
    })
    .then((answer) => parentPort!.postMessage(answer));
});

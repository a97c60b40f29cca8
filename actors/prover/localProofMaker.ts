import type { ProofMaker } from "./proofMaker.ts";
import { EpochProver, type ProvingArtifacts } from "./proving.ts";
import { WitnessSolver } from "./witnessSolver.ts";

/** A proof maker of this machine: witnesses in a thread, proofs in a process with the native binary. */
export async function openLocalProofMaker(artifacts: ProvingArtifacts): Promise<ProofMaker> {
  const prover = await EpochProver.open(artifacts);
  const solver = new WitnessSolver(artifacts);
  return {
    async prove(inputs, { signal }) {
      const began = performance.now();
      const witness = await solver.solve(inputs);
      signal.throwIfAborted();
      const { proof } = await prover.proveWitness(witness, { signal });
      return { proof, seconds: (performance.now() - began) / 1000 };
    },
  };
}

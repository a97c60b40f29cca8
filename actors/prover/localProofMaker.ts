import type { ProofMaker } from "./proofMaker.ts";
import { EpochProver, type ProvingArtifacts } from "./proving.ts";

/** A proof maker that solves witnesses in this process and proves with the native binary of this machine. */
export async function openLocalProofMaker(artifacts: ProvingArtifacts): Promise<ProofMaker> {
  const prover = await EpochProver.open(artifacts);
  // noir_js declares its inputs as mutable; it does not change them.
  return {
    prove: (inputs, options) => prover.prove(inputs, options),
  };
}

import type { EpochInputs } from "../../protocol/epochInputs.ts";

/** Makes proofs: in this process, or anywhere else. One at a time. */
export interface ProofMaker {
  prove(
    inputs: EpochInputs["inputs"],
    options: { signal: AbortSignal },
  ): Promise<{ proof: Uint8Array; seconds: number }>;
}

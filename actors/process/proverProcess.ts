import { join } from "node:path";

import type { CeilingRange } from "../prover/proofCeiling.ts";
import type { ProofMaker } from "../prover/proofMaker.ts";
import { ProofStore } from "../prover/proofStore.ts";
import { ProverService } from "../prover/proverService.ts";
import type { Service } from "../support/service.ts";
import { ActorProcess } from "./actorProcess.ts";
import { FollowedRollup, type FollowOptions } from "./followedRollup.ts";

/** Parameters of {@link openProverProcess}. */
export interface ProverProcessOptions extends FollowOptions {
  /** Private key of the account that submits the proofs. */
  privateKey: string;
  maker: ProofMaker;
  /** Most that a submission pays L1. Default: `DEFAULT_PROOF_CEILING`. */
  feeCeiling?: CeilingRange;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
}

/** A prover with a node of its own. @throws see {@link FollowedRollup.open}; ActorError JOURNAL_LOCKED, JOURNAL_CORRUPT */
export async function openProverProcess(
  options: ProverProcessOptions,
): Promise<{ service: Service; followed: FollowedRollup; prover: ProverService }> {
  const { privateKey, maker, feeCeiling, l1BlockTime, logger, folder } = options;
  const followed = await FollowedRollup.open(options);
  try {
    const { node, heads } = followed;
    const account = followed.account(privateKey, followed.openJournal("prover"));
    const store = new ProofStore({ folder: join(folder, "proofs") });
    const prover = new ProverService({
      node,
      heads,
      account,
      maker,
      logger,
      store,
      l1BlockTime,
      ...(feeCeiling ? { feeCeiling } : {}),
    });
    return { service: new ActorProcess([followed, prover]), followed, prover };
  } catch (error) {
    await followed.stop();
    throw error;
  }
}

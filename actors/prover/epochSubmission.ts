import { toAddress } from "../../protocol/address.ts";
import { type EpochInputs, epochInputs } from "../../protocol/epochInputs.ts";
import { feeParts, splitFees } from "../../protocol/fees.ts";
import { countAttested, encodeParticipation } from "../../protocol/participation.ts";
import { coinbaseFeeWord, encodeRecord } from "../../protocol/record.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";
import type { ChainState } from "../node/chainState.ts";
import { ActorError } from "../support/actorError.ts";
import { openCombined } from "./blobOpening.ts";
import type { EpochWork } from "./epochWork.ts";

const NO_RECORD = new Array<bigint>(7).fill(0n);

/** Inputs of the epoch's proof. `attempt` draws another blinding point. */
export function inputsOf(parameters: {
  work: EpochWork;
  chain: ChainState;
  rollup: RollupParameters;
  prover: string;
  attempt?: number;
}): EpochInputs {
  const { work, chain, rollup, prover, attempt = 0 } = parameters;
  const previous = chain.block(work.start.number)?.header;
  return epochInputs({
    sizes: rollup.sizes,
    genesisChainHash: rollup.genesisHash,
    prover: toAddress(prover),
    previous,
    blocks: work.blocks.map(({ number, header, data, result }) => {
      if (result) return { header, words: data.words, result };
      throw new ActorError(
        "STATE_UNAVAILABLE",
        `the execution of block ${number} is no longer kept`,
        "sync the node again",
      );
    }),
    attempt,
  });
}

/** Calldata of `submitEpochProof`. */
export function encodeSubmission(parameters: {
  work: EpochWork;
  inputs: EpochInputs;
  proof: Uint8Array;
  rollup: RollupParameters;
  prover: string;
  /** Opening of the last block's aggregate; none once the block is older than the challenge window. */
  attestation?: readonly bigint[];
}): string {
  const { work, inputs, proof, rollup, prover, attestation = [] } = parameters;
  const { statement } = inputs;
  const { challenge, y, withdrawals, participation } = statement;
  const opening = openCombined({ blobs: work.blocks.map(({ data }) => data.words), challenge });
  if (opening.y !== y) {
    throw new ActorError(
      "STATE_UNAVAILABLE",
      "the blobs' opening is not the statement's",
      "report this: circuit inputs and c-kzg disagree",
    );
  }
  const args = {
    start: encodeRecord(work.start.record),
    end: encodeRecord(work.blocks.at(-1)!.record),
    next: work.next ? encodeRecord(work.next) : NO_RECORD,
    prover,
    z: challenge.z,
    gamma: challenge.gamma,
    y,
    participation: encodeParticipation(participation),
    opening: opening.proof,
    points: opening.points,
    coinbaseFees: work.blocks.map(({ claims }, i) =>
      coinbaseFeeWord({
        coinbase: claims.coinbase,
        attested: countAttested(claims.bitmap),
        sequencerFee: splitFees(
          feeParts({
            config: rollup.fees,
            parent: work.blocks[i - 1]?.record ?? work.start.record,
            slot: claims.slot,
          }),
          claims.gas,
        ).sequencer,
      }),
    ),
    withdrawals,
    attestation,
    proofs: [proof],
  };
  return contractInterface("rollup/Rollup").encodeFunctionData("submitEpochProof", [args]);
}

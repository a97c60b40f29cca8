/** What an epoch's proof shows of its last block's aggregate while that block is young. */
import { openAttestation } from "../watcher/aggregates.ts";
import { slotStart } from "../../protocol/time.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";
import { ActorError } from "../support/actorError.ts";
import type { Committees } from "../validator/committees.ts";
import type { EpochWork } from "./epochWork.ts";

/** Parameters of {@link attestationOpening}. */
export interface AttestationOpeningRequest {
  work: EpochWork;
  parameters: RollupParameters;
  /** Absent: the prover serves no network whose proofs need one. */
  committees: Pick<Committees, "of"> | undefined;
  /** Of the newest L1 block: the proof comes into a later one. */
  time: number;
}

/**
 * Opening of the last block's aggregate; empty when L1 asks for none, since the block is old enough or nobody attested.
 * @throws ActorError STATE_UNAVAILABLE when a member's key is not known, or the aggregate is wrong: L1 would refuse the
 * proof until the block is older
 */
export async function attestationOpening(request: AttestationOpeningRequest): Promise<readonly bigint[]> {
  const { work, parameters, committees, time } = request;
  const end = work.blocks.at(-1)!;
  const age = BigInt(time - slotStart(parameters.clock, end.claims.slot));
  if (age >= parameters.challengeWindow || end.record.bitmap === 0n) return [];

  const committee = (await committees?.of(work.epoch)) ?? [];
  const opening = openAttestation(end, committee);
  if (opening) return opening;
  throw new ActorError(
    "STATE_UNAVAILABLE",
    `the attestations of block ${end.number} cannot be shown: a key of its committee is not known, or the aggregate is no point`,
    `wait until the block is ${parameters.challengeWindow} seconds old`,
  );
}

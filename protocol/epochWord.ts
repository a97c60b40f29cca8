import type { Address } from "./address.ts";
import { keccakWords } from "./hash.ts";
import { encodeParticipation, type Participation } from "./participation.ts";
import type { Epoch, Timestamp } from "./time.ts";

/** What the Rollup remembers of a proven epoch, as one hash; claims open it by its preimage. */
export interface ProvenEpoch {
  readonly epoch: Epoch;
  readonly prover: Address;
  /** When the proof was accepted. */
  readonly provenAt: Timestamp;
  /** Record hash of the epoch's last block. */
  readonly endRecordHash: bigint;
  /** Merkle commitment of the words `coinbase160 | sequencerFee96`, one a block. */
  readonly rewards: bigint;
  readonly participation: Participation;
}

/** keccak256(epoch, prover, time, end record hash, rewards, participation0, participation1). */
export function epochWord(proven: ProvenEpoch): bigint {
  const { epoch, prover, provenAt, endRecordHash, rewards, participation } = proven;
  const attested = encodeParticipation(participation);
  return keccakWords([BigInt(epoch), prover, BigInt(provenAt), endRecordHash, rewards, ...attested]);
}

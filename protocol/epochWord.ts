/**
 * What the Rollup remembers of a proven epoch, as one hash: who did its duties, who is paid for it, and the word of the
 * epoch proven before. A claim opens what it needs by preimage and brings the rest as hashes.
 *
 *     when        = epoch << 64 | provenAt
 *     duties      = keccak256(when ‖ participation0 ‖ participation1 ‖ seedWord)
 *     settlement  = keccak256(prover ‖ endRecordHash)
 *     payments    = keccak256(when ‖ settlement ‖ rewardsRoot)
 *     link        = keccak256(payments ‖ previous)
 *     epochWord   = keccak256(duties ‖ link)
 */
import type { Address } from "./address.ts";
import { keccakWords } from "./hash.ts";
import { encodeParticipation, type Participation } from "./participation.ts";
import type { Epoch, Timestamp } from "./time.ts";

export interface ProvenEpoch {
  readonly epoch: Epoch;
  readonly prover: Address;
  /** When the proof was accepted, in L1 seconds. */
  readonly provenAt: Timestamp;
  /** Record hash of the epoch's last block. */
  readonly endRecordHash: bigint;
  /** Merkle commitment of the words `coinbase160 | attested16 | sequencerFee80`, one a block. */
  readonly rewards: bigint;
  /** The last block's own bitmap counted, see `countLastBitmap`. */
  readonly participation: Participation;
  /** What the validator set drew the committee from; 0 for a permissioned set. */
  readonly seedWord: bigint;
  /** Word of the epoch proven before, 0 for the first. */
  readonly previous: bigint;
}

export interface EpochWordParts {
  readonly when: bigint;
  readonly duties: bigint;
  readonly settlement: bigint;
  readonly payments: bigint;
  readonly link: bigint;
  /** What the ring holds. */
  readonly word: bigint;
}

export function epochWordParts(proven: ProvenEpoch): EpochWordParts {
  const { epoch, prover, provenAt, endRecordHash, rewards, participation, seedWord, previous } = proven;
  const when = (BigInt(epoch) << 64n) | BigInt(provenAt);
  const duties = keccakWords([when, ...encodeParticipation(participation), seedWord]);
  const settlement = keccakWords([prover, endRecordHash]);
  const payments = keccakWords([when, settlement, rewards]);
  const link = keccakWords([payments, previous]);
  return { when, duties, settlement, payments, link, word: keccakWords([duties, link]) };
}

export function epochWord(proven: ProvenEpoch): bigint {
  return epochWordParts(proven).word;
}

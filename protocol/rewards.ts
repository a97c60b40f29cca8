/**
 * What the proven epochs earn, and the packed claims by which the contract pays it.
 *
 * A coinbase claims blocks, by their leaves in the epochs' trees; a validator claims epochs, by the count of its committee
 * position. Both open the epoch word (see `epochWord.ts`); everything comes from events. An entry whose epoch was proven
 * right after that of the entry before it is chained: it brings less, and only the last word of such a run is read.
 */
import type { Address } from "./address.ts";
import { bytesToHex, concatBytes, toBytes, type Hex } from "./bytes.ts";
import { epochWord, epochWordParts, type ProvenEpoch } from "./epochWord.ts";
import { ProtocolError } from "./errors.ts";
import { merkleCommitment, merklePath } from "./merkle.ts";
import type { Participation } from "./participation.ts";
import { committeeSizeOf, unpackSeedWord, type SeedWord } from "./staking.ts";
import { epochEnd, epochStart, toEpoch, toTimestamp } from "./time.ts";
import type { Clock, Epoch, Timestamp } from "./time.ts";

// Amounts

/** In the network token's smallest unit. */
export interface RewardRates {
  /** To the coinbase of a committee block; and for every attestation its bitmap carries. */
  readonly blockReward: bigint;
  readonly attestationBonus: bigint;
  /** To an attester, for every block it attested. */
  readonly attesterReward: bigint;
  /** Into the prover pot, for every committee block. */
  readonly proverReward: bigint;
}

/** Reward of a block's coinbase; a block without attestations, a fallback, has none. */
export function sequencerReward(rates: RewardRates, attested: number): bigint {
  return attested === 0 ? 0n : rates.blockReward + rates.attestationBonus * BigInt(attested);
}

/** Reward of a committee's position for an epoch. */
export function attesterReward(rates: RewardRates, participation: Participation, position: number): bigint {
  return rates.attesterReward * BigInt(participation.counts[position] ?? 0);
}

/** What the market may spend on an epoch's proof. */
export function proverPot(rates: RewardRates, proverFees: bigint, participation: Participation): bigint {
  return proverFees + rates.proverReward * BigInt(participation.blocks);
}

/** Most that an epoch's rewards can be: every slot filled and attested by all. */
export function largestEpochReward(rates: RewardRates, slots: number, committee: number): bigint {
  const { blockReward, attestationBonus, attesterReward, proverReward } = rates;
  return (
    BigInt(slots) * (blockReward + proverReward + BigInt(committee) * (attestationBonus + attesterReward))
  );
}

/** Supply after 365 days of minting `rate` millionths every `window` seconds, relative to before, in 10^-18, rounded up. */
export function yearlyGrowth(window: number, rate: number): bigint {
  const unit = 10n ** 18n;
  const up = (product: bigint): bigint => (product + unit - 1n) / unit;
  let growth = unit;
  let factor = unit + BigInt(rate) * 10n ** 12n;
  for (let windows = Math.ceil(31_536_000 / window) + 1; windows !== 0; windows = Math.floor(windows / 2)) {
    if (windows % 2 === 1) growth = up(growth * factor);
    factor = up(factor * factor);
  }
  return growth;
}

// Times

/** When claims are open, as the contract has it. */
export interface ClaimTerms {
  readonly clock: Clock;
  /** Seconds from the proof to the first payment. */
  readonly delay: number;
  /** Epoch e can be claimed until the end of epoch e + window. */
  readonly window: number;
  /** Words of the ring of epoch words. */
  readonly ring: number;
  /** The newest pause, in seconds since genesis. */
  readonly pause: { readonly start: number; readonly end: number };
}

export interface ClaimTimes {
  /** First second in which it can be claimed. */
  readonly from: Timestamp;
  /** First second in which it cannot any more, and can be swept. */
  readonly until: Timestamp;
  /** First second in which it can no longer be swept. */
  readonly lapsed: Timestamp;
}

export function claimTimes(terms: ClaimTerms, { epoch, provenAt }: EpochTime): ClaimTimes {
  const { clock, delay, window, ring, pause } = terms;
  const since = provenAt - clock.genesisTime;
  const met = pause.end > since && since + delay > pause.start;
  const extension = met ? pause.end - Math.max(pause.start, since) : 0;
  return {
    from: toTimestamp(provenAt + delay + extension),
    until: epochEnd(clock, toEpoch(epoch + window)),
    lapsed: epochStart(clock, toEpoch(epoch + ring)),
  };
}

export type ClaimState = "early" | "claimable" | "sweepable" | "lapsed";

export function claimState(terms: ClaimTerms, proven: EpochTime, now: Timestamp): ClaimState {
  const { from, until, lapsed } = claimTimes(terms, proven);
  if (now >= lapsed) return "lapsed";
  if (now < from) return "early";
  return now < until ? "claimable" : "sweepable";
}

interface EpochTime {
  readonly epoch: Epoch;
  readonly provenAt: Timestamp;
}

// Leaves

/** A block's leaf, read: `coinbase160 | attested16 | sequencerFee80`. */
export interface RewardLeaf {
  readonly coinbase: Address;
  readonly attested: number;
  readonly sequencerFee: bigint;
}

export function decodeLeaf(word: bigint): RewardLeaf {
  return {
    coinbase: (word >> 96n) as Address,
    attested: Number((word >> 80n) & 0xffffn),
    sequencerFee: word & ((1n << 80n) - 1n),
  };
}

// Claims of a coinbase

/** Above 39 bits of time. */
const SEQUENCER_CHAINED = 1n << 39n;

export interface SequencerEntry {
  readonly proven: ProvenEpoch;
  /** The words of all the epoch's blocks. */
  readonly leaves: readonly bigint[];
  /** Places of the blocks claimed. */
  readonly indices: readonly number[];
}

/**
 * Argument of `claimSequencer`; cheapest with the epochs in ascending order.
 * @throws {ProtocolError} `out-of-range` when the leaves are not the epoch's, and for a place beyond them
 */
export function encodeSequencerClaim(entries: readonly SequencerEntry[]): Hex {
  let last: bigint | undefined;
  const parts = entries.map((entry) => {
    const chained = entry.proven.previous === last;
    last = epochWord(entry.proven);
    return sequencerEntry(entry, chained);
  });
  return bytesToHex(concatBytes(...parts));
}

function sequencerEntry({ proven, leaves, indices }: SequencerEntry, chained: boolean): Uint8Array {
  if (merkleCommitment(leaves) !== proven.rewards) {
    throw new ProtocolError({
      code: "out-of-range",
      message: `the leaves are not those of epoch ${proven.epoch}`,
      remedy: "Take the words of the epoch's proof, in order",
    });
  }
  const { duties, settlement } = epochWordParts(proven);
  return concatBytes(
    toBytes(BigInt(proven.epoch), 4),
    toBytes(BigInt(proven.provenAt) | (chained ? SEQUENCER_CHAINED : 0n), 5),
    toBytes(BigInt(indices.length), 1),
    toBytes(BigInt(leaves.length), 1),
    toBytes(duties, 32),
    toBytes(settlement, 32),
    ...(chained ? [] : [toBytes(proven.previous, 32)]),
    ...indices.map((index) => {
      const path = merklePath(leaves, index);
      const { attested, sequencerFee } = decodeLeaf(leaves[index] as bigint);
      return concatBytes(
        toBytes(BigInt(index), 1),
        toBytes(BigInt(attested), 1),
        toBytes(sequencerFee, 10),
        ...path.map((node) => toBytes(node, 32)),
      );
    }),
  );
}

// Claims of an attester

export interface AttesterEntry {
  readonly proven: ProvenEpoch;
  /** Of the validator in the epoch's committee. */
  readonly position: number;
}

const MODE_COUNTS = 0;
const MODE_MISSED = 1;
const MODE_NONE_MISSED = 2;
const MODE_MISSED_FEW = 3;
const MODE_SIZES = 4;
const MODE_POSITION = 8;
const MODE_SKIP = 16;
/** Not chained: the first of a run. */
const MODE_FIRST = 32;

const SEED_BITS = 132n;
const SIZES_BITS = 60n;

/**
 * Argument of `claimAttester`, epochs in ascending order: participation in the shortest of its forms, the set's sizes and
 * the position only where they change.
 * @throws {ProtocolError} `out-of-range` without an entry, for epochs out of order, or 65,536 and more apart
 */
export function encodeAttesterClaim(entries: readonly AttesterEntry[], committee: number): Hex {
  const first = entries[0]?.proven;
  if (first === undefined) throw outOfOrder("there is no epoch to claim");
  let last: { epoch: number; word?: bigint; sizes: bigint; position?: number } = {
    epoch: first.epoch - 1,
    sizes: sizesOf(first.seedWord),
  };
  const parts = [toBytes(BigInt(first.epoch), 4), toBytes(last.sizes, 8)];
  for (const { proven, position } of entries) {
    const { epoch, provenAt, seedWord, previous } = proven;
    const skip = epoch - last.epoch;
    if (skip <= 0 || skip > 0xffff) throw outOfOrder(`epoch ${epoch} cannot follow epoch ${last.epoch}`);
    const sizes = sizesOf(seedWord);
    const { form, bytes } = encodeAttendance(proven, committee);
    const { payments, link, word } = epochWordParts(proven);
    const isFirst = previous !== last.word;
    const optional: [boolean, number, Uint8Array][] = [
      [skip !== 1, MODE_SKIP, toBytes(BigInt(skip), 2)],
      [sizes !== last.sizes, MODE_SIZES, toBytes(sizes, 8)],
      [position !== last.position, MODE_POSITION, toBytes(BigInt(position), 1)],
    ];
    const named = optional.filter(([isNamed]) => isNamed);
    const mode = named.reduce((flags, [, flag]) => flags | flag, form | (isFirst ? MODE_FIRST : 0));
    parts.push(
      toBytes(BigInt(mode), 1),
      toBytes(BigInt(provenAt), 5),
      toBytes(seedWord & ((1n << SEED_BITS) - 1n), 17),
      toBytes(isFirst ? link : payments, 32),
      ...named.map(([, , field]) => field),
      bytes,
    );
    last = { epoch, word, sizes, position };
  }
  return bytesToHex(concatBytes(...parts));
}

/** followers20 | size20 | side12 | set8 */
function sizesOf(seedWord: bigint): bigint {
  return (seedWord >> SEED_BITS) & ((1n << SIZES_BITS) - 1n);
}

function encodeAttendance(
  { participation, seedWord }: ProvenEpoch,
  committee: number,
): { form: number; bytes: Uint8Array } {
  const { counts, blocks } = participation;
  const selection = unpackSeedWord(seedWord as SeedWord);
  const members = selection === undefined ? 0 : committeeSizeOf(selection, committee);
  const missed = counts.map((count, k) => (k < members ? blocks - count : count));
  if (missed.every((count) => count === 0)) {
    return { form: MODE_NONE_MISSED, bytes: toBytes(BigInt(blocks), 1) };
  }
  for (const [form, length] of [
    [MODE_MISSED_FEW, 12],
    [MODE_MISSED, 24],
  ] as const) {
    // Byte j has positions j, j + length, ... A position outside the committee has no count to subtract from.
    const bits = length / 6;
    if (missed.some((count, k) => count < 0 || count >= (k < members ? 1 << bits : 1))) continue;
    const place = (k: number): number => 8 * (k % length) + bits * Math.floor(k / length);
    const list = missed.reduce((word, count, k) => word | (BigInt(count) << BigInt(place(k))), 0n);
    return { form, bytes: concatBytes(toBytes(BigInt(blocks), 1), toBytes(list, length)) };
  }
  const half = (from: number): bigint =>
    counts.slice(from, from + 24).reduce((word, count, k) => word | (BigInt(count) << BigInt(8 * k)), 0n);
  return {
    form: MODE_COUNTS,
    bytes: concatBytes(toBytes(half(0), 24), toBytes((BigInt(blocks) << 192n) | half(24), 25)),
  };
}

function outOfOrder(message: string): ProtocolError {
  return new ProtocolError({
    code: "out-of-range",
    message,
    remedy: "List each epoch once, in ascending order, and start another claim after a long gap",
  });
}

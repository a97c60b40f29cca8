/** Proof of stake as the registry does it: who is active as of a time, and who serves in an epoch. */
import type { Branded } from "./brand.ts";
import type { KeyHash } from "./bls.ts";
import { fromBytes, wordsToBytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import { keccak256 } from "./hash.ts";
import { permute, sideOf } from "./permutation.ts";
import {
  epochStart,
  toEpoch,
  toTimestamp,
  type Clock,
  type Epoch,
  type Slot,
  type Timestamp,
} from "./time.ts";

/** The set of an epoch is taken as of the start of the third epoch before it. */
export const FREEZE_LEAD = 3;
/** The seed of an epoch can be fixed from the start of the second epoch before it until its end. */
export const SEED_LEAD = 2;

// Selection

/** One epoch of one instance: `epoch32 + 1 | freeze32 | followers20 | size20 | side12 | set8 | seed132`. */
export type SeedWord = Branded<bigint, "SeedWord">;

export interface Selection {
  readonly epoch: Epoch;
  /** Time as of which the set was taken. */
  readonly freeze: Timestamp;
  /** Members that follow the canonical instance; they come before those pinned to the instance. */
  readonly followers: number;
  readonly size: number;
  /** Number of the instance's pinned set. */
  readonly set: number;
  /** 132 bits. */
  readonly seed: bigint;
}

export function packSeedWord({ epoch, freeze, followers, size, set, seed }: Selection): SeedWord {
  const fields: [number | bigint, bigint][] = [
    [epoch + 1, 32n],
    [freeze, 32n],
    [followers, 20n],
    [size, 20n],
    [sideOf(size), 12n],
    [set, 8n],
    [seed, 132n],
  ];
  return fields.reduce((word, [value, width]) => {
    if (BigInt(value) >> width !== 0n) throw outOfRange(`a field of ${width} bits`, value);
    return (word << width) | BigInt(value);
  }, 0n) as SeedWord;
}

/** Undefined for the word of an epoch whose seed is not fixed. */
export function unpackSeedWord(word: SeedWord): Selection | undefined {
  if (word === 0n) return undefined;
  const field = (shift: bigint, width: bigint): number => Number((word >> shift) & ((1n << width) - 1n));
  return {
    epoch: toEpoch(field(224n, 32n) - 1),
    freeze: toTimestamp(field(192n, 32n)),
    followers: field(172n, 20n),
    size: field(152n, 20n),
    set: field(132n, 8n),
    seed: word & ((1n << 132n) - 1n),
  };
}

/** Seed that a block fixes: 132 bits of keccak256(randomness, instance, epoch). */
export function drawSeed(randomness: bigint, instance: bigint, epoch: Epoch): bigint {
  return fromBytes(keccak256(wordsToBytes([randomness, instance, BigInt(epoch)]))) >> 124n;
}

/** Time as of which an epoch's set is taken. */
export function freezeTime(clock: Clock, epoch: Epoch): Timestamp {
  return toTimestamp(clock.genesisTime + (epoch - FREEZE_LEAD) * clock.slotsPerEpoch * clock.slotDuration);
}

/** When an epoch's seed can be fixed: from `from` until before `until`. */
export function seedTimes(clock: Clock, epoch: Epoch): { from: Timestamp; until: Timestamp } {
  const duration = clock.slotsPerEpoch * clock.slotDuration;
  const start = epochStart(clock, epoch);
  return { from: toTimestamp(start - SEED_LEAD * duration), until: toTimestamp(start + duration) };
}

export function committeeSizeOf({ size }: Selection, maximum: number): number {
  return Math.min(size, maximum);
}

/** Place in the frozen set of a committee's position. A set not larger than the committee is the committee. */
export function placeOf(selection: Selection, maximum: number, position: number): number {
  const { seed, size } = selection;
  if (position < 0 || position >= committeeSizeOf(selection, maximum))
    throw outOfRange("committee", position);
  return size <= maximum ? position : permute({ seed, size }, position);
}

/** Position of a slot's proposer in a committee that is not empty. */
export function proposerPosition(selection: Selection, maximum: number, slot: Slot): number {
  const size = committeeSizeOf(selection, maximum);
  if (size === 0) throw outOfRange("empty committee", slot);
  const draw = fromBytes(keccak256(wordsToBytes([selection.seed, (1n << 128n) | BigInt(slot)])));
  return Number(draw % BigInt(size));
}

// Churn

/** How fast a set changes; a window is a span of seconds counted from 1970, rates are validators a window. */
export interface ChurnRules {
  readonly window: number;
  /** Validators that complete the bootstrap set; 0 for a set that starts with its first validator. */
  readonly bootstrapSize: number;
  /** Below this size `growthRate` activate a window. */
  readonly growthSize: number;
  readonly growthRate: number;
  /** From there on size / `quotient` do, within the bounds. The same, at every size, may leave. */
  readonly quotient: number;
  readonly minRate: number;
  readonly maxRate: number;
}

export function exitRate({ quotient, minRate, maxRate }: ChurnRules, size: number): number {
  return Math.min(Math.max(Math.floor(size / quotient), minRate), maxRate);
}

export function entryRate(rules: ChurnRules, size: number): number {
  return size < rules.growthSize ? rules.growthRate : exitRate(rules, size);
}

/** First second of the window after the one that a time is in. */
export function nextWindow({ window }: ChurnRules, time: Timestamp): Timestamp {
  return toTimestamp((Math.floor(time / window) + 1) * window);
}

// Sets

/** Who holds a position from a time on. */
interface Tenure {
  readonly since: number;
  readonly keyHash: KeyHash;
}

interface Step {
  readonly stamp: number;
  size: number;
}

/**
 * One set of validators, replayed from the registry's events in their order. Answers for every time, past ones and, as far
 * as the queue says, future ones.
 */
export class SeatArray {
  readonly #rules: ChurnRules;
  readonly #seats: Tenure[] = [];
  /** By position, in time; what was never in effect is gone. */
  readonly #tenures: Tenure[][] = [];
  readonly #steps: Step[] = [{ stamp: 0, size: 0 }];
  #completeAt: number | undefined;

  constructor(rules: ChurnRules) {
    this.#rules = rules;
    if (rules.bootstrapSize === 0) this.#completeAt = 0;
  }

  /** Validators in the array, active and queued. */
  get length(): number {
    return this.#seats.length;
  }

  /** Activation of a deposit at a time; undefined when the bootstrap set would still be incomplete. */
  nextActivation(time: Timestamp): Timestamp | undefined {
    if (this.#completeAt === undefined) {
      return this.length + 1 === this.#rules.bootstrapSize ? nextWindow(this.#rules, time) : undefined;
    }
    const last = this.#steps.at(-1)!;
    if (last.stamp <= time) return nextWindow(this.#rules, time);
    const before = this.#steps.at(-2)!.size;
    const full = last.size - before >= entryRate(this.#rules, before);
    return toTimestamp(full ? last.stamp + this.#rules.window : last.stamp);
  }

  /** A deposit or a rejoining validator. @returns its position */
  join(keyHash: KeyHash, time: Timestamp): number {
    const position = this.length;
    if (this.#completeAt !== undefined) {
      const activation = this.nextActivation(time)!;
      this.#seat(position, { since: activation, keyHash }, time);
      this.#step(activation, 1);
      return position;
    }
    this.#seat(position, { since: 0, keyHash }, time);
    if (this.length === this.#rules.bootstrapSize) {
      this.#completeAt = nextWindow(this.#rules, time);
      this.#step(this.#completeAt, this.length);
    }
    return position;
  }

  /** An exit or a jailing. The last seat moves to the position. @returns who moved, if anybody */
  leave(position: number, time: Timestamp): KeyHash | undefined {
    const left = this.#seats[position];
    if (left === undefined) throw outOfRange("set", position);
    const active = this.#completeAt !== undefined && this.#completeAt <= time && left.since <= time;
    const last = this.#seats.pop()!;
    if (this.#completeAt !== undefined) this.#unstep(time);

    if (position === this.length) return undefined;
    this.#seat(position, { since: active ? time : left.since, keyHash: last.keyHash }, time);
    return last.keyHash;
  }

  /** Active validators as of a time. */
  sizeAt(time: Timestamp): number {
    return this.#steps.findLast(({ stamp }) => stamp <= time)!.size;
  }

  /** Who held a position as of a time. @throws {ProtocolError} `out-of-range` when nobody was active there. */
  keyAt(position: number, time: Timestamp): KeyHash {
    const tenure =
      position < this.sizeAt(time)
        ? this.#tenures[position]?.findLast(({ since }) => since <= time)
        : undefined;
    if (tenure === undefined) throw outOfRange("set", position);
    return tenure.keyHash;
  }

  #seat(position: number, tenure: Tenure, time: number): void {
    this.#seats[position] = tenure;
    const tenures = (this.#tenures[position] ??= []);
    while (tenures.length > 0 && (tenures.at(-1)!.since > time || tenures.at(-1)!.since === tenure.since)) {
      tenures.pop();
    }
    tenures.push(tenure);
  }

  #step(stamp: number, joined: number): void {
    const last = this.#steps.at(-1)!;
    if (last.stamp === stamp) last.size += joined;
    else this.#steps.push({ stamp, size: last.size + joined });
  }

  #unstep(time: number): void {
    const last = this.#steps.at(-1)!;
    if (last.stamp < time) {
      this.#steps.push({ stamp: time, size: last.size - 1 });
      return;
    }
    last.size -= 1;
    if (last.stamp > time && last.size === this.#steps.at(-2)!.size) this.#steps.pop();
  }
}

function outOfRange(where: string, value: number | bigint): ProtocolError {
  return new ProtocolError({
    code: "out-of-range",
    message: `${value} is outside the ${where}`,
    remedy: "Check the position against the size of the set or committee",
  });
}

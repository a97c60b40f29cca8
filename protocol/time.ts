import type { Branded } from "./brand.ts";
import { ProtocolError } from "./errors.ts";

/** Seconds since 1970. */
export type Timestamp = Branded<number, "Timestamp">;
/** Number of a slot since genesis, 0 to 2^32 - 1. */
export type Slot = Branded<number, "Slot">;
/** Number of an epoch since genesis, 0 to 2^32 - 1. */
export type Epoch = Branded<number, "Epoch">;

/** How a rollup instance divides time. */
export interface Clock {
  readonly genesisTime: Timestamp;
  /** Seconds. */
  readonly slotDuration: number;
  /** Slots an epoch. */
  readonly slotsPerEpoch: number;
  /** Epoch `e` must be proven by the end of epoch `e + proofSubmissionEpochs`. */
  readonly proofSubmissionEpochs: number;
}

const MAX_UINT32 = 2 ** 32 - 1;

/** @throws {ProtocolError} `out-of-range` */
export function toTimestamp(value: number | bigint): Timestamp {
  return whole({ name: "timestamp", value: Number(value), max: Number.MAX_SAFE_INTEGER }) as Timestamp;
}

/** @throws {ProtocolError} `out-of-range` */
export function toSlot(value: number | bigint): Slot {
  return whole({ name: "slot", value: Number(value), max: MAX_UINT32 }) as Slot;
}

/** @throws {ProtocolError} `out-of-range` */
export function toEpoch(value: number | bigint): Epoch {
  return whole({ name: "epoch", value: Number(value), max: MAX_UINT32 }) as Epoch;
}

/**
 * Slot that a moment belongs to; a slot begins with its first second.
 *
 * @throws {ProtocolError} `before-genesis`
 */
export function slotAt(clock: Clock, time: Timestamp): Slot {
  if (time < clock.genesisTime) {
    throw new ProtocolError({
      code: "before-genesis",
      message: `time ${time} is before genesis ${clock.genesisTime}`,
      remedy: "Wait for genesis, or check the clock and the instance's genesis time",
    });
  }
  return toSlot(Math.floor((time - clock.genesisTime) / clock.slotDuration));
}

/** First second of a slot. */
export function slotStart(clock: Clock, slot: Slot): Timestamp {
  return toTimestamp(clock.genesisTime + slot * clock.slotDuration);
}

/** First second after a slot. */
export function slotEnd(clock: Clock, slot: Slot): Timestamp {
  return toTimestamp(clock.genesisTime + (slot + 1) * clock.slotDuration);
}

export function epochOf(clock: Clock, slot: Slot): Epoch {
  return toEpoch(Math.floor(slot / clock.slotsPerEpoch));
}

export function epochAt(clock: Clock, time: Timestamp): Epoch {
  return epochOf(clock, slotAt(clock, time));
}

export function firstSlot(clock: Clock, epoch: Epoch): Slot {
  return toSlot(epoch * clock.slotsPerEpoch);
}

export function lastSlot(clock: Clock, epoch: Epoch): Slot {
  return toSlot((epoch + 1) * clock.slotsPerEpoch - 1);
}

export function epochStart(clock: Clock, epoch: Epoch): Timestamp {
  return slotStart(clock, firstSlot(clock, epoch));
}

/** First second after an epoch. */
export function epochEnd(clock: Clock, epoch: Epoch): Timestamp {
  return slotEnd(clock, lastSlot(clock, epoch));
}

/** First second at which an unproven epoch is pruned: a proof is in time before it. */
export function proofDeadline(clock: Clock, epoch: Epoch): Timestamp {
  return epochEnd(clock, toEpoch(epoch + clock.proofSubmissionEpochs));
}

function whole({ name, value, max }: { name: string; value: number; max: number }): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new ProtocolError({
      code: "out-of-range",
      message: `${name} ${value} is not a whole number from 0 to ${max}`,
      remedy: "Check the unit: slots and epochs are numbers since genesis, times are seconds since 1970",
    });
  }
  return value;
}

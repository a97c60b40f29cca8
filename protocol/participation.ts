/**
 * How often each committee position attested in an epoch, as proven from the parents' bitmaps in the headers.
 *
 *     participation0   position k at bit 8k, k = 0..23
 *     participation1   position k at bit 8(k - 24), k = 24..47; blocks counted at bit 192
 *
 * Headers carry their *parent's* bitmap, so the epoch's first header is left out: it is about the epoch before. The
 * bitmap of the epoch's last block is in its record; L1 adds it.
 */
import { ProtocolError } from "./errors.ts";
import { COMMITTEE_SIZE } from "./sizes.ts";

export interface Participation {
  /** Blocks attested, by committee position; each below 256. */
  readonly counts: readonly number[];
  /** Blocks counted: those with a bitmap. */
  readonly blocks: number;
}

export type ParticipationWords = readonly [bigint, bigint];

const HALF = COMMITTEE_SIZE / 2;
const BLOCKS_SHIFT = 192n;

/** Counts over the headers of an epoch's blocks, in order. */
export function countParticipation(parentBitmaps: readonly bigint[]): Participation {
  const counted = parentBitmaps.slice(1).filter((bitmap) => bitmap !== 0n);
  const counts = Array.from(
    { length: COMMITTEE_SIZE },
    (_, position) => counted.filter((bitmap) => ((bitmap >> BigInt(position)) & 1n) === 1n).length,
  );
  return { counts, blocks: counted.length };
}

/** Counts the epoch's last block too, as L1 does with its record; a block without a bitmap counts nowhere. */
export function countLastBitmap({ counts, blocks }: Participation, bitmap: bigint): Participation {
  if (bitmap === 0n) return { counts, blocks };
  return {
    counts: counts.map((count, position) => count + Number((bitmap >> BigInt(position)) & 1n)),
    blocks: blocks + 1,
  };
}

/** Members whose bit is set. */
export function countAttested(bitmap: bigint): number {
  return bitmap.toString(2).replaceAll("0", "").length;
}

/** @throws {ProtocolError} `out-of-range` for a count over 255, `wrong-length` for other than 48 counts. */
export function encodeParticipation({ counts, blocks }: Participation): ParticipationWords {
  if (counts.length !== COMMITTEE_SIZE) {
    throw new ProtocolError({
      code: "wrong-length",
      message: `there are ${counts.length} counts, not ${COMMITTEE_SIZE}`,
      remedy: "Count with `countParticipation`",
    });
  }
  return [
    packBytes(counts.slice(0, HALF)),
    packBytes(counts.slice(HALF)) | (packBytes([blocks]) << BLOCKS_SHIFT),
  ];
}

export function decodeParticipation([low, high]: ParticipationWords): Participation {
  const byte = (word: bigint, i: number): number => Number((word >> BigInt(8 * i)) & 0xffn);
  const counts = Array.from({ length: COMMITTEE_SIZE }, (_, k) =>
    k < HALF ? byte(low, k) : byte(high, k - HALF),
  );
  return { counts, blocks: byte(high, HALF) };
}

function packBytes(values: readonly number[]): bigint {
  return values.reduce((word, value, i) => {
    if (!Number.isInteger(value) || value < 0 || value > 255) {
      throw new ProtocolError({
        code: "out-of-range",
        message: `count ${value} does not fit in 8 bits`,
        remedy: "An epoch has at most 255 blocks",
      });
    }
    return word | (BigInt(value) << BigInt(8 * i));
  }, 0n);
}

import { ProtocolError } from "./errors.ts";

/** Widths in bits of a packed word's fields, most significant first. */
type Widths = Readonly<Record<string, number>>;

/** Packs named fields into one integer and back. */
export interface WordLayout<W extends Widths> {
  /** Sum of the widths. */
  readonly bits: number;
  /** @throws {ProtocolError} `out-of-range`, naming the field. */
  pack(fields: Readonly<Record<keyof W, bigint>>): bigint;
  /** @throws {ProtocolError} `out-of-range` when the word is wider than the layout. */
  unpack(word: bigint): Record<keyof W, bigint>;
}

/**
 * A packed word, declared by its fields from the most significant down.
 *
 * @example
 * const TIME = wordLayout("time", { epoch: 32, slot: 32 });
 * TIME.pack({ epoch: 1n, slot: 2n }); // 0x100000002n
 */
export function wordLayout<const W extends Widths>(name: string, widths: W): WordLayout<W> {
  const fields = Object.entries(widths).map(([key, width]) => ({ key, width: BigInt(width) }));
  const bits = fields.reduce((sum, { width }) => sum + Number(width), 0);

  return {
    bits,
    pack(values) {
      let word = 0n;
      for (const { key, width } of fields) {
        const value = (values as Record<string, bigint>)[key] ?? 0n;
        if (value < 0n || value >> width !== 0n) throw tooWide(`${name}.${key}`, value, Number(width));
        word = (word << width) | value;
      }
      return word;
    },
    unpack(word) {
      if (word < 0n || word >> BigInt(bits) !== 0n) throw tooWide(name, word, bits);
      const values: Record<string, bigint> = {};
      let rest = word;
      for (const { key, width } of fields.toReversed()) {
        values[key] = rest & ((1n << width) - 1n);
        rest >>= width;
      }
      return values as Record<keyof W, bigint>;
    },
  };
}

/** Signed number of 16 bits as its two's complement. @throws {ProtocolError} `out-of-range` */
export function fromInt16(value: number): bigint {
  if (!Number.isInteger(value) || value < -0x8000 || value > 0x7fff) throw tooWide("int16", value, 16);
  return BigInt.asUintN(16, BigInt(value));
}

export function toInt16(bits: bigint): number {
  return Number(BigInt.asIntN(16, bits));
}

function tooWide(name: string, value: bigint | number, bits: number): ProtocolError {
  return new ProtocolError({
    code: "out-of-range",
    message: `${name} = ${value} does not fit in ${bits} bits`,
    remedy: "Check the unit and the width of the field",
  });
}

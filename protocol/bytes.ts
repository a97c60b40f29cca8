import { ProtocolError } from "./errors.ts";

/** Hexadecimal text with the prefix 0x, as L1 libraries take and give it. */
export type Hex = `0x${string}`;

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Big-endian bytes of a number. @throws {ProtocolError} `out-of-range` when it does not fit. */
export function toBytes(value: bigint, length: number): Uint8Array {
  if (value < 0n || value >> BigInt(8 * length) !== 0n) {
    throw new ProtocolError({
      code: "out-of-range",
      message: `${value} does not fit in ${length} bytes`,
      remedy: "Check the value against the width of its field",
    });
  }
  const bytes = new Uint8Array(length);
  const text = value.toString(16).padStart(2 * length, "0");
  for (let i = 0; i < length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Number of big-endian bytes; 0 for none. */
export function fromBytes(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes));
}

export function bytesToHex(bytes: Uint8Array): Hex {
  let text = "0x";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text as Hex;
}

/** @throws {ProtocolError} `not-hex` */
export function hexToBytes(hex: string): Uint8Array {
  if (!/^0x([0-9a-fA-F]{2})*$/.test(hex)) {
    throw new ProtocolError({
      code: "not-hex",
      message: `"${hex.slice(0, 80)}" is not a string of hexadecimal bytes`,
      remedy: "Give 0x and an even number of hexadecimal digits",
    });
  }
  const bytes = new Uint8Array((hex.length - 2) / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 + 2 * i, 4 + 2 * i), 16);
  return bytes;
}

/** Length without the zeros at the end. Reads eight bytes at a time: a node does this for every blob. */
export function lengthWithoutZeros(bytes: Uint8Array): number {
  let end = bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, end);
  while (end >= 8 && view.getInt32(end - 4) === 0 && view.getInt32(end - 8) === 0) end -= 8;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

/** Number as 0x and exactly `length` bytes. @throws {ProtocolError} `out-of-range` */
export function toHex(value: bigint, length = 32): Hex {
  return bytesToHex(toBytes(value, length));
}

/** A run of 32-byte words, as Solidity's `abi.encode` lays out static words. */
export function wordsToBytes(words: readonly bigint[]): Uint8Array {
  return concatBytes(...words.map((word) => toBytes(word, 32)));
}

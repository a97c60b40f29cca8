import type { Branded } from "./brand.ts";
import { toHex, type Hex } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";

/** An L1 address as a number of 160 bits. */
export type Address = Branded<bigint, "Address">;

/** @throws {ProtocolError} `out-of-range` for more than 160 bits, `not-hex` for text that is no address. */
export function toAddress(value: bigint | string): Address {
  if (typeof value === "string" && !/^0x[0-9a-fA-F]{40}$/.test(value)) {
    throw new ProtocolError({
      code: "not-hex",
      message: `"${value.slice(0, 80)}" is not an address`,
      remedy: "Give 0x and 40 hexadecimal digits",
    });
  }
  const number = BigInt(value);
  if (number < 0n || number >> 160n !== 0n) {
    throw new ProtocolError({
      code: "out-of-range",
      message: `address ${number} does not fit in 160 bits`,
      remedy: "Give a number of at most 160 bits",
    });
  }
  return number as Address;
}

/** 0x and 40 lower-case digits, without checksum. */
export function addressToHex(address: Address): Hex {
  return toHex(address, 20);
}

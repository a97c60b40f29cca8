import { expect } from "chai";

import { addressToHex, toAddress } from "../../protocol/address.ts";
import * as bytes from "../../protocol/bytes.ts";
import { BN254_R, reduceToField, toField } from "../../protocol/field.ts";
import { truncatedSha256, truncatedToField } from "../../protocol/hash.ts";
import { fromInt16, toInt16, wordLayout } from "../../protocol/words.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import { expectProtocolError } from "./support/errors.ts";

describe("protocol/bytes", () => {
  it("takes numbers to big-endian bytes and back", () => {
    const random = seededRandom("bytes");
    for (let i = 0; i < 50; i++) {
      const length = 1 + random.below(40);
      const value = random.bits(8 * length);
      expect(bytes.fromBytes(bytes.toBytes(value, length))).to.equal(value);
      expect(bytes.hexToBytes(bytes.toHex(value, length))).to.deep.equal(bytes.toBytes(value, length));
    }
    expect(bytes.toHex(0x1234n, 3)).to.equal("0x001234");
    expect(bytes.fromBytes(new Uint8Array(0))).to.equal(0n);
  });

  it("refuses a number that is negative or too wide", () => {
    expectProtocolError("out-of-range", () => bytes.toBytes(256n, 1));
    expectProtocolError("out-of-range", () => bytes.toBytes(-1n, 4));
  });

  it("refuses text that is not hexadecimal bytes", () => {
    for (const text of ["", "00", "0x0", "0xzz", "0x 0"]) {
      expectProtocolError("not-hex", () => bytes.hexToBytes(text));
    }
    expect(bytes.hexToBytes("0x")).to.have.length(0);
  });
});

describe("protocol/bytes, lengthWithoutZeros", () => {
  it("ends behind the last byte that is not zero, wherever it stands and however the bytes lie in memory", () => {
    const memory = new Uint8Array(100);
    for (let offset = 0; offset < 9; offset++) {
      for (let length = 0; length < 60; length++) {
        const view = memory.subarray(offset, offset + length);
        expect(bytes.lengthWithoutZeros(view), `${length} zeros`).to.equal(0);
        for (let at = 0; at < length; at++) {
          view[at] = 0x80;
          expect(bytes.lengthWithoutZeros(view), `byte ${at} of ${length} from ${offset}`).to.equal(at + 1);
          view[at] = 0;
        }
      }
    }
  });

  it("does not read beyond its bytes", () => {
    const memory = new Uint8Array(64).fill(255);
    memory.fill(0, 16, 48);
    expect(bytes.lengthWithoutZeros(memory.subarray(16, 48))).to.equal(0);
  });
});

describe("protocol/address", () => {
  it("reads and writes addresses", () => {
    const text = "0x00000000000000000000000000000000DeaDBeef";
    expect(toAddress(text)).to.equal(0xdeadbeefn);
    expect(addressToHex(toAddress(text))).to.equal(text.toLowerCase());
  });

  it("refuses what is no address", () => {
    expectProtocolError("not-hex", () => toAddress("0x1234"));
    expectProtocolError("out-of-range", () => toAddress(1n << 160n));
    expectProtocolError("out-of-range", () => toAddress(-1n));
  });
});

describe("protocol/words", () => {
  const layout = wordLayout("pair", { high: 8, low: 16 });

  it("packs fields from the most significant down, and unpacks them", () => {
    expect(layout.bits).to.equal(24);
    expect(layout.pack({ high: 0xabn, low: 0x1234n })).to.equal(0xab1234n);
    expect(layout.unpack(0xab1234n)).to.deep.equal({ high: 0xabn, low: 0x1234n });
  });

  it("refuses a field that is too wide, naming it", () => {
    const error = expectProtocolError("out-of-range", () => layout.pack({ high: 256n, low: 0n }));
    expect(error.message).to.contain("pair.high");
    expectProtocolError("out-of-range", () => layout.pack({ high: 0n, low: -1n }));
  });

  it("refuses a word that is wider than the layout", () => {
    expectProtocolError("out-of-range", () => layout.unpack(1n << 24n));
  });

  it("keeps the sign of 16-bit numbers", () => {
    for (const value of [-0x8000, -1, 0, 1, 0x7fff]) expect(toInt16(fromInt16(value))).to.equal(value);
    expect(fromInt16(-1)).to.equal(0xffffn);
    for (const value of [0x8000, -0x8001, 0.5]) expectProtocolError("out-of-range", () => fromInt16(value));
  });
});

describe("protocol/field", () => {
  it("refuses values that are not canonical", () => {
    expect(toField(BN254_R - 1n)).to.equal(BN254_R - 1n);
    expectProtocolError("not-canonical", () => toField(BN254_R));
    expectProtocolError("not-canonical", () => toField(-1n));
  });

  it("reduces any integer", () => {
    expect(reduceToField(BN254_R + 5n)).to.equal(5n);
    expect(reduceToField(-5n)).to.equal(BN254_R - 5n);
  });
});

describe("protocol/hash", () => {
  it("clears the last byte of a truncated hash, and only that", () => {
    const hash = truncatedSha256([1n, 2n]);
    expect(hash & 0xffn).to.equal(0n);
    expect(truncatedToField(hash) << 8n).to.equal(hash);
    expect(truncatedToField(hash) >> 248n).to.equal(0n);
  });
});

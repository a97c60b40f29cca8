import { bls12_381 } from "@noble/curves/bls12-381.js";
import { expect } from "chai";

import { fromBytes, hexToBytes } from "../../protocol/bytes.ts";
import { blsSign, noPointRoot, openPublishedSignature, signaturePointWords } from "../../protocol/bls.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import { expectProtocolError } from "./support/errors.ts";

const random = seededRandom("test/publishedSignature");
const { Fp2, Fp } = bls12_381.fields;

describe("What was published as a signature", () => {
  it("is opened as the point that it is", () => {
    for (let i = 0; i < 12; i++) {
      const signature = blsSign(random.bits(250) + 1n, random.bytes(32));
      expect(openPublishedSignature(signature)).to.deep.equal({
        type: "point",
        words: signaturePointWords(signature),
      });
    }
  });

  it("is opened on the curve when it is outside the group, or else shown to be no point", () => {
    const found = { point: 0, noPoint: 0 };
    for (let i = 0; i < 24; i++) {
      const bytes = random.bytes(96);
      bytes[0] = 0x80 | (i % 2 === 0 ? 0x20 : 0) | (bytes[0]! & 0x0f);
      bytes[48] = 0;
      const opened = openPublishedSignature(bytes);
      found[opened.type]++;
      if (opened.type === "noPoint") {
        expect(opened.root).to.deep.equal(noPointRoot(bytes));
        continue;
      }
      const point = hexToBytes(`0x${opened.words.map((word) => word.slice(2)).join("")}`);
      const [c0, c1, y0, y1] = [0, 48, 96, 144].map((at) => fromBytes(point.subarray(at, at + 48))) as [
        bigint,
        bigint,
        bigint,
        bigint,
      ];
      const x = Fp2.create({ c0, c1 });
      const y = Fp2.create({ c0: y0, c1: y1 });
      expect(Fp2.eql(Fp2.sqr(y), Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.create({ c0: 4n, c1: 4n })))).to.equal(
        true,
      );
      expect(y1 > (Fp.ORDER - 1n) / 2n).to.equal(i % 2 === 0);
    }
    expect(found.point).to.be.greaterThan(3);
    expect(found.noPoint).to.be.greaterThan(3);
  });

  it("is shown to be no point by its form alone where that is enough", () => {
    const zeros = { type: "noPoint", root: Array.from({ length: 4 }, () => `0x${"00".repeat(32)}`) };
    const good = blsSign(5n, random.bytes(32));
    const withFlags = (flags: number): Uint8Array =>
      Uint8Array.of((good[0]! & 0x1f) | flags, ...good.subarray(1));
    for (const flags of [0x00, 0x20, 0x40, 0x60, 0xc0, 0xe0]) {
      expect(openPublishedSignature(withFlags(flags))).to.deep.equal(zeros);
    }
    expect(openPublishedSignature(Uint8Array.of(0x9f, ...new Uint8Array(95).fill(255)))).to.deep.equal(zeros);
    expect(
      openPublishedSignature(Uint8Array.of(0x80, ...new Uint8Array(47), 255, ...new Uint8Array(47))),
    ).to.deep.equal(zeros);
    expectProtocolError("wrong-length", () => openPublishedSignature(good.subarray(1)));
  });
});

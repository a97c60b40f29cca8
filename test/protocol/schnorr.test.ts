import { expect } from "chai";

import { BN254_R, toField, type Field } from "../../protocol/field.ts";
import {
  GRUMPKIN_GENERATOR,
  GRUMPKIN_ORDER,
  Grumpkin,
  isOnCurve,
  recoverPoint,
} from "../../protocol/grumpkin.ts";
import { fromLibraryPoint, toLibraryPoint } from "../../protocol/grumpkin.ts";
import { poseidon2Hash } from "../../protocol/poseidon2.ts";
import { schnorrKeyPair, schnorrSign, schnorrVerify } from "../../protocol/schnorr.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import { sampleField, sampleKeyPair } from "../../protocol/vectors/samples.ts";
import { expectProtocolError } from "./support/errors.ts";

describe("protocol/grumpkin", () => {
  it("has the generator on the curve and its order", () => {
    expect(isOnCurve(GRUMPKIN_GENERATOR)).to.equal(true);
    expect(
      Grumpkin.BASE.multiplyUnsafe(GRUMPKIN_ORDER - 1n)
        .add(Grumpkin.BASE)
        .is0(),
    ).to.equal(true);
  });

  it("does not take infinity, other points or unreduced coordinates for points", () => {
    const { x, y } = GRUMPKIN_GENERATOR;
    expect(isOnCurve({ x: 0n, y: 0n })).to.equal(false);
    expect(isOnCurve({ x, y: y + 1n })).to.equal(false);
    expect(isOnCurve({ x: x + BN254_R, y })).to.equal(false);
    expect(isOnCurve({ x, y: y - BN254_R })).to.equal(false);
  });

  it("recovers a point from x and the parity of y", () => {
    const random = seededRandom("recover");
    for (let i = 0; i < 5; i++) {
      const { x, y } = sampleKeyPair(random).publicKey;
      expect(recoverPoint({ x, parity: Number(y & 1n) })).to.deep.equal({ x, y });
      expect(recoverPoint({ x, parity: Number(1n - (y & 1n)) })).to.deep.equal({ x, y: BN254_R - y });
    }
  });

  it("refuses an x that no point has, and an x that is not reduced", () => {
    let x = 2n;
    while (isResidue(x)) x += 1n;
    expectProtocolError("invalid-key", () => recoverPoint({ x, parity: 0 }));
    expectProtocolError("invalid-key", () => recoverPoint({ x: 1n + BN254_R, parity: 0 }));
  });

  it("refuses to compute with a point off the curve", () => {
    expectProtocolError("invalid-key", () => toLibraryPoint({ x: toField(1n), y: toField(1n) }));
    expect(fromLibraryPoint(Grumpkin.ZERO)).to.deep.equal({ x: 0n, y: 0n });
  });

  function isResidue(x: bigint): boolean {
    return Grumpkin.Fp.pow(Grumpkin.Fp.create(x * x * x - 17n), (BN254_R - 1n) / 2n) === 1n;
  }
});

describe("protocol/schnorr", () => {
  const random = seededRandom("schnorr");
  const keyPair = sampleKeyPair(random);
  const message = sampleField(random);
  const signature = schnorrSign(keyPair, message);
  const { publicKey } = keyPair;

  it("verifies what it signed", () => {
    expect(schnorrVerify({ publicKey, message, signature })).to.equal(true);
    expect(signature.e >> 128n).to.equal(0n);
  });

  it("derives keys and nonces: same seed, same key; same message, same signature", () => {
    const seed = random.bytes(32);
    expect(schnorrKeyPair(seed)).to.deep.equal(schnorrKeyPair(seed));
    expect(schnorrSign(keyPair, message)).to.deep.equal(signature);
    expect(schnorrSign(keyPair, toField(message - 1n)).s).to.not.equal(signature.s);
  });

  it("refuses another message, key, s or e", () => {
    const other = sampleKeyPair(random).publicKey;
    const negated = { x: publicKey.x, y: (BN254_R - publicKey.y) as Field };
    expect(schnorrVerify({ publicKey, message: toField(1n), signature })).to.equal(false);
    expect(schnorrVerify({ publicKey: other, message, signature })).to.equal(false);
    expect(schnorrVerify({ publicKey: negated, message, signature })).to.equal(false);
    expect(schnorrVerify({ publicKey, message, signature: { ...signature, s: signature.s + 1n } })).to.equal(
      false,
    );
    expect(schnorrVerify({ publicKey, message, signature: { ...signature, e: signature.e ^ 1n } })).to.equal(
      false,
    );
  });

  it("refuses s + n, so a signature cannot be changed into another", () => {
    const malleated = { ...signature, s: signature.s + GRUMPKIN_ORDER };
    expect(schnorrVerify({ publicKey, message, signature: malleated })).to.equal(false);
  });

  it("refuses an e of more than 128 bits and negative numbers", () => {
    expect(
      schnorrVerify({ publicKey, message, signature: { ...signature, e: signature.e + (1n << 128n) } }),
    ).to.equal(false);
    expect(schnorrVerify({ publicKey, message, signature: { ...signature, e: -1n } })).to.equal(false);
    expect(schnorrVerify({ publicKey, message, signature: { ...signature, s: -1n } })).to.equal(false);
  });

  it("refuses the key (0, 0), for which anybody could sign", () => {
    // With P at infinity, R = sG whatever e is: so e can be chosen after R.
    const infinity = { x: toField(0n), y: toField(0n) };
    const R = fromLibraryPoint(Grumpkin.BASE.multiply(5n));
    const e = poseidon2Hash([R.x, R.y, infinity.x, infinity.y, message]) & ((1n << 128n) - 1n);
    expect(schnorrVerify({ publicKey: infinity, message, signature: { s: 5n, e } })).to.equal(false);
  });

  it("takes R at infinity as (0, 0), as the circuit does", () => {
    const zero = toField(0n);
    const e = poseidon2Hash([zero, zero, publicKey.x, publicKey.y, message]) & ((1n << 128n) - 1n);
    const s = GRUMPKIN_ORDER - ((e * keyPair.secretKey) % GRUMPKIN_ORDER);
    expect(schnorrVerify({ publicKey, message, signature: { s, e } })).to.equal(true);
  });
});

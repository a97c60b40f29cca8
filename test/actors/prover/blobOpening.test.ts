import { bls12_381 } from "@noble/curves/bls12-381.js";
import cKzg from "c-kzg";
import { expect } from "chai";

import { toBytes, wordsToBytes } from "../../../protocol/bytes.ts";
import { BLS12_381_R } from "../../../protocol/field.ts";
import { openBlobs } from "../../../protocol/opening.ts";
import { openCombined, pointWords } from "../../../actors/prover/blobOpening.ts";

const { G1 } = bls12_381;
const challenge = { z: (1n << 247n) + 5n, gamma: (1n << 127n) + 3n };
const words = (seed: bigint): bigint[] =>
  Array.from({ length: 25 }, (_, j) => (seed * (BigInt(j) + 1n) ** 20n) % (1n << 248n));

describe("Combined blob opening", () => {
  it("proves the value that the circuit computes, against the sum of the commitments", () => {
    const blobs = [words(3n), new Array<bigint>(25).fill(0n), words(2n ** 240n + 1n)];
    const { points, proof, y } = openCombined({ blobs, challenge });
    expect(y).to.equal(openBlobs(blobs, challenge).y);
    expect(points[1]).to.deep.equal([0n, 0n, 0n]);

    let factor = 1n;
    let sum = G1.Point.ZERO;
    for (const point of points) {
      if (point.some((word) => word !== 0n))
        sum = sum.add(G1.Point.fromBytes(wordsToBytes(point)).multiply(factor));
      factor = (factor * challenge.gamma) % BLS12_381_R;
    }
    const proofBytes = wordsToBytes(proof);
    expect(proofBytes.subarray(48).every((byte) => byte === 0)).to.equal(true);
    const valid = (value: bigint): boolean =>
      cKzg.verifyKzgProof(
        sum.toBytes(true),
        toBytes(challenge.z, 32),
        toBytes(value, 32),
        proofBytes.slice(0, 48),
      );
    expect(valid(y)).to.equal(true);
    expect(valid(y + 1n)).to.equal(false);
  });

  it("writes a point as x48 and y48 in three words", () => {
    const bytes = wordsToBytes(pointWords(G1.Point.BASE.toBytes(true)));
    const { x, y } = G1.Point.BASE.toAffine();
    expect(bytes).to.deep.equal(new Uint8Array([...toBytes(x, 48), ...toBytes(y, 48)]));
  });
});

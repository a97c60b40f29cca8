import { permute, poseidon2Hash as sponge } from "@zkpassport/poseidon2";
import { expect } from "chai";

import { BN254_R, ZERO, type Field } from "../../protocol/field.ts";
import { poseidon2Hash, poseidon2Permute } from "../../protocol/poseidon2.ts";

describe("protocol/poseidon2", () => {
  it("leaves its argument as it was", () => {
    const state = [1n, 2n, 3n, 4n] as [Field, Field, Field, Field];
    poseidon2Permute(state);
    expect(state).to.deep.equal([1n, 2n, 3n, 4n]);
  });

  it("is the permutation of the reference implementation", () => {
    // Test vector of the Poseidon2 authors' BN256 instance, width 4.
    const output = poseidon2Permute([0n, 1n, 2n, 3n] as [Field, Field, Field, Field]);
    expect(output[0]).to.equal(0x01bd538c2ee014ed5141b29e9ae240bf8db3fe5b9a38629a9647cf8d76c01737n);
  });

  it("agrees with another implementation, at the bounds of the field and inside", () => {
    const bounds = [0n, 1n, BN254_R - 1n, (1n << 253n) - 1n] as Field[];
    for (const a of bounds) {
      for (const b of bounds) {
        const state = [a, b, b, a] as const;
        expect(poseidon2Permute(state)).to.deep.equal(permute([...state]));
      }
    }
    let state = [5n, 6n, 7n, 8n] as unknown as readonly [Field, Field, Field, Field];
    for (let i = 0; i < 100; i++) {
      const next = poseidon2Permute(state);
      expect(next).to.deep.equal(permute([...state]));
      state = next;
    }
  });

  it("has the other implementation's sponge, for every length", () => {
    const inputs = Array.from({ length: 8 }, (_, i) => (BN254_R - BigInt(i + 1)) as Field);
    for (let length = 0; length <= inputs.length; length++) {
      const part = inputs.slice(0, length);
      expect(poseidon2Hash(part)).to.equal(sponge([...part]));
    }
  });

  it("starts the sponge from the length, so trailing zeros count", () => {
    expect(poseidon2Hash([1n as Field])).to.not.equal(poseidon2Hash([1n as Field, ZERO]));
    const capacity = (2n << 64n) as Field;
    expect(poseidon2Hash([1n as Field, 2n as Field])).to.equal(
      poseidon2Permute([1n as Field, 2n as Field, ZERO, capacity])[0],
    );
  });
});

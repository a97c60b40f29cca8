import { expect } from "chai";

import { ZERO, type Field } from "../../protocol/field.ts";
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

  it("starts the sponge from the length, so trailing zeros count", () => {
    expect(poseidon2Hash([1n as Field])).to.not.equal(poseidon2Hash([1n as Field, ZERO]));
    const capacity = (2n << 64n) as Field;
    expect(poseidon2Hash([1n as Field, 2n as Field])).to.equal(
      poseidon2Permute([1n as Field, 2n as Field, ZERO, capacity])[0],
    );
  });
});

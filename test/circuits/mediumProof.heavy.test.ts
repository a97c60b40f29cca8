import { expect } from "chai";

import { SIZES } from "../../protocol/sizes.ts";
import { openCircuit } from "./support/circuit.ts";
import { TestChain, User } from "./support/testChain.ts";
import { deployVerifier } from "./support/verifier.ts";

describe("epoch proof of the medium size", () => {
  it("is accepted by its Solidity verifier, partly filled", async function () {
    this.timeout(600_000);
    const { built, prover } = await openCircuit("medium");
    const verify = await deployVerifier(built.entry.contract);
    const alice = new User(0);
    const { inputs, publicInputs } = new TestChain(SIZES.medium).epoch(
      { messages: [alice.fees(10n ** 9n), alice.assets(1_000n)] },
      { transactions: [alice.transfer(0, 1n)], parentBitmap: 1n },
      { transactions: [alice.transfer(0, 2n)], parentBitmap: 2n },
    );
    const { proof } = await prover.prove(inputs);
    expect(await verify(proof, publicInputs)).to.equal(true);
  });
});

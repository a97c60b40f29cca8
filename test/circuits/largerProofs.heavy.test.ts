import { expect } from "chai";

import { SIZES } from "../../protocol/sizes.ts";
import { openCircuit } from "./support/circuit.ts";
import { TestChain, User } from "./support/testChain.ts";
import { deployVerifier } from "./support/verifier.ts";

/** `large` is what TestNet proves: its reference string alone takes minutes when it is made for the first time. */
describe("epoch proofs of the larger sizes", () => {
  for (const size of ["medium", "large"] as const) {
    it(`of ${size}, partly filled, are accepted by their Solidity verifier`, async function () {
      this.timeout(2_400_000);
      const { built, prover } = await openCircuit(size);
      const verify = await deployVerifier(built.entry.contract);
      const alice = new User(0);
      const { inputs, publicInputs } = new TestChain(SIZES[size]).epoch(
        { messages: [alice.fees(10n ** 9n), alice.assets(1_000n)] },
        { transactions: [alice.transfer(0, 1n)], parentBitmap: 1n },
        { transactions: [alice.transfer(0, 2n)], parentBitmap: 2n },
      );
      const { proof, seconds } = await prover.prove(inputs);
      console.log(`      ${built.entry.gates} gates, proven in ${seconds.toFixed(1)} s`);
      expect(await verify(proof, publicInputs)).to.equal(true);
      expect(await verify(proof, [publicInputs[0]! + 1n, ...publicInputs.slice(1)])).to.equal(false);
    });
  }
});

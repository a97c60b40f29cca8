import { expect } from "chai";

import type { EpochProof } from "../../actors/prover/proving.ts";
import type { EpochInputs } from "../../protocol/epochInputs.ts";
import { KIND_TRANSFER } from "../../protocol/transaction.ts";
import { openCircuit, type Circuit } from "./support/circuit.ts";
import { DEPOSITOR, TestChain, User } from "./support/testChain.ts";
import { deployVerifier, type Verify } from "./support/verifier.ts";
import { SolvedWitness } from "./support/witness.ts";

const SAMPLES = 60;
const STEPS = [1n, 1n << 120n, -1n];

describe("proofs from witnesses with one entry altered", function () {
  this.timeout(1_800_000);

  let circuit: Circuit;
  let verify: Verify;
  let epoch: EpochInputs;
  let honest: EpochProof;

  before(async () => {
    circuit = await openCircuit();
    verify = await deployVerifier(circuit.built.entry.contract);
    const [alice, bob] = [new User(0), new User(1)];
    epoch = new TestChain().epoch(
      {
        messages: [alice.fees(1_000_000n), alice.assets(1_000n)],
        transactions: [alice.transfer(0, 1n), alice.withdraw(DEPOSITOR, 7n), alice.transfer(9, 1n)],
      },
      { messages: [bob.assets(5n, { index: 0 }), alice.force(KIND_TRANSFER, 0n, 3n)], parentBitmap: 0b1011n },
    );
    honest = await circuit.prover.prove(epoch.inputs);
    expect(await verify(honest.proof, honest.publicInputs)).to.equal(true);
  });

  it("are refused, or are the honest proof byte for byte where the prover computes the entry itself", async () => {
    const witness = await SolvedWitness.of(circuit, epoch.inputs);
    const { entries } = witness;
    for (let sample = 0; sample < SAMPLES; sample++) {
      // Steps through all of them, with a stride that has no common factor with their number.
      const entry = entries[(sample * 7_919_317) % entries.length]!;
      if (witness.isInverseOfZero(entry)) continue;
      const bytes = witness.withEntry(entry, STEPS[sample % STEPS.length]!);
      const made = await circuit.prover.proveWitness(bytes).catch(() => undefined);
      if (made === undefined || !(await verify(made.proof, made.publicInputs))) continue;
      expect(Buffer.from(made.proof).equals(honest.proof), `entry ${entry} is free`).to.equal(true);
    }
  });
});

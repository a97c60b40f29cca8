import { expect } from "chai";

import type { EpochProof } from "../../actors/prover/proving.ts";
import type { EpochInputs } from "../../protocol/epochInputs.ts";
import { KIND_TRANSFER } from "../../protocol/transaction.ts";
import { openCircuit, type Circuit } from "./support/circuit.ts";
import { ConstraintSystem } from "./support/constraints.ts";
import { altered, placesByKind } from "./support/inputs.ts";
import { DEPOSITOR, fullEpoch, TestChain, User } from "./support/testChain.ts";
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

  it("are refused for every kind of input, its first and its last place, all that follows from it left as it was", async () => {
    const full = fullEpoch();
    const witness = await SolvedWitness.of(circuit, full.inputs);
    for (const [kind, places] of placesByKind(full.inputs)) {
      // The prover's address is a public input: another one is another statement, refused by L1's own.
      if (kind.startsWith("public")) continue;
      for (const place of places) {
        const bytes = await witness.withInputs(altered(full.inputs, place));
        const made = await circuit.prover.proveWitness(bytes).catch(() => undefined);
        if (made === undefined) continue;
        expect(await verify(made.proof, full.publicInputs), place.join(".")).to.equal(false);
      }
    }
  });

  it("are refused for every kind of hint", async () => {
    const system = await ConstraintSystem.read(circuit.built.program);
    const witness = await SolvedWitness.of(circuit, epoch.inputs);
    const kinds = new Map<string, number>();
    for (const hint of system.hints) {
      const kind = `${hint.source} of ${hint.call.length}`;
      if (!kinds.has(kind) && !witness.isInverseOfZero(hint.witness)) kinds.set(kind, hint.witness);
    }
    expect(kinds.size).to.be.greaterThan(20);
    for (const [kind, entry] of kinds) {
      const made = await circuit.prover.proveWitness(witness.withEntry(entry, 1n)).catch(() => undefined);
      if (made === undefined) continue;
      expect(await verify(made.proof, made.publicInputs), kind).to.equal(false);
    }
  });
});

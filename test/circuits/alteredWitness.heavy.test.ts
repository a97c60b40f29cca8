import { expect } from "chai";

import type { EpochProof } from "../../actors/prover/proving.ts";
import type { EpochInputs } from "../../protocol/epochInputs.ts";
import { GRUMPKIN_GENERATOR } from "../../protocol/grumpkin.ts";
import { encodeTransaction, KIND_TRANSFER } from "../../protocol/transaction.ts";
import { openCircuit, type Circuit } from "./support/circuit.ts";
import { ConstraintSystem } from "./support/constraints.ts";
import { solveWith } from "./support/dishonestSolver.ts";
import { meetingAt } from "./support/hostile.ts";
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

  it("are refused when an operation on the curve is said to give another point, at infinity too", async () => {
    const alice = new User(0);
    const chain = new TestChain();
    chain.add({ messages: [alice.fees(10n ** 9n), alice.assets(100n)] });
    // Signatures that do not hold, whatever the point: nothing else in the circuit notices it.
    const body = alice.body(KIND_TRANSFER, 0n, 1n, { nonce: 0 });
    const signatures = [
      { s: meetingAt(alice, 9n), e: 9n },
      { s: 5n, e: 9n },
    ];
    const { inputs, publicInputs, blocks } = chain.epoch({
      transactions: signatures.map((signature) => encodeTransaction({ ...body, signature })),
    });
    expect(blocks[0]!.result.slots.some(({ outcome }) => outcome.type === "applied")).to.equal(false);

    const proves = async (operation: string, index: number, results: readonly bigint[]): Promise<boolean> => {
      const witness = await solveWith({ circuit, inputs, operation, index, results });
      const made = await circuit.prover.proveWitness(witness).catch(() => undefined);
      return made !== undefined && verify(made.proof, publicInputs);
    };
    // The first signature's sum is the point at infinity, and that is (0, 0).
    expect(await proves("EmbeddedCurveAdd", 1, [0n, 0n])).to.equal(true);
    const { x, y } = GRUMPKIN_GENERATOR;
    // A slot adds D to the key, multiplies twice, and subtracts: two operations of each kind.
    const operations = [0, 1, 2, 3].flatMap((index) =>
      ["EmbeddedCurveAdd", "MultiScalarMul"].map((operation) => ({ operation, index })),
    );
    for (const { operation, index } of operations) {
      expect(await proves(operation, index, [x, y]), `${operation} ${index}`).to.equal(false);
    }
  });
});

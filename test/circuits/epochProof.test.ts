import { expect } from "chai";

import { ProvingError, type EpochProof } from "../../actors/prover/proving.ts";
import type { EpochInputs } from "../../protocol/epochInputs.ts";
import {
  fromLibraryPoint,
  GRUMPKIN_ORDER,
  isOnCurve,
  toLibraryPoint,
  type GrumpkinPoint,
} from "../../protocol/grumpkin.ts";
import { encodeTransaction, KIND_TRANSFER, type TransactionWords } from "../../protocol/transaction.ts";
import { AccountTree } from "../../protocol/tree.ts";
import { openCircuit, type Circuit } from "./support/circuit.ts";
import { meetingAt, signAtInfinity } from "./support/hostile.ts";
import { altered, hex, withValue } from "./support/inputs.ts";
import { DEPOSITOR, TestChain, User } from "./support/testChain.ts";
import { deployVerifier, type Verify } from "./support/verifier.ts";
import { SolvedWitness } from "./support/witness.ts";

/**
 * The proof system's own offset point for the second factor of a product: as a key, it makes the plain product
 * `sG + eP` unprovable.
 */
const OFFSET_POINT = {
  x: 0x0fb76e5904e203fe96cf620f86739e685c85c56774b23c1e7c86fba3290ae42bn,
  y: 0x2a32122a08e2dcc594f4b657eb5e2e4f84cb67f06ab4b2d432c5f61c22330a3fn,
} as GrumpkinPoint;

describe("epoch proof", () => {
  let circuit: Circuit;
  let verify: Verify;
  let epoch: EpochInputs;
  let proof: EpochProof;

  before(async function () {
    this.timeout(180_000);
    circuit = await openCircuit();
    verify = await deployVerifier(circuit.built.entry.contract);
    const [alice, bob] = [new User(0), new User(1)];
    epoch = new TestChain().epoch(
      {
        messages: [alice.fees(1_000_000n), alice.assets(1_000n)],
        transactions: [alice.transfer(0, 1n), alice.withdraw(DEPOSITOR, 7n)],
      },
      { messages: [bob.assets(5n, { index: 0 }), alice.force(KIND_TRANSFER, 0n, 3n)], parentBitmap: 0b1011n },
    );
    proof = await circuit.prover.prove(epoch.inputs);
  });

  it("is accepted by the Solidity verifier with the statement's public inputs", async () => {
    expect(proof.publicInputs).to.deep.equal(epoch.publicInputs);
    expect(await verify(proof.proof, epoch.publicInputs)).to.equal(true);
  });

  it("is bound to every public input, the prover's address among them", async () => {
    for (const index of epoch.publicInputs.keys()) {
      const changed = epoch.publicInputs.map((input, i) => (i === index ? input + 1n : input));
      expect(await verify(proof.proof, changed), `public input ${index}`).to.equal(false);
    }
  });

  it("is refused when a byte of it is altered", async () => {
    for (const at of [0, 700, 3_000, proof.proof.length - 1]) {
      const changed = proof.proof.slice();
      changed[at]! ^= 1;
      expect(await verify(changed, epoch.publicInputs), `byte ${at}`).to.equal(false);
    }
  });

  it("is refused when made from a witness that was altered behind the solver", async function () {
    this.timeout(120_000);
    const witness = await SolvedWitness.of(circuit, epoch.inputs);
    const places = [
      ["blocks", 0, "slots", 0, "sender", "account", "balance"],
      ["opening", "weights", 3, "quotient", "low"],
      ["blocks", 1, "header", "gas_l2"],
    ];
    for (const place of places) {
      const bytes = await witness.withInputs(altered(epoch.inputs, ["witness", ...place]));
      const made = await circuit.prover.proveWitness(bytes);
      expect(made.publicInputs).to.deep.equal(epoch.publicInputs);
      expect(await verify(made.proof, made.publicInputs), place.join(".")).to.equal(false);
    }
  });

  it("can be made whatever key is registered, the proof system's own points included", async function () {
    this.timeout(60_000);
    const { x, y } = OFFSET_POINT;
    expect(isOnCurve(OFFSET_POINT)).to.equal(true);
    const [alice, mallory] = [new User(0), new User(1)];
    const key = { keyX: x, keyParity: Number(y & 1n) };
    const chain = new TestChain();
    const { inputs, publicInputs } = chain.epoch(
      { messages: [mallory.fees(10n ** 9n, key), alice.fees(10n ** 9n)] },
      {
        messages: [{ ...mallory.force(KIND_TRANSFER, 0n, 1n), signature: { s: 5n, e: 9n } }],
        transactions: [mallory.transfer(0, 0n, { nonce: 0 }), alice.transfer(1, 0n)],
      },
    );
    const made = await circuit.prover.prove(inputs);
    expect(await verify(made.proof, publicInputs)).to.equal(true);
  });

  it("can be made whatever is signed: no scalar, sums at infinity, keys that are the generator", async function () {
    this.timeout(60_000);
    // Secret keys 1 and -1: the generator and its opposite.
    const owners = [new User(0), User.withKey(1, 1n), User.withKey(2, GRUMPKIN_ORDER - 1n)] as const;
    const chain = new TestChain();
    chain.start(
      AccountTree.from(
        owners.map((user) => [
          user.index,
          { key: user.keys.publicKey, feeBalance: 10n ** 9n, balance: 9n, nonce: 0 },
        ]),
      ),
    );
    const contents = owners.flatMap((user): TransactionWords[] => {
      const body = user.body(KIND_TRANSFER, 0n, 1n, { nonce: 0 });
      const signatures = [
        { s: 0n, e: 0n },
        { s: 0n, e: 5n },
        { s: meetingAt(user, 9n), e: 9n },
      ];
      return [
        ...signatures.map((signature) => encodeTransaction({ ...body, signature })),
        signAtInfinity(user, body),
      ];
    });
    const { inputs, publicInputs, blocks } = chain.epoch(
      { transactions: contents.slice(0, 6) },
      { transactions: contents.slice(6), parentBitmap: 1n },
    );
    const outcomes = blocks.flatMap(({ result }) => result.slots.map(({ outcome }) => outcome.type));
    // R at infinity counts as (0, 0): only the owner can sign so, and it holds.
    expect(outcomes.filter((type) => type === "applied").length).to.equal(owners.length);
    const made = await circuit.prover.prove(inputs);
    expect(await verify(made.proof, publicInputs)).to.equal(true);
  });

  it("is refused when a blinding point makes points meet, where a sum could be anything", async function () {
    this.timeout(60_000);
    const alice = new User(0);
    const { inputs, publicInputs } = new TestChain().epoch(
      { messages: [alice.fees(10n ** 9n), alice.assets(5n)] },
      { transactions: [alice.transfer(0, 1n)], parentBitmap: 1n },
    );
    // P + D is the proof system's offset point: the first addition to its table doubles it.
    const meets = toLibraryPoint(OFFSET_POINT).subtract(toLibraryPoint(alice.keys.publicKey));
    const { x, y } = fromLibraryPoint(meets);
    const place = ["witness", "blinding", "point"];
    const witness = await circuit.prover.solve(withValue(inputs, place, { x: hex(x), y: hex(y) }));
    const made = await circuit.prover.proveWitness(witness);
    expect(made.publicInputs).to.deep.equal(publicInputs);
    expect(await verify(made.proof, publicInputs)).to.equal(false);
  });

  it("can be aborted", async () => {
    const controller = new AbortController();
    const running = circuit.prover.prove(epoch.inputs, { signal: controller.signal });
    setTimeout(() => controller.abort(), 1_000);
    const error: unknown = await running.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(ProvingError).with.property("code", "aborted");
  });
});

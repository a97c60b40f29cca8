import { expect } from "chai";
import type { BaseContract } from "ethers";
import { network } from "hardhat";
import { ProvingError, type EpochProof } from "../../actors/prover/proving.ts";
import { toHex } from "../../protocol/bytes.ts";
import type { EpochInputs } from "../../protocol/epochInputs.ts";
import { KIND_TRANSFER } from "../../protocol/transaction.ts";
import { openCircuit, type Circuit } from "./support/circuit.ts";
import { DEPOSITOR, TestChain, User } from "./support/testChain.ts";

/** What the generated contract offers. */
interface Verifier extends BaseContract {
  verify(proof: Uint8Array, publicInputs: readonly string[]): Promise<boolean>;
}

describe("epoch proof", () => {
  let circuit: Circuit;
  let verifier: Verifier;
  let epoch: EpochInputs;
  let proof: EpochProof;

  before(async function () {
    this.timeout(180_000);
    circuit = await openCircuit();
    const { ethers } = await network.create();
    verifier = (await ethers.deployContract("EpochVerifierLocal")) as unknown as Verifier;

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

  const verify = (bytes: Uint8Array, inputs: readonly bigint[]): Promise<boolean> =>
    verifier.verify(bytes, inputs.map((input) => toHex(input)));

  it("is accepted by the Solidity verifier with the statement's public inputs", async () => {
    expect(proof.publicInputs).to.deep.equal(epoch.publicInputs);
    expect(await verify(proof.proof, epoch.publicInputs)).to.equal(true);
  });

  it("is bound to every public input, the prover's address among them", async () => {
    for (const index of epoch.publicInputs.keys()) {
      const altered = epoch.publicInputs.map((input, i) => (i === index ? input + 1n : input));
      await expectRefused(verify(proof.proof, altered), `public input ${index}`);
    }
  });

  it("is refused when a byte of it is altered", async () => {
    for (const at of [0, 700, 3_000, proof.proof.length - 1]) {
      const altered = proof.proof.slice();
      altered[at]! ^= 1;
      await expectRefused(verify(altered, epoch.publicInputs), `byte ${at}`);
    }
  });

  it("can be aborted", async () => {
    const controller = new AbortController();
    const running = circuit.prover.prove(epoch.inputs, { signal: controller.signal });
    setTimeout(() => controller.abort(), 1_500);
    const error: unknown = await running.then(() => undefined, (reason: unknown) => reason);
    expect(error).to.be.instanceOf(ProvingError).with.property("code", "aborted");
  });
});

async function expectRefused(call: Promise<boolean>, what: string): Promise<void> {
  const answer = await call.catch(() => false);
  expect(answer, what).to.equal(false);
}

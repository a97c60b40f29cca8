import { expect } from "chai";
import { keccak256, toBeHex, ZeroAddress } from "ethers";
import { network } from "hardhat";

import { words } from "../helpers/layout.ts";
import { expectRefusal } from "../helpers/refusal.ts";

describe("VerifierPolicy", () => {
  const inputs = [1n, 2n, 3n].map((n) => toBeHex(n, 32));
  const proof = keccak256(words(1n, 2n, 3n));

  async function deploy(count: number) {
    const { ethers } = await network.create();
    const verifiers: string[] = [];
    for (let i = 0; i < count; ++i)
      verifiers.push((await ethers.deployContract("MockVerifier")).target as string);
    const policy = await ethers.deployContract("VerifierPolicy", [verifiers]);
    return { ethers, policy, verifiers };
  }

  it("requires every verifier, each with its own proof", async () => {
    for (const count of [1, 2, 3]) {
      const { policy, verifiers } = await deploy(count);
      expect([...(await policy.verifiers())]).to.deep.equal(verifiers);
      const proofs = Array.from({ length: count }, () => proof);
      await policy.requireValid(proofs, inputs);
      for (let i = 0; i < count; ++i) {
        await expectRefusal(
          policy.requireValid(proofs.with(i, toBeHex(9, 32)), inputs),
          policy.interface,
          "VerifierPolicy__ProofRefused",
          [verifiers[i]],
        );
      }
      await expectRefusal(
        policy.requireValid([...proofs, proof], inputs),
        policy.interface,
        "VerifierPolicy__WrongProofCount",
        [BigInt(count), BigInt(count + 1)],
      );
    }
  });

  it("names the verifier that reverts", async () => {
    const { ethers } = await network.create();
    // A contract that has no `verify`: every call reverts.
    const token = await ethers.deployContract("NetworkToken", ["a", "b", ZeroAddress, toBeHex(1, 20), 1]);
    const policy = await ethers.deployContract("VerifierPolicy", [[token.target]]);
    await expectRefusal(
      policy.requireValid([proof], inputs),
      policy.interface,
      "VerifierPolicy__ProofRefused",
      [token.target],
    );
  });

  it("cannot be made of no verifier, too many, the same twice, or an address without code", async () => {
    const { ethers, policy, verifiers } = await deploy(3);
    const fourth = (await ethers.deployContract("MockVerifier")).target as string;
    for (const wrong of [[], [...verifiers, fourth], [verifiers[0], verifiers[0]], [toBeHex(0xdead, 20)]]) {
      await expectRefusal(
        ethers.deployContract("VerifierPolicy", [wrong]),
        policy.interface,
        "VerifierPolicy__InvalidVerifiers",
      );
    }
  });
});

/** A generated Solidity verifier on a simulated L1. */
import type { BaseContract } from "ethers";
import { network } from "hardhat";

import { toHex } from "../../../protocol/bytes.ts";

interface Contract extends BaseContract {
  verify(proof: Uint8Array, publicInputs: readonly string[]): Promise<boolean>;
}

/** Whether the contract accepts; a refusal is a revert. */
export type Verify = (proof: Uint8Array, publicInputs: readonly bigint[]) => Promise<boolean>;

export async function deployVerifier(name: string): Promise<Verify> {
  const { ethers } = await network.create();
  const contract = (await ethers.deployContract(name)) as unknown as Contract;
  return async (proof, publicInputs) => {
    try {
      return await contract.verify(
        proof,
        publicInputs.map((input) => toHex(input)),
      );
    } catch {
      return false;
    }
  };
}

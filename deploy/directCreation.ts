/** Creates contracts by whatever signer it is given and keeps no journal: for chains of one process and for tests. */
import { isError, type Signer, type TransactionReceipt } from "ethers";

import { DeployError } from "./errors.ts";
import type { Creation } from "./suite.ts";

/** What came of a creation. */
export interface Created {
  hash: string;
  /** L1 block that has it. */
  block: number;
  gasUsed: number;
}

/** Brings one contract of a suite onto the chain, or finds it there. */
export type Create = (creation: Creation) => Promise<Created>;

/** @throws DeployError PLAN_BROKEN when the account sent something else meanwhile */
export function directCreation(deployer: Signer): Create {
  return async ({ data, nonce, role, address }) => {
    const receipt = await deployer.sendTransaction({ data, nonce }).then(
      (transaction) => transaction.wait(),
      async (error: unknown): Promise<never> => {
        if (isError(error, "NONCE_EXPIRED") || (await deployer.getNonce()) > nonce)
          throw planBroken(role, nonce);
        throw error;
      },
    );
    if (receipt?.contractAddress !== address) throw planBroken(role, nonce);
    return createdBy(receipt);
  };
}

/** What a receipt says of a creation. */
export function createdBy({ hash, blockNumber, gasUsed }: TransactionReceipt): Created {
  return { hash, block: blockNumber, gasUsed: Number(gasUsed) };
}

/** The account's nonce went to something else than the plan's creation. */
export function planBroken(role: string, nonce: number): DeployError {
  return new DeployError(
    "PLAN_BROKEN",
    `nonce ${nonce} of the deployer, planned for ${role}, went to another transaction, so the contract cannot stand where others expect it`,
    "let the deployer's account send nothing else meanwhile, and make a new plan: --restart (what was created stays unused)",
  );
}

/** Sources of a deployment on block explorers, by hardhat-verify. */
import { HardhatError } from "@nomicfoundation/hardhat-errors";
import { verifyContract } from "@nomicfoundation/hardhat-verify/verify";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { Deployment } from "./deployment.ts";
import { DeployError } from "./errors.ts";

/** Explorers that hardhat-verify knows. */
export const EXPLORERS = ["etherscan", "blockscout", "sourcify"] as const;

export type Explorer = (typeof EXPLORERS)[number];

/** A contract of a deployment whose source can be shown. */
export interface VerifiableContract {
  /** What it is in the suite. */
  role: string;
  /** Name of its artifact. */
  contract: string;
  address: string;
  constructorArguments: unknown[];
  /** Transaction that created it, directly or inside the Rollup's creation. */
  hash: string;
}

/** Whether an explorer shows a contract's source. */
export interface Verification extends Pick<VerifiableContract, "role" | "contract" | "address"> {
  explorer: Explorer;
  verified: boolean;
  /** Why not; absent when it is. */
  reason?: string;
}

/** Every contract of the record, with those that the Rollup created itself. */
export function verifiableContracts({ transactions, addresses }: Deployment): VerifiableContract[] {
  const { hash } = transactions.find(({ role }) => role === "rollup")!;
  const { token, rewards, asset, feePortal, assetPortal } = addresses;
  const portal = (role: string, contract: string, address: string, constructorArguments: unknown[]) => ({
    role,
    contract,
    address,
    constructorArguments,
    hash,
  });
  return [
    ...transactions,
    portal("feePortal", "FeePortal", feePortal, [token, rewards]),
    portal("assetPortal", "AssetPortal", assetPortal, [asset]),
  ];
}

/**
 * Verifies one contract, or finds it verified.
 * @throws DeployError EXPLORER_KEY_MISSING, EXPLORER_UNREACHABLE, EXPLORER_UNSUITABLE
 */
export async function verifyOn(
  explorer: Explorer,
  { role, contract, address, constructorArguments, hash }: VerifiableContract,
  hre: HardhatRuntimeEnvironment,
): Promise<Verification> {
  const { sourceName, contractName } = await hre.artifacts.readArtifact(contract);
  const result = { role, contract: contractName, address, explorer };
  try {
    await quietly(() =>
      verifyContract(
        {
          provider: explorer,
          address,
          contract: `${sourceName}:${contractName}`,
          constructorArgs: constructorArguments,
          creationTxHash: hash,
        },
        hre,
      ),
    );
    return { ...result, verified: true };
  } catch (error) {
    if (!HardhatError.isHardhatError(error)) throw error;
    const reason = firstLine(error.message);
    const { GENERAL } = HardhatError.ERRORS.HARDHAT_VERIFY;
    // Somebody was faster, between the question and the request.
    if (HardhatError.isHardhatError(error, GENERAL.CONTRACT_ALREADY_VERIFIED))
      return { ...result, verified: true };
    throwUnlessOwnFault(explorer, error);
    return { ...result, verified: false, reason };
  }
}

/** What concerns the explorer, and so every contract, ends the command. */
function throwUnlessOwnFault(explorer: Explorer, error: HardhatError): void {
  const { message } = error;
  const { GENERAL } = HardhatError.ERRORS.HARDHAT_VERIFY;
  if (
    HardhatError.isHardhatError(error, HardhatError.ERRORS.CORE.GENERAL.ENV_VAR_NOT_FOUND) ||
    HardhatError.isHardhatError(error, GENERAL.EXPLORER_API_KEY_EMPTY)
  ) {
    throw new DeployError(
      "EXPLORER_KEY_MISSING",
      `${explorer} wants an API key, and there is none`,
      "set it: npx hardhat keystore set ETHERSCAN_API_KEY; or choose another: --explorer sourcify",
    );
  }
  if (HardhatError.isHardhatError(error, GENERAL.EXPLORER_REQUEST_FAILED)) {
    throw new DeployError(
      "EXPLORER_UNREACHABLE",
      `${explorer} does not answer: ${firstLine(message)}`,
      "run it again later, or choose another with --explorer: what is verified stays so",
    );
  }
  if (
    HardhatError.isHardhatError(error, GENERAL.NETWORK_NOT_SUPPORTED) ||
    HardhatError.isHardhatError(error, GENERAL.BLOCK_EXPLORER_NOT_CONFIGURED)
  ) {
    throw new DeployError(
      "EXPLORER_UNSUITABLE",
      `${explorer} does not serve this chain`,
      "choose another with --explorer, or describe it under chainDescriptors in hardhat.config.ts",
    );
  }
}

/** hardhat-verify tells a long story on the console about each contract; the table of results says it in a line. */
async function quietly<T>(action: () => Promise<T>): Promise<T> {
  const { log } = console;
  console.log = () => {};
  try {
    return await action();
  } finally {
    console.log = log;
  }
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0]!;
}

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Interface, type InterfaceAbi } from "ethers";

import { ContractErrorDecoder } from "./contractErrors.ts";

const artifacts = fileURLToPath(new URL("../../artifacts/contracts/", import.meta.url));
const cache = new Map<string, Interface>();

/** ABI of a compiled contract, by its file, for example `rollup/Rollup`. Needs `npx hardhat build`. */
export function contractInterface(path: string): Interface {
  const known = cache.get(path);
  if (known) return known;
  const name = path.slice(path.lastIndexOf("/") + 1);
  const file = `${artifacts}${path}.sol/${name}.json`;
  const artifact = JSON.parse(readFileSync(file, "utf8")) as { abi: InterfaceAbi };
  const abi = new Interface(artifact.abi);
  cache.set(path, abi);
  return abi;
}

/** Decodes the errors of every contract that an actor's call can reach. */
export function suiteErrorDecoder(): ContractErrorDecoder {
  const paths = [
    "rollup/IRollup",
    "rollup/Rollup",
    "bridge/IPortal",
    "market/IProofMarket",
    "market/ProofSubmitter",
    "rewards/IRewards",
    "rewards/IRewardDistributor",
    "rewards/Incentives",
    "staking/IValidatorSet",
    "staking/ValidatorRegistry",
    "verifier/IVerifierPolicy",
  ];
  const erc20 = new Interface([
    "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
    "error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed)",
  ]);
  return new ContractErrorDecoder([...paths.map(contractInterface), erc20]);
}

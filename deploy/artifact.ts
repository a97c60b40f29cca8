import type { InterfaceAbi } from "ethers";

/** What the compiler made of a contract. */
export interface Artifact {
  abi: InterfaceAbi;
  bytecode: string;
  deployedBytecode: string;
}

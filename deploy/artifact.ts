import type { InterfaceAbi } from "ethers";

/** What the compiler made of a contract. */
export interface Artifact {
  abi: InterfaceAbi;
  bytecode: string;
  deployedBytecode: string;
  /** Where the deployed code has values that the constructor writes, by the identifier of the variable. */
  immutableReferences?: Readonly<Record<string, readonly { start: number; length: number }[]>>;
}

/** Whether deployed code is what the compiler made, whatever values the constructor wrote into it. */
export function isCodeOf({ deployedBytecode, immutableReferences = {} }: Artifact, code: string): boolean {
  if (code.length !== deployedBytecode.length) return false;
  const places = Object.values(immutableReferences).flat();
  return blank(code, places) === blank(deployedBytecode, places);
}

function blank(code: string, places: readonly { start: number; length: number }[]): string {
  const bytes = Buffer.from(code.slice(2), "hex");
  for (const { start, length } of places) bytes.fill(0, start, start + length);
  return bytes.toString("hex");
}

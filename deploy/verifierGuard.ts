/**
 * A verifier made on a development reference string accepts forged proofs from anyone who knows its tau, and the tau
 * is a committed constant. So such a verifier must never leave a local chain.
 */
import { bn254 } from "@noble/curves/bn254.js";

import type { SizeName } from "../protocol/sizes.ts";
import { TAU } from "../scripts/circuits/developmentTau.ts";
import { DeployError } from "./errors.ts";

/** Chains on which nothing of value can be: those of Hardhat, anvil and Geth's development mode. */
export const LOCAL_CHAIN_IDS: readonly number[] = [31337, 1337];

/**
 * True when the code contains the `[tau]_2` point of the development string. The bytes decide, not a label beside
 * them: a label can be wrong or left behind.
 */
export function isDevelopmentVerifier(bytecode: string): boolean {
  const code = bytecode.toLowerCase();
  const { x, y } = bn254.G2.Point.BASE.multiply(TAU).toAffine();
  return [x.c0, x.c1, y.c0, y.c1].some((coordinate) => code.includes(coordinate.toString(16)));
}

/** @throws DeployError DEVELOPMENT_VERIFIER unless the chain is local or the verifier is made on a public string */
export function refuseDevelopmentVerifier(parameters: {
  bytecode: string;
  chainId: number;
  name: string;
  size: SizeName;
}): void {
  const { bytecode, chainId, name, size } = parameters;
  if (LOCAL_CHAIN_IDS.includes(chainId) || !isDevelopmentVerifier(bytecode)) return;
  throw new DeployError(
    "DEVELOPMENT_VERIFIER",
    `${name} was made on the development reference string, so anyone can forge proofs for it, and chain ${chainId} is not a local chain`,
    `build it on the public string first: npm run circuits -- --size ${size} --srs ignition`,
  );
}

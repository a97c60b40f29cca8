import type { SizeName } from "../../protocol/sizes.ts";

/** Solidity contract of a size's verifier. */
export function verifierContract(size: SizeName): string {
  return `EpochVerifier${size[0]!.toUpperCase()}${size.slice(1)}`;
}

import type { Address } from "./address.ts";
import type { Field } from "./field.ts";
import { keccakText, truncatedSha256, truncatedToField, type TruncatedHash } from "./hash.ts";

/** What tells one rollup instance from every other. */
export interface Instance {
  readonly chainId: bigint;
  readonly rollup: Address;
  /** Version number that the registry gave the instance. */
  readonly version: bigint;
  /** Root of the account tree at genesis. */
  readonly genesisRoot: Field;
}

const GENESIS_TAG = keccakText("calpulli.genesis.v1");

/** Chain hash of block 0. It binds chain, rollup, version and genesis state, so every proof and signature does. */
export function genesisChainHash({ chainId, rollup, version, genesisRoot }: Instance): TruncatedHash {
  return truncatedSha256([GENESIS_TAG, chainId, rollup, version, genesisRoot]);
}

/** The genesis chain hash as a field element: the domain of transaction signatures. */
export function signingDomain(instance: Instance): Field {
  return truncatedToField(genesisChainHash(instance));
}

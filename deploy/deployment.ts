import type { SizeName } from "../protocol/sizes.ts";

/** The record of a deployment: what stands where, with which parameters. */
export interface Deployment {
  /** Name under which the record is kept. */
  network: string;
  preset: string;
  chainId: number;
  /** L1 block of the Rollup's creation: a sync begins there. */
  block: number;
  /** Size of the epoch circuit that the verifier belongs to. */
  circuit: SizeName;
  verificationKeyHash: string;
  genesisHash: string;
  genesisRoot: string;
  /** Start of slot 0, seconds since 1970. */
  genesisTime: number;
  version: number;
  slotSeconds: number;
  epochSlots: number;
  proofSubmissionEpochs: number;
  messageDeadlineSeconds: number;
  outboxDelaySeconds: number;
  /** Has the power over the validator set and the token. */
  owner: string;
  addresses: {
    token: string;
    asset: string;
    validatorSet: string;
    verifier: string;
    verifierPolicy: string;
    rollup: string;
    feePortal: string;
    assetPortal: string;
  };
  transactions: DeploymentTransaction[];
}

/** One creation. */
export interface DeploymentTransaction {
  contract: string;
  address: string;
  hash: string;
  gasUsed: number;
  constructorArguments: unknown[];
}

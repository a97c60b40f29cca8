/**
 * The one deployment path: tasks, the starter and tests call `deploySuite`. It plans, creates, checks the result
 * against the chain and returns the record. How a contract is created (at once, or with a journal and over
 * interruptions) and what was planned before can be handed in; what is created and in which order is `suite.ts`'s.
 */
import type { Provider, Signer } from "ethers";

import type { Artifact } from "./artifact.ts";
import { checkDeployment } from "./checkDeployment.ts";
import { type Deployment, recordOf } from "./deployment.ts";
import { type Create, type Created, directCreation } from "./directCreation.ts";
import { DeployError } from "./errors.ts";
import { planSuite } from "./plan.ts";
import type { Preset } from "./presets.ts";
import type { Creation, Suite, VerifierSource } from "./suite.ts";
import type { Member } from "./validatorSet.ts";

export type { VerifierSource } from "./suite.ts";

/** Told of every creation. */
export type CreationStep = Pick<Creation, "role" | "contract" | "address"> & Created;

export interface DeployParameters {
  preset: Preset;
  /** Name under which the record is kept. */
  network: string;
  /** Sends and pays; has no power afterwards unless it is the owner. */
  deployer: Signer;
  /** Gets the power over the validator set and the token, and the initial supplies. */
  owner: string;
  /** Of a permissioned set. */
  members?: readonly Member[];
  verifier: VerifierSource;
  readArtifact: (name: string) => Promise<Artifact>;
  /** Start of slot 0, seconds since 1970; default: the latest block's time, later by what the preset says. */
  genesisTime?: number;
  /** Nonce of the first creation; default: the account's next. */
  nonce?: number;
  onStep?: (step: CreationStep) => void;
}

/**
 * Deploys the suite and checks the result against the chain.
 * @throws DeployError CHAIN_NOT_IN_PRESET, DEVELOPMENT_VERIFIER, NO_FUNDS, OWNER_INVALID, ASSET_INVALID, MEMBERS_INVALID,
 * GENESIS_TOO_SOON before anything is sent; PLAN_BROKEN when the account sent something else meanwhile; ASSERTION_FAILED when the deployed state is not what the preset says
 */
export async function deploySuite(parameters: DeployParameters): Promise<Deployment> {
  const { deployer, members = [], readArtifact, onStep } = parameters;
  const provider = providerOf(deployer);
  const suite = await planSuite({
    ...parameters,
    members,
    provider,
    deployer: await deployer.getAddress(),
  });
  return createSuite({ suite, provider, readArtifact, onStep, create: directCreation(deployer) });
}

/** Parameters of {@link createSuite}. */
export interface CreateSuiteParameters {
  /** As planned. */
  suite: Suite;
  provider: Provider;
  readArtifact: (name: string) => Promise<Artifact>;
  create: Create;
  onStep?: ((step: CreationStep) => void) | undefined;
}

/**
 * Creates what was planned, checks it and returns the record.
 * @throws DeployError ASSERTION_FAILED, and what `create` throws
 */
export async function createSuite(parameters: CreateSuiteParameters): Promise<Deployment> {
  const { suite, provider, readArtifact, create, onStep } = parameters;
  const created = [];
  for (const creation of suite.creations) {
    const { role, contract, address } = creation;
    const step = { role, contract, address, ...(await create(creation)) };
    created.push(step);
    onStep?.(step);
  }
  const readings = await checkDeployment({ suite, provider, readArtifact });
  return recordOf(suite, created, readings);
}

function providerOf(signer: Signer): Provider {
  if (signer.provider) return signer.provider;
  throw new DeployError(
    "NO_SIGNER",
    "the deployer is not connected to a network",
    "pass a signer with a provider",
  );
}

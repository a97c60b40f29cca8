/** From a preset and a chain to a suite: what must hold before anything is sent, and the terms that the chain decides. */
import type { Provider } from "ethers";

import type { Artifact } from "./artifact.ts";
import { DeployError } from "./errors.ts";
import { shortestGenesisDelay } from "./presetFaults.ts";
import type { Preset } from "./presets.ts";
import { composeSuite, type Suite, type SuiteTerms } from "./suite.ts";
import { isContract } from "./validatorSet.ts";
import { refuseDevelopmentVerifier } from "./verifierGuard.ts";

/** Parameters of {@link planSuite}. */
export interface PlanParameters extends Pick<
  SuiteTerms,
  "preset" | "network" | "deployer" | "owner" | "members" | "verifier"
> {
  provider: Provider;
  readArtifact: (name: string) => Promise<Artifact>;
  /** Default: the latest block's time, later by what the preset says. */
  genesisTime?: number | undefined;
  /** Default: the account's next, with what waits in the pool. */
  nonce?: number | undefined;
}

/**
 * @throws DeployError CHAIN_NOT_IN_PRESET, DEVELOPMENT_VERIFIER, NO_FUNDS, OWNER_INVALID, MEMBERS_INVALID,
 * GENESIS_TOO_SOON
 */
export async function planSuite(parameters: PlanParameters): Promise<Suite> {
  const { preset, provider, deployer } = parameters;
  if ((await provider.getBalance(deployer)) === 0n) {
    throw new DeployError(
      "NO_FUNDS",
      `the deployer ${deployer} has no ETH`,
      "send it some, a deployment takes about 20M gas",
    );
  }
  const genesisTime = parameters.genesisTime ?? (await defaultGenesis(preset, provider));
  await refuseGenesis(preset, genesisTime, provider);
  return planAgain({
    ...parameters,
    genesisTime,
    nonce: parameters.nonce ?? (await provider.getTransactionCount(deployer, "pending")),
  });
}

/**
 * The suite of an earlier plan, at the nonce and for the genesis of that plan; some of it may exist already.
 * @throws DeployError as {@link planSuite}, without NO_FUNDS and GENESIS_TOO_SOON
 */
export async function planAgain(
  parameters: PlanParameters & { genesisTime: number; nonce: number },
): Promise<Suite> {
  const { provider, readArtifact, preset, verifier, owner, ...terms } = parameters;
  const chainId = Number((await provider.getNetwork()).chainId);
  refuseChain(preset, chainId);
  const { deployedBytecode } = await readArtifact(verifier.contract);
  refuseDevelopmentVerifier({
    bytecode: deployedBytecode,
    chainId,
    name: verifier.contract,
    size: preset.circuit,
  });
  await refuseOwner(preset, owner, provider);
  await refuseAsset(preset, provider);
  return composeSuite({ ...terms, preset, verifier, owner, chainId }, readArtifact);
}

/**
 * A staked set is frozen three epochs before genesis: by then its first validators must be able to be active.
 * @throws DeployError GENESIS_TOO_SOON
 */
export async function refuseGenesis(preset: Preset, genesisTime: number, provider: Provider): Promise<void> {
  const { validators, slotSeconds, epochSlots } = preset;
  if (validators.kind === "permissioned") return;
  const earliest = (await latestTime(provider)) + shortestGenesisDelay(validators, slotSeconds * epochSlots);
  if (genesisTime >= earliest) return;
  throw new DeployError(
    "GENESIS_TOO_SOON",
    `genesis at ${genesisTime} leaves no time to freeze a set three epochs before it`,
    `choose ${earliest} or later; a deployment that was interrupted needs a new plan: --restart`,
  );
}

async function defaultGenesis({ validators }: Preset, provider: Provider): Promise<number> {
  const now = await latestTime(provider);
  return validators.kind === "staked" ? now + validators.genesisDelaySeconds : now;
}

function refuseChain(preset: Preset, chainId: number): void {
  if (preset.chainIds.includes(chainId)) return;
  throw new DeployError(
    "CHAIN_NOT_IN_PRESET",
    `the preset "${preset.name}" is for chain ${preset.chainIds.join(", ")}, and this is chain ${chainId}`,
    "choose the preset of that network, or the network of that preset",
  );
}

/** The Rollup refuses an asset without code too, but after all that comes before it was paid for. */
async function refuseAsset({ name, asset }: Preset, provider: Provider): Promise<void> {
  if (!("address" in asset) || (await isContract(asset.address, provider))) return;
  throw new DeployError(
    "ASSET_INVALID",
    `the preset "${name}" names an asset at ${asset.address}, and there is no contract`,
    "name the ERC-20 of this chain in the preset",
  );
}

async function refuseOwner(preset: Preset, owner: string, provider: Provider): Promise<void> {
  if (!preset.ownerIsContract || (await isContract(owner, provider))) return;
  throw new DeployError(
    "OWNER_INVALID",
    `the preset "${preset.name}" wants a contract as owner, such as a multisig, and there is none at ${owner}`,
    "name one with --owner",
  );
}

async function latestTime(provider: Provider): Promise<number> {
  const block = await provider.getBlock("latest");
  if (!block) throw new Error("the chain has no latest block");
  return block.timestamp;
}

/**
 * The one deployment path: tasks, the starter and tests call `deploySuite`.
 *
 * Order follows need: tokens, validator set, verifier, policy, rewards, Rollup, market; the Rollup creates its portals. Who comes before
 * the Rollup and needs it gets the address that it will have, so nothing has to be wired afterwards, no contract is ever
 * half connected, and the deployer has no power at any time.
 */
import type { Provider, Signer } from "ethers";

import { AccountTree } from "../protocol/tree.ts";
import { toHex } from "../protocol/bytes.ts";
import type { Artifact } from "./artifact.ts";
import { checkDeployment } from "./checkDeployment.ts";
import type { Deployment } from "./deployment.ts";
import { Creator, type CreationStep } from "./creator.ts";
import { DeployError } from "./errors.ts";
import { marketArguments } from "./market.ts";
import { shortestGenesisDelay } from "./presetFaults.ts";
import type { Preset } from "./presets.ts";
import { distributorArguments, incentivesArguments, rewardsConfig } from "./rewards.ts";
import { rollupConfig } from "./rollupConfig.ts";
import {
  challengeConfig,
  challengeWindow,
  isContract,
  validatorSetCreation,
  type Member,
} from "./validatorSet.ts";
import { refuseDevelopmentVerifier } from "./verifierGuard.ts";

/** The verifier of a circuit size, as generated. */
export interface VerifierSource {
  /** Fully qualified name of the contract. */
  contract: string;
  verificationKeyHash: string;
}

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
  onStep?: (step: CreationStep) => void;
}

/**
 * Deploys the suite and checks the result against the chain.
 * @throws DeployError CHAIN_NOT_IN_PRESET, DEVELOPMENT_VERIFIER, NO_FUNDS, OWNER_INVALID, MEMBERS_INVALID,
 * GENESIS_TOO_SOON before anything is sent; PLAN_BROKEN when the account sent something else meanwhile; ASSERTION_FAILED when the deployed state is not what the preset says
 */
export async function deploySuite(parameters: DeployParameters): Promise<Deployment> {
  const { preset, deployer, owner, verifier, readArtifact } = parameters;
  const provider = providerOf(deployer);
  const chainId = Number((await provider.getNetwork()).chainId);
  refuseChain(preset, chainId);
  const verifierArtifact = await readArtifact(verifier.contract);
  refuseDevelopmentVerifier({
    bytecode: verifierArtifact.deployedBytecode,
    chainId,
    name: verifier.contract,
    size: preset.circuit,
  });
  await refuseEmptyAccount(deployer, provider);

  await refuseOwner(preset, owner, provider);
  const genesisTime = await genesisOf(parameters, provider);

  const createsAsset = !("address" in preset.asset);
  const creator = await Creator.plan({
    deployer,
    provider,
    names: [
      "token",
      ...(createsAsset ? (["asset"] as const) : []),
      "validatorSet",
      "verifier",
      "verifierPolicy",
      "aggregateChallenge",
      "rewardDistributor",
      "incentives",
      "rewards",
      "rollup",
      "market",
      "proofSubmitter",
    ],
    readArtifact,
    onStep: parameters.onStep,
  });
  const { at } = creator;
  const asset = "address" in preset.asset ? preset.asset.address : at.asset;
  const genesisRoot = toHex(AccountTree.empty().root());
  const surroundings = {
    genesisRoot,
    genesisTime,
    validatorSet: at.validatorSet,
    verifierPolicy: at.verifierPolicy,
    token: at.token,
    asset,
    rewards: at.rewards,
    aggregateChallenge: at.aggregateChallenge,
    attestationChallengeWindow: challengeWindow(preset),
    council: preset.council === "owner" ? owner : preset.council,
  };
  const members = parameters.members ?? [];
  const validatorSet = validatorSetCreation(preset, {
    ...surroundings,
    owner,
    rollup: at.rollup,
    members,
  });

  const rewardsSurroundings = {
    ...surroundings,
    owner,
    rollup: at.rollup,
    rewardDistributor: at.rewardDistributor,
    incentives: at.incentives,
    market: at.market,
  };
  const marketSurroundings = {
    ...rewardsSurroundings,
    proofSubmitter: at.proofSubmitter,
    verificationKeyHash: verifier.verificationKeyHash,
  };

  await creator.create("token", "NetworkToken", tokenArguments(preset.token, at.incentives, owner));
  if (!("address" in preset.asset))
    await creator.create("asset", "NetworkToken", tokenArguments(preset.asset, owner, owner));
  await creator.create("validatorSet", validatorSet.contract, validatorSet.constructorArguments);
  await creator.create("verifier", verifier.contract, []);
  await creator.create("verifierPolicy", "VerifierPolicy", [[at.verifier]]);
  await creator.create("aggregateChallenge", "AggregateChallenge", [
    challengeConfig(preset, { ...surroundings, rollup: at.rollup }),
  ]);
  await creator.create("rewardDistributor", "RewardDistributor", distributorArguments(rewardsSurroundings));
  await creator.create("incentives", "Incentives", incentivesArguments(preset, rewardsSurroundings));
  await creator.create("rewards", "Rewards", [rewardsConfig(preset, rewardsSurroundings)]);
  await creator.create("rollup", "Rollup", [rollupConfig(preset, surroundings)]);
  const block = creator.block;
  await creator.create("market", "ProofMarket", marketArguments(preset, marketSurroundings));
  await creator.create("proofSubmitter", "ProofSubmitter", [at.market]);

  const readings = await checkDeployment({
    preset,
    provider,
    readArtifact,
    owner,
    members,
    expected: { ...surroundings, ...marketSurroundings, verifier: at.verifier },
    verifierCode: verifierArtifact.deployedBytecode,
  });
  return {
    network: parameters.network,
    preset: preset.name,
    chainId,
    block,
    circuit: preset.circuit,
    verificationKeyHash: verifier.verificationKeyHash,
    genesisHash: readings.genesisHash,
    genesisRoot,
    genesisTime,
    version: preset.version,
    slotSeconds: preset.slotSeconds,
    epochSlots: preset.epochSlots,
    proofSubmissionEpochs: preset.proofSubmissionEpochs,
    messageDeadlineSeconds: preset.messageDeadlineSeconds,
    outboxDelaySeconds: preset.outboxDelaySeconds,
    pauseMaxSeconds: preset.pause.maxSeconds,
    pauseCooldownSeconds: preset.pause.cooldownSeconds,
    council: surroundings.council,
    owner,
    validators: recordOf(preset),
    addresses: {
      token: at.token,
      asset,
      validatorSet: at.validatorSet,
      verifier: at.verifier,
      verifierPolicy: at.verifierPolicy,
      aggregateChallenge: at.aggregateChallenge,
      rewardDistributor: at.rewardDistributor,
      incentives: at.incentives,
      rewards: at.rewards,
      rollup: at.rollup,
      market: at.market,
      proofSubmitter: at.proofSubmitter,
      feePortal: readings.feePortal,
      assetPortal: readings.assetPortal,
    },
    transactions: creator.transactions,
  };
}

/** What the record keeps of the preset's validators: amounts as text. */
function recordOf({ validators }: Preset): Deployment["validators"] {
  return validators.kind === "permissioned"
    ? validators
    : { ...validators, minimumStake: validators.minimumStake.toString() };
}

function tokenArguments(
  token: { name: string; symbol: string; initialSupply: bigint },
  minter: string,
  holder: string,
): unknown[] {
  return [token.name, token.symbol, minter, holder, token.initialSupply];
}

function refuseChain(preset: Preset, chainId: number): void {
  if (preset.chainIds.includes(chainId)) return;
  throw new DeployError(
    "CHAIN_NOT_IN_PRESET",
    `the preset "${preset.name}" is for chain ${preset.chainIds.join(", ")}, and this is chain ${chainId}`,
    "choose the preset of that network, or the network of that preset",
  );
}

async function refuseEmptyAccount(deployer: Signer, provider: Provider): Promise<void> {
  const address = await deployer.getAddress();
  if ((await provider.getBalance(address)) > 0n) return;
  throw new DeployError(
    "NO_FUNDS",
    `the deployer ${address} has no ETH`,
    "send it some, a deployment takes about 20M gas",
  );
}

function providerOf(signer: Signer): Provider {
  if (signer.provider) return signer.provider;
  throw new DeployError(
    "NO_SIGNER",
    "the deployer is not connected to a network",
    "pass a signer with a provider",
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

/** A staked set is frozen three epochs before genesis: by then its first validators must be able to be active. */
async function genesisOf({ preset, genesisTime }: DeployParameters, provider: Provider): Promise<number> {
  const now = await latestTime(provider);
  const { validators, slotSeconds, epochSlots } = preset;
  if (validators.kind === "permissioned") return genesisTime ?? now;

  const chosen = genesisTime ?? now + validators.genesisDelaySeconds;
  const earliest = now + shortestGenesisDelay(validators, slotSeconds * epochSlots);
  if (chosen >= earliest) return chosen;
  throw new DeployError(
    "GENESIS_TOO_SOON",
    `genesis at ${chosen} leaves no time to freeze a set three epochs before it`,
    `choose ${earliest} or later`,
  );
}

async function latestTime(provider: Provider): Promise<number> {
  const block = await provider.getBlock("latest");
  if (!block) throw new Error("the chain has no latest block");
  return block.timestamp;
}

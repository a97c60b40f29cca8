/**
 * The suite as a preset describes it: which contracts, in which order, where, with which constructor arguments. Follows
 * from its terms alone, without a look at the chain, so that a plan, a resumed deployment and a later check agree.
 *
 * Order follows need: tokens, validator set, verifier, policy, rewards, Rollup, market; the Rollup creates its portals.
 * The address of a creation follows from account and nonce, so who needs a contract that comes later gets the address
 * that it will have: nothing has to be wired afterwards, and no contract is ever half connected.
 */
import { getCreateAddress, Interface, concat } from "ethers";

import { toHex } from "../protocol/bytes.ts";
import { AccountTree } from "../protocol/tree.ts";
import type { Artifact } from "./artifact.ts";
import { marketArguments, type MarketSurroundings } from "./market.ts";
import type { Preset } from "./presets.ts";
import {
  distributorArguments,
  incentivesArguments,
  rewardsConfig,
  type RewardsSurroundings,
} from "./rewards.ts";
import { rollupConfig, type RollupSurroundings } from "./rollupConfig.ts";
import { challengeConfig, challengeWindow, validatorSetCreation, type Member } from "./validatorSet.ts";

/** The verifier of a circuit size, as generated. */
export interface VerifierSource {
  /** Fully qualified name of the contract. */
  contract: string;
  verificationKeyHash: string;
}

/** What decides every address, argument and byte of code. */
export interface SuiteTerms {
  preset: Preset;
  /** Name under which the record is kept. */
  network: string;
  chainId: number;
  /** Sends the creations; has no power afterwards unless it is the owner. */
  deployer: string;
  /** Of the first creation; the others follow one by one. */
  nonce: number;
  /** Gets the power over the validator set, rewards and market, and the initial supplies. */
  owner: string;
  /** Of a permissioned set. */
  members: readonly Member[];
  verifier: VerifierSource;
  /** Start of slot 0, seconds since 1970. */
  genesisTime: number;
}

/** What the deployer creates, in this order; `asset` only where the preset names no existing one. */
const ORDER = [
  "token",
  "asset",
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
] as const;

/** What a contract is in the suite. */
export type Role = (typeof ORDER)[number];

/** A contract to create. */
export interface Creation {
  role: Role;
  /** Name for `readArtifact`. */
  contract: string;
  nonce: number;
  /** Where it will stand, or stands already. */
  address: string;
  constructorArguments: unknown[];
  /** Init code with the encoded arguments. */
  data: string;
}

/** Everything that the contracts know of each other and of their surroundings. */
export type SuiteSurroundings = RollupSurroundings &
  RewardsSurroundings &
  MarketSurroundings & { verifier: string };

/** A suite before, while and after it is created. */
export interface Suite extends SuiteTerms {
  surroundings: SuiteSurroundings;
  creations: Creation[];
}

/** @throws DeployError MEMBERS_INVALID */
export async function composeSuite(
  terms: SuiteTerms,
  readArtifact: (name: string) => Promise<Artifact>,
): Promise<Suite> {
  const { preset, deployer, nonce, owner, verifier, genesisTime, members } = terms;
  const existing = "address" in preset.asset ? preset.asset.address : undefined;
  const roles = ORDER.filter((role) => role !== "asset" || existing === undefined);
  const at = Object.fromEntries(
    roles.map((role, i) => [role, getCreateAddress({ from: deployer, nonce: nonce + i })]),
  ) as Record<Role, string>;
  const surroundings: SuiteSurroundings = {
    ...at,
    asset: existing ?? at.asset,
    owner,
    council: preset.council === "owner" ? owner : preset.council,
    genesisRoot: toHex(AccountTree.empty().root()),
    genesisTime,
    attestationChallengeWindow: challengeWindow(preset),
    verificationKeyHash: verifier.verificationKeyHash,
  };

  const contracts = contractsOf(preset, surroundings, verifier, members);
  const creations = roles.map(async (role, i): Promise<Creation> => {
    const [contract, constructorArguments] = contracts[role]();
    const { abi, bytecode } = await readArtifact(contract);
    const data = concat([bytecode, new Interface(abi).encodeDeploy(constructorArguments)]);
    return { role, contract, nonce: nonce + i, address: at[role], constructorArguments, data };
  });
  return { ...terms, surroundings, creations: await Promise.all(creations) };
}

/** Name and constructor arguments of each contract. */
function contractsOf(
  preset: Preset,
  at: SuiteSurroundings,
  verifier: VerifierSource,
  members: readonly Member[],
): Record<Role, () => [contract: string, constructorArguments: unknown[]]> {
  return {
    token: () => ["NetworkToken", tokenArguments(preset.token, at.incentives, at.owner)],
    asset: () => {
      if ("address" in preset.asset) throw new TypeError("the asset exists already");
      return ["NetworkToken", tokenArguments(preset.asset, at.owner, at.owner)];
    },
    validatorSet: () => {
      const { contract, constructorArguments } = validatorSetCreation(preset, { ...at, members });
      return [contract, constructorArguments];
    },
    verifier: () => [verifier.contract, []],
    verifierPolicy: () => ["VerifierPolicy", [[at.verifier]]],
    aggregateChallenge: () => ["AggregateChallenge", [challengeConfig(preset, at)]],
    rewardDistributor: () => ["RewardDistributor", distributorArguments(at)],
    incentives: () => ["Incentives", incentivesArguments(preset, at)],
    rewards: () => ["Rewards", [rewardsConfig(preset, at)]],
    rollup: () => ["Rollup", [rollupConfig(preset, at)]],
    market: () => ["ProofMarket", marketArguments(preset, at)],
    proofSubmitter: () => ["ProofSubmitter", [at.market]],
  };
}

function tokenArguments(
  token: { name: string; symbol: string; initialSupply: bigint },
  minter: string,
  holder: string,
): unknown[] {
  return [token.name, token.symbol, minter, holder, token.initialSupply];
}

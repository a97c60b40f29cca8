/** Rewards of a deployment: distributor, incentives and the Rollup's rewards contract, as a preset has them. */
import { Contract, type Provider, ZeroAddress } from "ethers";

import { COMMITTEE_SIZE } from "../protocol/sizes.ts";
import type { Artifact } from "./artifact.ts";
import type { Preset } from "./presets.ts";

/** What a preset does not say. */
export interface RewardsSurroundings {
  owner: string;
  token: string;
  rollup: string;
  validatorSet: string;
  genesisTime: number;
  rewardDistributor: string;
  incentives: string;
  rewards: string;
  /** Spends the prover pots. */
  market: string;
}

/** Every field of the contract's `RewardsConfig`. */
export function rewardsConfig(preset: Preset, surroundings: RewardsSurroundings): Record<string, unknown> {
  const { validators, rewards } = preset;
  const staked = validators.kind === "staked";
  return {
    rollup: surroundings.rollup,
    distributor: surroundings.rewardDistributor,
    market: surroundings.market,
    registry: staked ? surroundings.validatorSet : ZeroAddress,
    genesisTime: surroundings.genesisTime,
    epochDuration: preset.slotSeconds * preset.epochSlots,
    slotsPerEpoch: preset.epochSlots,
    epochRing: preset.rings.epochs,
    claimDelay: preset.outboxDelaySeconds,
    claimWindow: rewards.claimWindowEpochs,
    committeeSize: staked ? validators.committeeSize : COMMITTEE_SIZE,
    blockReward: rewards.blockReward,
    attestationBonus: rewards.attestationBonus,
    attesterReward: rewards.attesterReward,
    proverReward: rewards.proverReward,
  };
}

/** Constructor arguments of the distributor: the rewards contract is its first canonical one. */
export function distributorArguments({ owner, token, rewards }: RewardsSurroundings): unknown[] {
  return [owner, token, rewards];
}

/** Constructor arguments of the incentives, the token's only minter. */
export function incentivesArguments(
  { rewards: { mint } }: Preset,
  { owner, token, rewardDistributor }: RewardsSurroundings,
): unknown[] {
  return [owner, token, rewardDistributor, mint.windowSeconds, mint.maxRate, mint.rate];
}

/** Parameters of {@link rewardsFaults}. */
export interface RewardsCheck {
  preset: Preset;
  surroundings: RewardsSurroundings;
  feePortal: string;
  provider: Provider;
  readArtifact: (name: string) => Promise<Artifact>;
}

/** Everything in which the rewards on the chain differ from the preset, one sentence each. */
export async function rewardsFaults(check: RewardsCheck): Promise<string[]> {
  const { preset, surroundings, feePortal, provider, readArtifact } = check;
  const { owner, token, rewardDistributor, incentives, rewards } = surroundings;
  const faults: string[] = [];
  const contract = async (name: string, address: string): Promise<Contract> =>
    new Contract(address, (await readArtifact(name)).abi, provider);
  const expectViews = async (
    name: string,
    address: string,
    wanted: Record<string, unknown>,
  ): Promise<void> => {
    const at = await contract(name, address);
    for (const [view, value] of Object.entries(wanted)) {
      same(`${name}.${view}`, await (at.getFunction(view)() as Promise<unknown>), value);
    }
  };
  const same = (what: string, actual: unknown, wanted: unknown): void => {
    if (String(actual).toLowerCase() !== String(wanted).toLowerCase())
      faults.push(`${what} is ${String(actual)}, not ${String(wanted)}`);
  };

  const config = (await (await contract("Rewards", rewards)).getFunction("config")()) as Record<
    string,
    unknown
  >;
  for (const [name, value] of Object.entries(rewardsConfig(preset, surroundings)))
    same(`Rewards.config.${name}`, config[name], value);
  await expectViews("RewardDistributor", rewardDistributor, {
    owner,
    token,
    canonicalRewards: rewards,
    totalEarmarked: 0,
  });
  await expectViews("Incentives", incentives, {
    owner,
    token,
    distributor: rewardDistributor,
    window: preset.rewards.mint.windowSeconds,
    maxRate: preset.rewards.mint.maxRate,
    rate: preset.rewards.mint.rate,
  });
  await expectViews("NetworkToken", token, { minter: incentives });
  await expectViews("FeePortal", feePortal, { rewards });
  return faults;
}

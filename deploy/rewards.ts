/** Rewards of a deployment: distributor, incentives and the Rollup's rewards contract, as a preset has them. */
import { ZeroAddress } from "ethers";

import { COMMITTEE_SIZE } from "../protocol/sizes.ts";
import type { Inspection } from "./inspection.ts";
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

/** Asserts that the rewards on the chain are as the preset says. */
export async function assertRewards(
  inspection: Inspection,
  preset: Preset,
  surroundings: RewardsSurroundings,
  feePortal: string,
): Promise<void> {
  const { token, rewardDistributor, incentives, rewards } = surroundings;
  const { windowSeconds, maxRate, rate } = preset.rewards.mint;

  const config = await inspection.readStruct("Rewards", rewards, "config");
  inspection.fields("Rewards.config", config, rewardsConfig(preset, surroundings));
  await inspection.views(
    "RewardDistributor",
    rewardDistributor,
    { token, canonicalRewards: rewards, totalEarmarked: 0 },
    ["canonicalRewards", "totalEarmarked"],
  );
  await inspection.views(
    "Incentives",
    incentives,
    { token, distributor: rewardDistributor, window: windowSeconds, maxRate, rate },
    ["rate"],
  );
  await inspection.views("NetworkToken", token, { minter: incentives });
  await inspection.views("FeePortal", feePortal, { rewards });
}

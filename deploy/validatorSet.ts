/** The validator set of a deployment: a permissioned list or the ValidatorRegistry, as the preset has it. */
import { type Provider, ZeroAddress } from "ethers";

import { DeployError } from "./errors.ts";
import type { Inspection } from "./inspection.ts";
import type { PermissionedValidators, Preset, StakedValidators } from "./presets.ts";

/** A member of a permissioned set. */
export interface Member {
  /** Address that sends its blocks. */
  proposer: string;
  /** Hash of its attester key: `keyHashHex`. */
  keyHash: string;
}

/** What a preset does not say about its validator set. */
export interface ValidatorSetSurroundings {
  owner: string;
  token: string;
  rollup: string;
  aggregateChallenge: string;
  genesisTime: number;
  /** Of a permissioned set, at its creation. */
  members: readonly Member[];
}

/** Contract and constructor arguments of the preset's validator set. @throws DeployError MEMBERS_INVALID */
export function validatorSetCreation(
  preset: Preset,
  surroundings: ValidatorSetSurroundings,
): { contract: string; constructorArguments: unknown[] } {
  const { validators } = preset;
  const { owner, members } = surroundings;
  if (validators.kind === "staked") {
    if (members.length > 0) {
      throw new DeployError(
        "MEMBERS_INVALID",
        `validators of the preset "${preset.name}" join by their stake, and members were named`,
        "name no members",
      );
    }
    return {
      contract: "ValidatorRegistry",
      constructorArguments: [registryConfig(validators, surroundings), firstInstance(preset, surroundings)],
    };
  }
  if (members.length === 0) {
    throw new DeployError(
      "MEMBERS_INVALID",
      `the preset "${preset.name}" has a permissioned set, and no members were named`,
      "add --members FILE",
    );
  }
  return {
    contract: "PermissionedValidatorSet",
    constructorArguments: [
      owner,
      validators.listDelaySeconds,
      members.map(({ proposer, keyHash }) => ({ proposer, keyHash })),
    ],
  };
}

/** The contract's `RegistryConfig`. */
export function registryConfig(
  { churn, ...validators }: StakedValidators,
  { owner, token }: { owner: string; token: string },
): Record<string, unknown> {
  return {
    owner,
    token,
    minimumStake: validators.minimumStake,
    exitDelay: validators.exitDelaySeconds,
    evidenceWindow: validators.evidenceWindowSeconds,
    committeeSize: validators.committeeSize,
    seedRing: validators.seedRing,
    churnWindow: churn.windowSeconds,
    bootstrapSize: churn.bootstrapSize,
    growthSize: churn.growthSize,
    growthRate: churn.growthRate,
    churnQuotient: churn.quotient,
    minChurn: churn.minRate,
    maxChurn: churn.maxRate,
  };
}

/** The contract's `ChallengeConfig`: with stake to take, or without. */
export function challengeConfig(
  { validators }: Preset,
  { rollup, validatorSet, token }: { rollup: string; validatorSet: string; token: string },
): Record<string, unknown> {
  if (validators.kind === "permissioned") {
    const none = { registry: ZeroAddress, token: ZeroAddress, slashAmount: 0n, reward: 0n, reserve: 0n };
    return { rollup, validatorSet, ...none };
  }
  const { slashBps, rewardBps, reserveRewards } = validators.challenge;
  const part = (basisPoints: number): bigint => (validators.minimumStake * BigInt(basisPoints)) / 10_000n;
  return {
    rollup,
    validatorSet,
    registry: validatorSet,
    token,
    slashAmount: part(slashBps),
    reward: part(rewardBps),
    reserve: part(rewardBps) * BigInt(reserveRewards),
  };
}

/** Seconds for which proofs show their last block's aggregate: none where members' keys are not on L1. */
export function challengeWindow({ validators }: Preset): bigint {
  return validators.kind === "staked" ? BigInt(validators.challenge.windowSeconds) : 0n;
}

/** The contract's `InstanceConfig` of the Rollup; the challenge of aggregates slashes for it. */
function firstInstance(
  preset: Preset,
  { rollup, genesisTime, aggregateChallenge }: ValidatorSetSurroundings,
): { instance: string; genesis: number; epochDuration: number; slasher: string } {
  return {
    instance: rollup,
    genesis: genesisTime,
    epochDuration: preset.slotSeconds * preset.epochSlots,
    slasher: aggregateChallenge,
  };
}

/** Asserts that the set on the chain is as the preset says. */
export async function assertValidatorSet(
  inspection: Inspection,
  preset: Preset,
  address: string,
  surroundings: ValidatorSetSurroundings,
): Promise<void> {
  const { rollup } = surroundings;
  const { validators } = preset;
  if (validators.kind === "permissioned") {
    await assertMembers(inspection, address, validators, surroundings);
    return;
  }

  const name = "ValidatorRegistry";
  const wanted = registryConfig(validators, surroundings);
  const fields = ["token", "minimumStake", "exitDelay", "evidenceWindow", "committeeSize", "seedRing"];
  await inspection.views(name, address, Object.fromEntries(fields.map((field) => [field, wanted[field]])));
  const rules = await inspection.read(name, address, "churnRules");
  const churn = Array.isArray(rules) ? (rules as unknown[]) : [];
  for (const [i, field] of [
    "churnWindow",
    "bootstrapSize",
    "growthSize",
    "growthRate",
    "churnQuotient",
    "minChurn",
    "maxChurn",
  ].entries())
    inspection.same(`${name}.${field}`, churn[i], wanted[field]);
  const canonical = await inspection.read(name, address, "canonicalInstance");
  inspection.same("canonical instance", canonical, rollup, { changeable: true });
  const atGenesis = await inspection.read(name, address, "canonicalAt", 0);
  inspection.same("canonical instance before genesis", atGenesis, rollup);
  const instance = await inspection.readStruct(name, address, "instanceOf", rollup);
  const wantedInstance = { ...firstInstance(preset, surroundings) };
  inspection.fields(`${name}.instanceOf`, instance, wantedInstance, ["slasher"]);
}

async function assertMembers(
  inspection: Inspection,
  address: string,
  { listDelaySeconds }: PermissionedValidators,
  { members }: ValidatorSetSurroundings,
): Promise<void> {
  const name = "PermissionedValidatorSet";
  inspection.same(
    "delay of the validator set",
    await inspection.read(name, address, "delay"),
    listDelaySeconds,
  );
  const listed = { changeable: true };
  const generations = await inspection.read(name, address, "generations");
  inspection.same("members of the validator set", generations, (BigInt(members.length) << 32n) | 1n, listed);
  for (const [position, member] of members.entries()) {
    const read = await inspection.read(name, address, "member", 1, position);
    const [proposer, keyHash] = Array.isArray(read) ? (read as unknown[]) : [read, read];
    inspection.same(`proposer of member ${position}`, proposer, member.proposer, listed);
    inspection.same(`key hash of member ${position}`, keyHash, member.keyHash, listed);
  }
}

/** Whether there is a contract at an address. */
export async function isContract(address: string, provider: Provider): Promise<boolean> {
  return (await provider.getCode(address)) !== "0x";
}

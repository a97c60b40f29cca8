/** The validator set of a deployment: a permissioned list or the ValidatorRegistry, as the preset has it. */
import { Contract, type Provider, ZeroAddress } from "ethers";

import type { Artifact } from "./artifact.ts";
import { DeployError } from "./errors.ts";
import type { Preset, StakedValidators } from "./presets.ts";

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

/** Parameters of {@link validatorSetFaults}. */
export interface ValidatorSetCheck {
  preset: Preset;
  address: string;
  surroundings: ValidatorSetSurroundings;
  provider: Provider;
  readArtifact: (name: string) => Promise<Artifact>;
}

/** Everything in which the set on the chain differs from the preset, one sentence each. */
export async function validatorSetFaults(check: ValidatorSetCheck): Promise<string[]> {
  const { preset, address, surroundings, provider, readArtifact } = check;
  const { owner, rollup, members } = surroundings;
  const { validators } = preset;
  const name = validators.kind === "staked" ? "ValidatorRegistry" : "PermissionedValidatorSet";
  const contract = new Contract(address, (await readArtifact(name)).abi, provider);
  const read = (method: string, ...values: unknown[]): Promise<unknown> =>
    contract.getFunction(method)(...values) as Promise<unknown>;
  const faults: string[] = [];
  const same = (what: string, actual: unknown, wanted: unknown): void => {
    if (String(actual).toLowerCase() !== String(wanted).toLowerCase())
      faults.push(`${what} is ${String(actual)}, not ${String(wanted)}`);
  };

  same("owner of the validator set", await read("owner"), owner);
  same("announced owner of the validator set", await read("pendingOwner"), ZeroAddress);
  if (validators.kind === "permissioned") {
    same("delay of the validator set", await read("delay"), validators.listDelaySeconds);
    same("members of the validator set", await read("generations"), (BigInt(members.length) << 32n) | 1n);
    for (const [position, member] of members.entries()) {
      const [proposer, keyHash] = (await read("member", 1, position)) as [string, string];
      same(`proposer of member ${position}`, proposer, member.proposer);
      same(`key hash of member ${position}`, keyHash, member.keyHash);
    }
    return faults;
  }

  const wanted = registryConfig(validators, surroundings);
  for (const field of [
    "token",
    "minimumStake",
    "exitDelay",
    "evidenceWindow",
    "committeeSize",
    "seedRing",
  ] as const)
    same(`ValidatorRegistry.${field}`, await read(field), wanted[field]);
  const churn = (await read("churnRules")) as unknown[];
  for (const [i, field] of [
    "churnWindow",
    "bootstrapSize",
    "growthSize",
    "growthRate",
    "churnQuotient",
    "minChurn",
    "maxChurn",
  ].entries())
    same(`ValidatorRegistry.${field}`, churn[i], wanted[field]);
  same("canonical instance", await read("canonicalInstance"), rollup);
  same("canonical instance before genesis", await read("canonicalAt", 0), rollup);
  const instance = (await read("instanceOf", rollup)) as Record<string, unknown>;
  for (const [field, value] of Object.entries(firstInstance(preset, surroundings)))
    same(`instance's ${field}`, instance[field], value);
  return faults;
}

/** Whether there is a contract at an address. */
export async function isContract(address: string, provider: Provider): Promise<boolean> {
  return (await provider.getCode(address)) !== "0x";
}

/**
 * Presets: the parameters of a network, in one JSON file each, validated before anything is sent.
 */
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { z } from "zod";

import { COMMITTEE_SIZE, SIZES, type SizeName } from "../protocol/sizes.ts";
import { DeployError } from "./errors.ts";
import { feesSchema, priceSchema } from "./feeParameters.ts";
import { marketSchema } from "./market.ts";
import { presetFaults } from "./presetFaults.ts";

const folder = fileURLToPath(new URL("./presets/", import.meta.url));

/** A decimal number as text, since JSON has no integers of this size. */
const amount = z
  .string()
  .regex(/^\d+$/, "a whole number as text, in the smallest unit")
  .transform((text) => BigInt(text));
const positive = z.number().int().positive();
/** A ring's size or seconds, as the Rollup takes them. */
const uint32 = z.number().int().nonnegative().max(0xffff_ffff);

const rewardAmount = amount.refine((value) => value < 1n << 96n, "at most 96 bits");
const bps = z.number().int().min(0).max(10_000);
const tokenSchema = z.strictObject({
  name: z.string().min(1),
  symbol: z.string().min(1),
  /** Given to the owner, in 10^-18 of a token. */
  initialSupply: amount,
});

export const permissionedSchema = z.strictObject({
  /** An owner lists the members. */
  kind: z.literal("permissioned"),
  /** Seconds between the announcement of a list of members and its effect; at least the longest life of an unproven block. */
  listDelaySeconds: positive,
});

export const stakedSchema = z.strictObject({
  /** Anyone joins who stakes. */
  kind: z.literal("staked"),
  /** From the deployment to genesis: the time in which the first validators deposit. */
  genesisDelaySeconds: positive,
  /** Least stake of an active validator, in 10^-18 TST; whole Gwei. */
  minimumStake: amount,
  /** From leaving the set to payment. */
  exitDelaySeconds: positive,
  /** How long after its epoch an offence can be slashed. */
  evidenceWindowSeconds: positive,
  /** Most members of a committee. */
  committeeSize: positive.max(COMMITTEE_SIZE),
  /** Epochs whose seeds are kept. */
  seedRing: positive,
  /** What a published aggregate that is wrong costs its proposer and brings its challenger, by `minimumStake`. */
  challenge: z.strictObject({
    /** Taken from the proposer, in basis points of `minimumStake`. */
    slashBps: bps.min(1),
    /** Paid to the challenger, likewise; at most half of what is taken. */
    rewardBps: bps,
    /** Rewards kept back for when a stake is gone. */
    reserveRewards: z.number().int().nonnegative(),
    /** While an epoch's last block is younger, its proof must show that block's aggregate; 0: never. */
    windowSeconds: z.number().int().nonnegative(),
  }),
  /** How fast the set changes. Rates are validators a window. */
  churn: z.strictObject({
    /** Windows are counted from 1970. */
    windowSeconds: positive.max(30 * 86_400),
    /** Validators that complete the bootstrap set, which is active as a whole. */
    bootstrapSize: positive.max(2 ** 20 - 1),
    /** Below this size `growthRate` join a window. */
    growthSize: z.number().int().nonnegative(),
    growthRate: positive,
    /** From there on size / `quotient` do, within the bounds. The same, at every size, may leave. */
    quotient: positive,
    minRate: positive,
    maxRate: positive.max(0xffff),
  }),
});

const fieldsSchema = z.strictObject({
  name: z.string(),
  description: z.string(),
  /** Chains that the preset may be deployed to. */
  chainIds: z.array(positive).nonempty(),
  /** Size of the epoch circuit: a key of `SIZES`. */
  circuit: z.enum(Object.keys(SIZES) as [SizeName, ...SizeName[]]),
  /** Number of the instance; part of the genesis chain hash and of the EIP-712 domain. */
  version: z.number().int().min(1).max(0xffff_ffff),
  /** Seconds a slot. On a public L1 a multiple of 12. */
  slotSeconds: positive,
  /** Slots an epoch; at most the block slots of the circuit. */
  epochSlots: positive,
  /** Epochs after its own within which an epoch must be proven, or everything unproven is pruned. */
  proofSubmissionEpochs: positive.max(0xffff),
  /** Words of each ring: blocks, epochs, and messages that may wait at once, counted at the proven tip. */
  rings: z.strictObject({ records: uint32.min(1), epochs: uint32.min(1), inbox: uint32.min(1) }),
  /** Seconds after which a block must consume a message. */
  messageDeadlineSeconds: uint32.min(1),
  /** Seconds between the proof of an epoch and the first payment of its withdrawals. */
  outboxDelaySeconds: uint32,
  /** May pause the acceptance of proofs, and end a pause: a key, a multisig or a contract; or `owner`. */
  council: z.union([z.string().regex(/^0x[0-9a-fA-F]{40}$/), z.literal("owner")]),
  /** Whether the owner must be a contract, such as a multisig. */
  ownerIsContract: z.boolean(),
  pause: z.strictObject({
    /** Longest pause; 0 for none ever. */
    maxSeconds: uint32,
    /** From the start of a pause to the earliest start of the next. */
    cooldownSeconds: positive,
  }),
  fees: feesSchema,
  price: priceSchema,
  /** What proven blocks earn on top of their fees, in 10^-18 TST, and what is minted for it. */
  rewards: z.strictObject({
    /** Epoch e can be claimed until the end of epoch e + claimWindowEpochs. */
    claimWindowEpochs: positive,
    /** To the coinbase of a committee block; and for every attestation its bitmap carries. */
    blockReward: rewardAmount,
    attestationBonus: rewardAmount,
    /** To an attester for every block it attested; 0 for a permissioned set. */
    attesterReward: rewardAmount,
    /** Into the prover pot, for every committee block. */
    proverReward: rewardAmount,
    /** Once a window of time, counted from 1970, a share of the supply is minted into the distributor. */
    mint: z.strictObject({
      windowSeconds: z.number().int().min(3_600).max(31_536_000),
      /** Millionths of the supply: most that the owner can set, and what is set at first. */
      maxRate: z.number().int().min(0).max(1_000_000),
      rate: z.number().int().min(0).max(1_000_000),
    }),
  }),
  /** Who is paid for proofs, and at what price. */
  market: marketSchema,
  /** Least first deposit of an account, in base units of the fee token or of the asset. */
  minimumRegistration: z.strictObject({ fee: amount, asset: amount }),
  validators: z.discriminatedUnion("kind", [permissionedSchema, stakedSchema]),
  token: tokenSchema,
  /** The ERC-20 that the ledger transfers: deployed anew (local networks) or an existing one. */
  asset: z.union([tokenSchema, z.strictObject({ address: z.string().regex(/^0x[0-9a-fA-F]{40}$/) })]),
});

/** Parameters of a network, each for itself valid. */
export type PresetFields = z.infer<typeof fieldsSchema>;

const presetSchema = fieldsSchema.superRefine((preset, context) => {
  for (const { path, message } of presetFaults(preset)) {
    context.addIssue({ code: "custom", path: [path], message });
  }
});

/** Parameters of a network, validated. */
export type Preset = PresetFields;

/** Parameters of a validator set that its owner lists. */
export type PermissionedValidators = z.infer<typeof permissionedSchema>;

/** Those of a validator set that anyone joins by staking. */
export type StakedValidators = z.infer<typeof stakedSchema>;

/** Names of the presets that exist. */
export function presetNames(): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -5))
    .sort();
}

/**
 * Reads and validates a preset.
 * @throws DeployError PRESET_UNKNOWN, PRESET_INVALID with every fault on a line
 */
export function loadPreset(name: string): Preset {
  const names = presetNames();
  if (!names.includes(name)) {
    throw new DeployError(
      "PRESET_UNKNOWN",
      `there is no preset "${name}"`,
      `use one of: ${names.join(", ")}`,
    );
  }
  return parsePreset(JSON.parse(readFileSync(`${folder}${name}.json`, "utf8")), name);
}

/** Validates a preset that was read already. @throws DeployError PRESET_INVALID */
export function parsePreset(value: unknown, name: string): Preset {
  const result = presetSchema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new DeployError(
    "PRESET_INVALID",
    `the preset "${name}" is not valid:\n${faults.join("\n")}`,
    `mend deploy/presets/${name}.json`,
  );
}

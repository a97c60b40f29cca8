/**
 * The record of a deployment: what stands where, with which parameters. One folder a network: `deployment.json` for
 * programs, `report.md` for people.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { InterfaceAbi } from "ethers";
import { z } from "zod";

import { SIZES, type SizeName } from "../protocol/sizes.ts";
import type { Artifact } from "./artifact.ts";
import type { Readings } from "./checkDeployment.ts";
import type { Created } from "./directCreation.ts";
import { DeployError } from "./errors.ts";
import { plain } from "./plain.ts";
import { parsePreset, permissionedSchema, stakedSchema } from "./presets.ts";
import { describeDeployment } from "./report.ts";
import { composeSuite, type Creation, type Suite } from "./suite.ts";

const defaultFolder = fileURLToPath(new URL("../deployments/", import.meta.url));

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const word = z.string().regex(/^0x[0-9a-fA-F]{64}$/);
const whole = z.number().int().nonnegative();

const deploymentSchema = z.object({
  /** Name under which the record is kept. */
  network: z.string(),
  preset: z.string(),
  chainId: whole,
  /** Sent the creations, the first with `nonce`. */
  deployer: address,
  nonce: whole,
  /** L1 block of the Rollup's creation: a sync begins there. */
  block: whole,
  /** Size of the epoch circuit that the verifier belongs to. */
  circuit: z.enum(Object.keys(SIZES) as [SizeName, ...SizeName[]]),
  /** Fully qualified name of the verifier's contract. */
  verifier: z.string(),
  verificationKeyHash: z.string(),
  genesisHash: word,
  genesisRoot: word,
  /** Start of slot 0, seconds since 1970. */
  genesisTime: whole,
  version: whole,
  slotSeconds: whole,
  epochSlots: whole,
  proofSubmissionEpochs: whole,
  messageDeadlineSeconds: whole,
  outboxDelaySeconds: whole,
  pauseMaxSeconds: whole,
  pauseCooldownSeconds: whole,
  /** May pause the acceptance of proofs. */
  council: address,
  /** Has the power over the validator set and the token. */
  owner: address,
  /** Who may be a validator, and for a staked set its parameters; amounts as text. */
  validators: z.union([permissionedSchema, stakedSchema.extend({ minimumStake: z.string().regex(/^\d+$/) })]),
  /** Of a permissioned set, as created. */
  members: z.array(z.object({ proposer: address, keyHash: word })),
  /** The whole preset, in the form of its file: see deploy/presets.ts for the units. */
  parameters: z.record(z.string(), z.unknown()),
  addresses: z.object({
    token: address,
    asset: address,
    validatorSet: address,
    verifier: address,
    verifierPolicy: address,
    aggregateChallenge: address,
    rewardDistributor: address,
    incentives: address,
    rewards: address,
    rollup: address,
    market: address,
    proofSubmitter: address,
    feePortal: address,
    assetPortal: address,
  }),
  /** Creations, in order. */
  transactions: z.array(
    z.object({
      /** What it is in the suite: a name in `addresses`. */
      role: z.string(),
      contract: z.string(),
      address,
      hash: word,
      block: whole,
      gasUsed: whole,
      constructorArguments: z.array(z.unknown()),
    }),
  ),
});

export type Deployment = z.infer<typeof deploymentSchema>;

/** Path of a network's record. */
export function deploymentFile(network: string, folder: string = defaultFolder): string {
  return join(folder, network, "deployment.json");
}

/**
 * Writes record and report, each as a whole or not at all; returns the record's path.
 * @param abis by contract: with them the report names every constructor argument
 */
export function writeDeployment(
  deployment: Deployment,
  folder: string = defaultFolder,
  abis: Readonly<Record<string, InterfaceAbi>> = {},
): string {
  const file = deploymentFile(deployment.network, folder);
  mkdirSync(dirname(file), { recursive: true });
  replaceFile(file, JSON.stringify(deployment, null, 2) + "\n");
  replaceFile(join(dirname(file), "report.md"), describeDeployment(deployment, abis) + "\n");
  return file;
}

/**
 * Reads a network's record.
 * @throws DeployError RECORD_MISSING, RECORD_INVALID
 */
export function readDeployment(network: string, folder: string = defaultFolder): Deployment {
  const file = deploymentFile(network, folder);
  if (!existsSync(file)) {
    throw new DeployError(
      "RECORD_MISSING",
      `there is no record of a deployment to "${network}"`,
      `deploy first: npx hardhat deploy --network ${network} --preset PRESET`,
    );
  }
  try {
    return deploymentSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    const cause = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new DeployError(
      "RECORD_INVALID",
      `${file} is not a valid record: ${cause}`,
      "restore it or deploy again",
    );
  }
}

function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/** What the record keeps of a suite, before anything is created. */
export function recordedTerms(
  suite: Suite,
): Omit<Deployment, "block" | "genesisHash" | "transactions" | "addresses"> {
  const { preset, surroundings, verifier } = suite;
  return {
    network: suite.network,
    preset: preset.name,
    chainId: suite.chainId,
    deployer: suite.deployer,
    nonce: suite.nonce,
    circuit: preset.circuit,
    verifier: verifier.contract,
    verificationKeyHash: verifier.verificationKeyHash,
    genesisRoot: surroundings.genesisRoot,
    genesisTime: suite.genesisTime,
    version: preset.version,
    slotSeconds: preset.slotSeconds,
    epochSlots: preset.epochSlots,
    proofSubmissionEpochs: preset.proofSubmissionEpochs,
    messageDeadlineSeconds: preset.messageDeadlineSeconds,
    outboxDelaySeconds: preset.outboxDelaySeconds,
    pauseMaxSeconds: preset.pause.maxSeconds,
    pauseCooldownSeconds: preset.pause.cooldownSeconds,
    council: surroundings.council,
    owner: suite.owner,
    validators: plain(preset.validators) as Deployment["validators"],
    members: [...suite.members],
    parameters: plain(preset) as Deployment["parameters"],
  };
}

/** The record of a suite that exists. */
export function recordOf(
  suite: Suite,
  created: readonly (Created & Pick<Creation, "role">)[],
  { genesisHash, feePortal, assetPortal }: Readings,
): Deployment {
  const { surroundings: at } = suite;
  const transactions = suite.creations.map(({ role, contract, address, constructorArguments }, i) => {
    const { hash, block, gasUsed } = created[i]!;
    const args = plain(constructorArguments) as unknown[];
    return { role, contract, address, hash, block, gasUsed, constructorArguments: args };
  });
  return {
    ...recordedTerms(suite),
    block: transactions.find(({ role }) => role === "rollup")!.block,
    genesisHash,
    addresses: {
      token: at.token,
      asset: at.asset,
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
      feePortal,
      assetPortal,
    },
    transactions,
  };
}

/**
 * The suite that a record describes, composed anew: the record's own words for what it holds are not believed.
 * @throws DeployError PRESET_INVALID when its parameters are not those of a preset any more
 */
export async function suiteOf(
  deployment: Deployment,
  readArtifact: (name: string) => Promise<Artifact>,
): Promise<Suite> {
  const { network, chainId, deployer, nonce, owner, members, genesisTime, verifier } = deployment;
  const { verificationKeyHash } = deployment;
  return composeSuite(
    {
      preset: parsePreset(deployment.parameters, deployment.preset),
      network,
      chainId,
      deployer,
      nonce,
      owner,
      members,
      genesisTime,
      verifier: { contract: verifier, verificationKeyHash },
    },
    readArtifact,
  );
}

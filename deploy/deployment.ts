/**
 * The record of a deployment: what stands where, with which parameters. One folder a network: `deployment.json` for
 * programs, `report.md` for people.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatEther } from "ethers";
import { z } from "zod";

import { SIZES, type SizeName } from "../protocol/sizes.ts";
import { DeployError } from "./errors.ts";
import { permissionedSchema, stakedSchema } from "./presets.ts";

const defaultFolder = fileURLToPath(new URL("../deployments/", import.meta.url));

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/);
const word = z.string().regex(/^0x[0-9a-fA-F]{64}$/);
const whole = z.number().int().nonnegative();

const deploymentSchema = z.object({
  /** Name under which the record is kept. */
  network: z.string(),
  preset: z.string(),
  chainId: whole,
  /** L1 block of the Rollup's creation: a sync begins there. */
  block: whole,
  /** Size of the epoch circuit that the verifier belongs to. */
  circuit: z.enum(Object.keys(SIZES) as [SizeName, ...SizeName[]]),
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
      contract: z.string(),
      address,
      hash: word,
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

/** Writes record and report, each as a whole or not at all; returns the record's path. */
export function writeDeployment(deployment: Deployment, folder: string = defaultFolder): string {
  const file = deploymentFile(deployment.network, folder);
  mkdirSync(dirname(file), { recursive: true });
  replaceFile(file, JSON.stringify(deployment, null, 2) + "\n");
  replaceFile(join(dirname(file), "report.md"), describeDeployment(deployment) + "\n");
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

/** The record as Markdown. */
export function describeDeployment(deployment: Deployment): string {
  const { addresses, transactions } = deployment;
  const gas = transactions.reduce((sum, { gasUsed }) => sum + gasUsed, 0);
  return [
    `# ${deployment.network}: preset ${deployment.preset}, chain ${deployment.chainId}`,
    "",
    "| contract | address |",
    "|---|---|",
    ...Object.entries(addresses).map(([name, at]) => `| ${name} | \`${at}\` |`),
    "",
    "| parameter | value |",
    "|---|---|",
    `| L1 block of the Rollup | ${deployment.block} |`,
    `| genesis | ${new Date(deployment.genesisTime * 1000).toISOString()} |`,
    `| slot | ${deployment.slotSeconds} s |`,
    `| epoch | ${deployment.epochSlots} slots |`,
    `| time to prove an epoch | ${deployment.proofSubmissionEpochs} epochs |`,
    `| message deadline | ${deployment.messageDeadlineSeconds} s |`,
    `| withdrawal delay | ${deployment.outboxDelaySeconds} s |`,
    `| longest pause | ${deployment.pauseMaxSeconds} s, every ${deployment.pauseCooldownSeconds} s at most |`,
    `| circuit, key | ${deployment.circuit}, \`${deployment.verificationKeyHash}\` |`,
    `| genesis hash | \`${deployment.genesisHash}\` |`,
    ...validatorLines(deployment),
    `| council | \`${deployment.council}\` |`,
    `| owner | \`${deployment.owner}\` |`,
    `| gas of the deployment | ${gas.toLocaleString("en")} |`,
  ].join("\n");
}

function validatorLines({ validators }: Deployment): string[] {
  if (validators.kind === "permissioned")
    return [`| validators | a list by the owner, ${validators.listDelaySeconds} s ahead |`];
  const { minimumStake, committeeSize, exitDelaySeconds, evidenceWindowSeconds } = validators;
  return [
    `| validators | staked, at least ${formatEther(minimumStake)} TST each, ${committeeSize} in a committee |`,
    `| exit delay, evidence window | ${exitDelaySeconds} s, ${evidenceWindowSeconds} s |`,
  ];
}

/** What `npx hardhat deploy` does: reads options, calls `deploySuite`, shows and keeps the result. */
import { existsSync, readFileSync } from "node:fs";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import { z } from "zod";

import { deploySuite } from "./deploySuite.ts";
import { deploymentFile, describeDeployment, writeDeployment, type Deployment } from "./deployment.ts";
import { DeployError } from "./errors.ts";
import { localMembers } from "./localAccounts.ts";
import { loadPreset, presetNames, type Preset } from "./presets.ts";
import type { Member } from "./validatorSet.ts";
import { LOCAL_CHAIN_IDS } from "./verifierGuard.ts";
import { verifierOf } from "./verifiers.ts";

export interface DeployOptions {
  preset: string | undefined;
  members: string | undefined;
  owner: string | undefined;
  json: boolean;
  force: boolean;
}

/** @throws DeployError; see its codes */
export async function deployCommand(
  options: DeployOptions,
  hre: HardhatRuntimeEnvironment,
): Promise<Deployment> {
  if (options.preset === undefined) {
    throw new DeployError(
      "PRESET_UNKNOWN",
      "no preset was named",
      `add --preset, one of: ${presetNames().join(", ")}`,
    );
  }
  const preset = loadPreset(options.preset);
  const verifier = verifierOf(preset.circuit);
  const say = options.json ? () => {} : (line: string) => console.log(line);

  await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
  const { ethers, networkName } = await hre.network.create();
  const inProcess = hre.config.networks[networkName]?.type === "edr-simulated";
  if (!inProcess && existsSync(deploymentFile(networkName)) && !options.force) {
    throw new DeployError(
      "ALREADY_DEPLOYED",
      `deployments/${networkName} has a record already`,
      "read it, or replace it with --force",
    );
  }
  const [deployer] = await ethers.getSigners();
  if (!deployer) {
    throw new DeployError(
      "NO_SIGNER",
      `the network "${networkName}" has no account`,
      "add one in hardhat.config.ts",
    );
  }
  const { chainId } = await ethers.provider.getNetwork();
  const owner = options.owner ?? deployer.address;

  say(`Deploying preset "${preset.name}" to "${networkName}" (chain ${chainId}) from ${deployer.address} …`);
  const deployment = await deploySuite({
    preset,
    network: networkName,
    deployer,
    owner,
    members: readMembers(options.members, preset, Number(chainId)),
    verifier,
    readArtifact: (name) => hre.artifacts.readArtifact(name),
    onStep: ({ contract, address, gasUsed }) =>
      say(
        `  ${contract.split(":").at(-1)!.padEnd(24)} ${address}  ${gasUsed.toLocaleString("en").padStart(10)} gas`,
      ),
  });
  // An in-process chain ends with this command: a record of it would point nowhere.
  if (!inProcess) say(`Record: ${writeDeployment(deployment)}`);
  if (options.json) console.log(JSON.stringify(deployment, null, 2));
  else say(`\n${describeDeployment(deployment)}`);
  return deployment;
}

const membersSchema = z
  .array(
    z.strictObject({
      proposer: z.string().regex(/^0x[0-9a-fA-F]{40}$/),
      keyHash: z.string().regex(/^0x[0-9a-fA-F]{64}$/),
    }),
  )
  .nonempty();

function readMembers(file: string | undefined, { validators }: Preset, chainId: number): Member[] {
  if (file === undefined) {
    if (validators.kind === "staked") return [];
    if (LOCAL_CHAIN_IDS.includes(chainId)) return localMembers();
    throw new DeployError(
      "MEMBERS_INVALID",
      "no members of the validator set were named",
      "add --members FILE",
    );
  }
  try {
    return membersSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    const cause = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new DeployError(
      "MEMBERS_INVALID",
      `${file} is no list of members: ${cause}`,
      "see docs/deploy.md for the form",
    );
  }
}

/**
 * What `npx hardhat deploy` does: plan, confirm, execute, assert, record. Interrupted at any point, the same command
 * goes on where the journal ends.
 */
import { existsSync } from "node:fs";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { abisOf, type Command, newPlan, outlookOf, sameAgain, showPlan, termsOf } from "./commandPlan.ts";
import { confirm } from "./confirmation.ts";
import { createSuite, deploySuite, type CreationStep } from "./deploySuite.ts";
import { deploymentFile, writeDeployment, type Deployment } from "./deployment.ts";
import { DeployJournal } from "./deployJournal.ts";
import { costLines, describePlan } from "./describePlan.ts";
import { DeployError } from "./errors.ts";
import { refusePoverty, type Outlook } from "./outlook.ts";
import { planSuite, refuseGenesis } from "./plan.ts";
import { loadPreset, presetNames } from "./presets.ts";
import { gasByRole } from "./rehearsal.ts";
import { describeDeployment } from "./report.ts";
import { patienceOn, resumableCreation, type Patience } from "./resumableCreation.ts";
import type { VerifierSource } from "./suite.ts";
import { deployerOf, isInProcess, networkNameOf, openTarget, type Target, withoutAnswer } from "./target.ts";
import { verifierOf } from "./verifiers.ts";

export interface DeployOptions {
  preset: string | undefined;
  members: string | undefined;
  owner: string | undefined;
  /** Folder of the records. */
  record?: string | undefined;
  json: boolean;
  /** Replace the record of a finished deployment. */
  force: boolean;
  /** Make a new plan although one is unfinished. */
  restart: boolean;
  dryRun: boolean;
  /** Ask nothing. */
  yes: boolean;
}

/** What tests replace. */
export interface DeploySurroundings {
  /** Default: the one of the preset's circuit. */
  verifier?: VerifierSource;
  /** Default: the chosen network. */
  openTarget?: (hre: HardhatRuntimeEnvironment) => Promise<Target>;
  /** Default: the terminal, where there is one. */
  ask?: (question: string) => Promise<string>;
  say?: (line: string) => void;
  /** Whether the contracts are compiled; default: they are compiled first. */
  isBuilt?: boolean;
  patience?: Patience;
}

/** @throws DeployError; see its codes. ActorError JOURNAL_LOCKED, JOURNAL_CORRUPT */
export async function deployCommand(
  options: DeployOptions,
  hre: HardhatRuntimeEnvironment,
  surroundings: DeploySurroundings = {},
): Promise<Deployment> {
  if (options.preset === undefined) {
    throw new DeployError(
      "PRESET_UNKNOWN",
      "no preset was named",
      `add --preset, one of: ${presetNames().join(", ")}`,
    );
  }
  const preset = loadPreset(options.preset);
  const verifier = surroundings.verifier ?? verifierOf(preset.circuit);
  if (!surroundings.isBuilt) await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
  const say = surroundings.say ?? (options.json ? () => {} : (line: string) => console.log(line));
  const command = { options, hre, surroundings, preset, verifier, say };
  const deployment = isInProcess(hre) ? await deployInProcess(command) : await deployToTarget(command);
  if (options.json) console.log(JSON.stringify(deployment, null, 2));
  return deployment;
}

/** The chain ends with this command: nothing is kept, and a dry run is the same. */
async function deployInProcess(command: Command): Promise<Deployment> {
  const { options, hre, preset, say } = command;
  const { ethers } = await hre.network.create();
  const [deployer] = await ethers.getSigners();
  if (!deployer) {
    throw new DeployError(
      "NO_SIGNER",
      `the network "${networkNameOf(hre)}" has no account`,
      "add one in hardhat.config.ts",
    );
  }
  const { chainId } = await ethers.provider.getNetwork();
  const terms = termsOf(command, deployer.address, ethers.provider, Number(chainId));
  const suite = await planSuite(terms);
  const abis = await abisOf(suite, hre);
  const outlook = await outlookOf(command, suite, { gas: undefined, provider: ethers.provider });
  say(describePlan(suite, outlook, abis));
  const deployment = await deploySuite({
    ...terms,
    ...suite,
    deployer,
    onStep: (step) => say(stepLine(step)),
  });
  if (options.dryRun) sayGas(say, { ...outlook, gas: gasByRole(deployment) });
  else say(`\n${describeDeployment(deployment)}`);
  say(`\nThe preset "${preset.name}" works. This chain ends with the command: nothing is kept.`);
  return deployment;
}

async function deployToTarget(command: Command): Promise<Deployment> {
  const { options, hre, surroundings } = command;
  const target = await (surroundings.openTarget ?? openTarget)(hre);
  try {
    return await (options.dryRun ? rehearseOnly(command, target) : deployWithJournal(command, target));
  } catch (error) {
    throw withoutAnswer(target.network, error);
  } finally {
    target.provider.destroy();
  }
}

async function rehearseOnly(command: Command, target: Target): Promise<Deployment> {
  const { say, hre } = command;
  const { address } = await deployerOf(hre, target);
  const planned = await newPlan(command, target, address);
  const outlook = await showPlan(command, target, planned);
  sayGas(say, outlook);
  say(`\nDry run on a fork of "${target.network}": every assertion holds. Nothing was sent or written.`);
  return planned.rehearsed;
}

async function deployWithJournal(command: Command, target: Target): Promise<Deployment> {
  const journal = DeployJournal.open(target.network, command.options.record);
  try {
    return await planAndDeploy(command, target, journal);
  } finally {
    journal.close();
  }
}

async function planAndDeploy(command: Command, target: Target, journal: DeployJournal): Promise<Deployment> {
  const { options, hre, surroundings, say } = command;
  const { network, chainId, provider } = target;
  const earlier = options.restart ? undefined : journal.plan;
  if (!earlier) refuseRecord(network, options);

  const signer = await deployerOf(hre, target);
  const planned = earlier
    ? await sameAgain(command, target, signer.address, journal, earlier)
    : await newPlan(command, target, signer.address, journal);
  const { suite, plan } = planned;
  const outlook = await showPlan(command, target, planned);
  if (outlook.done.length < suite.creations.length) {
    refusePoverty(suite, outlook);
    const ask = options.json ? undefined : (surroundings.ask ?? terminalOf(hre));
    await confirm({ network, chainId, yes: options.yes, ask });
    // Hours may have passed: since an earlier run, or over the question.
    await refuseGenesis(suite.preset, suite.genesisTime, provider);
  }
  if (!earlier) journal.start(plan);
  const { patience = patienceOn(chainId) } = surroundings;
  const deployment = await createSuite({
    suite,
    provider,
    readArtifact: (name) => hre.artifacts.readArtifact(name),
    create: resumableCreation({ provider, signer, chainId, journal, patience }),
    onStep: (step) => say(stepLine(step)),
  });
  const file = writeDeployment(deployment, options.record, await abisOf(suite, hre));
  journal.finish();
  say(`\nEvery assertion holds. Record: ${file}`);
  say(`\n${describeDeployment(deployment)}`);
  return deployment;
}

/** @throws DeployError ALREADY_DEPLOYED */
function refuseRecord(network: string, { force, restart, record }: DeployOptions): void {
  if (force || restart || !existsSync(deploymentFile(network, record))) return;
  throw new DeployError(
    "ALREADY_DEPLOYED",
    `deployments/${network} has a record already`,
    "read it, or replace it with --force",
  );
}

function stepLine({ role, address, gasUsed }: CreationStep): string {
  return `  ${role.padEnd(20)} ${address}  ${gasUsed.toLocaleString("en").padStart(10)} gas`;
}

function sayGas(say: (line: string) => void, outlook: Outlook): void {
  for (const [name, value] of costLines(outlook)) say(`${name.padEnd(5)} ${value}`);
}

function terminalOf(hre: HardhatRuntimeEnvironment): ((question: string) => Promise<string>) | undefined {
  if (!process.stdin.isTTY) return undefined;
  return (question) => hre.interruptions.requestInput("deploy", question);
}

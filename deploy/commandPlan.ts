/** Plans of the command `deploy`: a new one, or that of the journal again. */
import { getAddress, type InterfaceAbi, type Provider } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { DeployOptions, DeploySurroundings } from "./command.ts";
import type { Deployment } from "./deployment.ts";
import { type DeployJournal, recordPlan, type RecordedPlan } from "./deployJournal.ts";
import { describePlan } from "./describePlan.ts";
import { DeployError } from "./errors.ts";
import { readMembers } from "./members.ts";
import { readOutlook, type Outlook } from "./outlook.ts";
import { planAgain, planSuite, type PlanParameters } from "./plan.ts";
import { refuseChanges } from "./planChanges.ts";
import type { Preset } from "./presets.ts";
import { gasByRole, rehearse } from "./rehearsal.ts";
import type { Suite, VerifierSource } from "./suite.ts";
import { networkNameOf, type Target } from "./target.ts";

/** A run of the command. */
export interface Command {
  options: DeployOptions;
  hre: HardhatRuntimeEnvironment;
  surroundings: DeploySurroundings;
  preset: Preset;
  verifier: VerifierSource;
  say: (line: string) => void;
}

export interface Planned {
  suite: Suite;
  plan: RecordedPlan;
  /** Of each creation by its role, as rehearsed. */
  gas: Readonly<Record<string, number>>;
}

/** A plan from the account's next nonce on, rehearsed on a fork. */
export async function newPlan(
  command: Command,
  target: Target,
  deployer: string,
  journal?: DeployJournal,
): Promise<Planned & { rehearsed: Deployment }> {
  const { url, network, provider, chainId } = target;
  const terms = termsOf(command, deployer, provider, chainId);
  const suite = await planSuite({ ...terms, nonce: await freeNonce(deployer, provider, journal) });
  command.say(`Rehearsing the deployment on a fork of "${network}" …\n`);
  const rehearsed = await rehearse(command.hre, suite, url);
  const gas = gasByRole(rehearsed);
  return { suite, gas, rehearsed, plan: recordPlan(suite, await genesisBlockOf(provider), gas) };
}

/** The plan of the journal, if the same command would plan it today. @throws DeployError PLAN_CHANGED */
export async function sameAgain(
  command: Command,
  { provider, chainId }: Target,
  deployer: string,
  journal: DeployJournal,
  earlier: RecordedPlan,
): Promise<Planned> {
  const { genesisTime, nonce, creations } = earlier;
  const terms = termsOf(command, deployer, provider, chainId);
  const suite = await planAgain({ ...terms, genesisTime, nonce });
  const gas = Object.fromEntries(creations.map((creation) => [creation.role, creation.gas]));
  const plan = recordPlan(suite, await genesisBlockOf(provider), gas);
  refuseChanges(journal.path, earlier, plan);
  command.say(`Going on with the plan in ${journal.path}.\n`);
  return { suite, gas, plan };
}

export async function showPlan(
  command: Command,
  { provider }: Target,
  { suite, gas }: Planned,
): Promise<Outlook> {
  const outlook = await outlookOf(command, suite, { gas, provider, rpc: provider });
  command.say(describePlan(suite, outlook, await abisOf(suite, command.hre)));
  return outlook;
}

/** Tells one local chain from the next, whose ids are the same. */
async function genesisBlockOf(provider: Provider): Promise<string> {
  return (await provider.getBlock(0))?.hash ?? "unknown";
}

/**
 * The account's next nonce on the chain. What waits in the pool from an earlier plan is replaced.
 * @throws DeployError ACCOUNT_BUSY when others' transactions wait
 */
async function freeNonce(
  deployer: string,
  provider: Provider,
  journal: DeployJournal | undefined,
): Promise<number> {
  const mined = await provider.getTransactionCount(deployer, "latest");
  const pending = await provider.getTransactionCount(deployer, "pending");
  const sends = journal?.transactions.entries.filter(({ type }) => type === "send") ?? [];
  const ours = new Set(sends.map((entry) => ("nonce" in entry ? entry.nonce : -1)));
  for (let nonce = mined; nonce < pending; nonce++) {
    if (ours.has(nonce)) continue;
    throw new DeployError(
      "ACCOUNT_BUSY",
      `${pending - mined} transactions of the deployer ${deployer} wait in the pool`,
      "wait until they are mined, and let the account send nothing else meanwhile",
    );
  }
  return mined;
}

export function termsOf(
  { options, hre, preset, verifier }: Command,
  deployer: string,
  provider: Provider,
  chainId: number,
): PlanParameters {
  return {
    preset,
    network: networkNameOf(hre),
    deployer,
    owner: options.owner === undefined ? deployer : ownerOf(options.owner),
    members: readMembers(options.members, preset, chainId),
    verifier,
    provider,
    readArtifact: (name) => hre.artifacts.readArtifact(name),
  };
}

/** @throws DeployError OWNER_INVALID */
function ownerOf(text: string): string {
  try {
    return getAddress(text);
  } catch {
    throw new DeployError(
      "OWNER_INVALID",
      `--owner ${text} is no address, or has a wrong checksum`,
      "give 20 bytes as hex",
    );
  }
}

export async function outlookOf(
  { hre, verifier }: Command,
  suite: Suite,
  rest: Pick<Parameters<typeof readOutlook>[0], "gas" | "provider" | "rpc">,
): Promise<Outlook> {
  const { deployedBytecode } = await hre.artifacts.readArtifact(verifier.contract);
  return readOutlook({ suite, verifierCode: deployedBytecode, ...rest });
}

export async function abisOf(
  { creations }: Suite,
  hre: HardhatRuntimeEnvironment,
): Promise<Record<string, InterfaceAbi>> {
  const pairs = creations.map(async ({ contract }) => {
    const { abi } = await hre.artifacts.readArtifact(contract);
    return [contract, abi as InterfaceAbi] as const;
  });
  return Object.fromEntries(await Promise.all(pairs));
}

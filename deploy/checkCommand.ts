/**
 * What `npx hardhat deploy:check` does: the assertions of a deployment again, by anybody, at any time, read-only. The
 * suite is composed anew from the record's preset and terms, and what was created is compared with what follows.
 */
import { keccak256, type JsonRpcProvider } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { Artifact } from "./artifact.ts";
import { inspectDeployment } from "./checkDeployment.ts";
import { readDeployment, recordedTerms, suiteOf, type Deployment } from "./deployment.ts";
import { DeployError } from "./errors.ts";
import { sentenceOf, type Assertion, type Inspection } from "./inspection.ts";
import { plain } from "./plain.ts";
import { loadPreset, presetNames } from "./presets.ts";
import type { Suite } from "./suite.ts";
import { openTarget, recordedNetworkOf, withoutAnswer } from "./target.ts";

export interface CheckOptions {
  /** Folder of the records. */
  record?: string | undefined;
  json: boolean;
  /** Take what the owner changed since for a fault. */
  strict: boolean;
}

/** What a check found. */
export interface CheckResult {
  network: string;
  chainId: number;
  preset: string;
  /** No fault; with `strict` no change either. */
  holds: boolean;
  assertions: Assertion[];
}

/**
 * Prints what holds and what does not; the exit code is 1 when the deployment is not what its record says.
 * @throws DeployError RECORD_MISSING, RECORD_INVALID, CHAIN_NOT_IN_PRESET, L1_UNREACHABLE
 */
export async function checkCommand(
  options: CheckOptions,
  hre: HardhatRuntimeEnvironment,
): Promise<CheckResult> {
  const deployment = readDeployment(recordedNetworkOf(hre), options.record);
  const { provider, chainId } = await openTarget(hre, deployment.network);
  try {
    if (chainId !== deployment.chainId) {
      throw new DeployError(
        "CHAIN_NOT_IN_PRESET",
        `the record is of chain ${deployment.chainId}, and "${deployment.network}" is chain ${chainId}`,
        "name the network of the record",
      );
    }
    await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
    const assertions = await inspectRecord(deployment, provider, (name) => hre.artifacts.readArtifact(name));
    const holds = assertions.every(
      (assertion) => assertion.holds || (assertion.changeable && !options.strict),
    );
    const { network, preset } = deployment;
    const result = { network, chainId, preset, holds, assertions };
    if (options.json) console.log(JSON.stringify(result, null, 2));
    else console.log(describeCheck(result, deployment));
    if (!holds) process.exitCode = 1;
    return result;
  } catch (error) {
    throw withoutAnswer(deployment.network, error);
  } finally {
    provider.destroy();
  }
}

/** Every assertion about a record and what it says of the chain. */
export async function inspectRecord(
  deployment: Deployment,
  provider: JsonRpcProvider,
  readArtifact: (name: string) => Promise<Artifact>,
): Promise<Assertion[]> {
  const suite = await suiteOf(deployment, readArtifact);
  const { inspection, readings } = await inspectDeployment({ suite, provider, readArtifact });
  inspection.same("genesis hash", readings.genesisHash, deployment.genesisHash);
  inspection.same("address of feePortal", deployment.addresses.feePortal, readings.feePortal);
  inspection.same("address of assetPortal", deployment.addresses.assetPortal, readings.assetPortal);
  assertRecord(inspection, deployment, suite);
  await assertCreations(inspection, deployment, suite, provider);
  return inspection.assertions;
}

/** The record says of the suite what follows from its own preset and terms. */
function assertRecord(inspection: Inspection, deployment: Deployment, suite: Suite): void {
  const addresses: Record<string, string> = deployment.addresses;
  const { asset } = suite.surroundings;
  inspection.same("address of asset", addresses["asset"], asset);
  for (const { role, address } of suite.creations)
    inspection.same(`address of ${role}`, addresses[role], address);
  for (const [name, value] of Object.entries(recordedTerms(suite))) {
    const recorded = (deployment as Record<string, unknown>)[name];
    inspection.same(`record's ${name}`, canonical(recorded), canonical(value));
  }
}

/** Each was created by the deployer, at its nonce, from exactly this code and these arguments. */
async function assertCreations(
  inspection: Inspection,
  { transactions }: Deployment,
  { creations, deployer }: Suite,
  provider: JsonRpcProvider,
): Promise<void> {
  for (const { role, nonce, data } of creations) {
    const hash = transactions.find((transaction) => transaction.role === role)?.hash;
    const transaction = hash === undefined ? null : await provider.getTransaction(hash);
    const of = `creation of ${role}`;
    inspection.same(`${of}: sender`, transaction?.from ?? "missing", deployer);
    inspection.same(`${of}: nonce`, transaction?.nonce ?? "missing", nonce);
    const code = transaction ? keccak256(transaction.data) : "missing";
    inspection.same(`${of}: hash of code and arguments`, code, keccak256(data));
  }
}

/** JSON with keys in order: a record may have been written by another version. */
function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const entries = Object.entries(plain(value) as object).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${key}:${canonical(item)}`).join(",")}}`;
}

function describeCheck({ assertions, holds }: CheckResult, deployment: Deployment): string {
  const failed = assertions.filter((assertion) => !assertion.holds);
  const faults = failed.filter(({ changeable }) => !changeable);
  const changes = failed.filter(({ changeable }) => changeable);
  const { network, chainId, preset, addresses, owner } = deployment;
  return [
    `${network}: preset ${preset}, chain ${chainId}, Rollup ${addresses.rollup}`,
    `${assertions.length - failed.length} of ${assertions.length} assertions hold.`,
    ...presetNote(deployment),
    ...(changes.length > 0 ? ["", `Changed by the owner ${owner}, or whoever it handed over to:`] : []),
    ...changes.map((assertion) => `  ${sentenceOf(assertion)}`),
    ...(faults.length > 0 ? ["", "Faults:"] : []),
    ...faults.map((assertion) => `  ${sentenceOf(assertion)}`),
    "",
    holds ? "The deployment is what its record says." : "The deployment is NOT what its record says.",
  ].join("\n");
}

/** Whether this checkout's preset of that name is still the deployed one; nothing depends on it. */
function presetNote({ preset, parameters }: Deployment): string[] {
  if (!presetNames().includes(preset)) return [];
  return canonical(plain(loadPreset(preset))) === canonical(parameters)
    ? []
    : [`deploy/presets/${preset}.json was changed since; the record's own parameters were checked.`];
}

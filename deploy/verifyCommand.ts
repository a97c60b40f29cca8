/** What `npx hardhat deploy:verify` does. Whatever is verified already is left alone, so it may be run as often as needed. */
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { readDeployment } from "./deployment.ts";
import { DeployError } from "./errors.ts";
import { recordedNetworkOf } from "./target.ts";
import {
  EXPLORERS,
  type Explorer,
  type Verification,
  verifiableContracts,
  verifyOn,
} from "./verification.ts";
import { LOCAL_CHAIN_IDS } from "./verifierGuard.ts";

export interface VerifyOptions {
  /** Comma-separated; default: all that the configuration enables. */
  explorer?: string | undefined;
  /** Folder of the records. */
  record?: string | undefined;
  json: boolean;
}

/**
 * Prints a table; the exit code is 1 when anything is not verified.
 * @throws DeployError RECORD_MISSING, RECORD_INVALID, EXPLORER_KEY_MISSING, EXPLORER_UNREACHABLE, EXPLORER_UNSUITABLE
 */
export async function verifyCommand(
  options: VerifyOptions,
  hre: HardhatRuntimeEnvironment,
): Promise<Verification[]> {
  const deployment = readDeployment(recordedNetworkOf(hre), options.record);
  if (LOCAL_CHAIN_IDS.includes(deployment.chainId)) {
    throw new DeployError(
      "EXPLORER_UNSUITABLE",
      `no explorer shows chain ${deployment.chainId}, which lives on one machine`,
      "verify a deployment to a public network",
    );
  }
  const explorers = explorersOf(options.explorer, hre);
  await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
  const results: Verification[] = [];
  for (const explorer of explorers) {
    for (const contract of verifiableContracts(deployment)) {
      const result = await verifyOn(explorer, contract, hre);
      results.push(result);
      if (!options.json) console.log(rowOf(result));
    }
  }
  const missing = results.filter(({ verified }) => !verified).length;
  if (options.json) console.log(JSON.stringify(results, null, 2));
  else console.log(`\n${results.length - missing} of ${results.length} verified.`);
  if (missing > 0) process.exitCode = 1;
  return results;
}

function rowOf({ explorer, role, contract, address, verified, reason }: Verification): string {
  const cells = [explorer.padEnd(11), role.padEnd(18), contract.padEnd(24), address];
  return `${cells.join(" ")}  ${verified ? "verified" : `NOT verified: ${reason}`}`;
}

/** @throws DeployError EXPLORER_UNSUITABLE */
function explorersOf(named: string | undefined, hre: HardhatRuntimeEnvironment): Explorer[] {
  const chosen =
    named === undefined ? EXPLORERS.filter((name) => hre.config.verify[name].enabled) : named.split(",");
  return chosen.map((name) => {
    const explorer = EXPLORERS.find((known) => known === name);
    if (explorer) return explorer;
    throw new DeployError(
      "EXPLORER_UNSUITABLE",
      `no explorer is called "${name}"`,
      `use some of: ${EXPLORERS.join(",")}`,
    );
  });
}

/**
 * A deployment on a fork of its network, inside this process: the same account, nonce, arguments and genesis time, and
 * every assertion afterwards. Nothing is sent, so it gives the exact gas before anything is paid.
 */
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { messageOf } from "../actors/support/actorError.ts";
import { deploySuite } from "./deploySuite.ts";
import type { Deployment } from "./deployment.ts";
import { DeployError } from "./errors.ts";
import type { Suite } from "./suite.ts";

/** More than a deployment can cost: what the account really has is the plan's business. */
const BALANCE = 10n ** 24n;

/** Of what is in `hre.config.networks` always. */
const IN_PROCESS = "default";

/**
 * @param url of the network to fork
 * @throws DeployError REHEARSAL_FAILED when a fork cannot be made or a creation fails; ASSERTION_FAILED
 */
export async function rehearse(
  hre: HardhatRuntimeEnvironment,
  suite: Suite,
  url: string,
): Promise<Deployment> {
  const { chainId, deployer } = suite;
  try {
    const { ethers, provider } = await hre.network.create({
      network: IN_PROCESS,
      override: { chainId, forking: { url } },
    });
    await provider.request({ method: "hardhat_setBalance", params: [deployer, `0x${BALANCE.toString(16)}`] });
    return await deploySuite({
      ...suite,
      deployer: await ethers.getImpersonatedSigner(deployer),
      readArtifact: (name) => hre.artifacts.readArtifact(name),
    });
  } catch (error) {
    if (error instanceof DeployError) throw error;
    throw new DeployError(
      "REHEARSAL_FAILED",
      `the deployment failed on a fork of "${suite.network}", and nothing was sent: ${messageOf(error).replaceAll(url, "its RPC")}`,
      "mend the cause; where the fork itself failed, try another RPC address",
    );
  }
}

/** Gas of each creation by its role. */
export function gasByRole({ transactions }: Deployment): Record<string, number> {
  return Object.fromEntries(transactions.map(({ role, gasUsed }) => [role, gasUsed]));
}

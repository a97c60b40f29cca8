import { Wallet } from "ethers";

import { connectL1 } from "../../actors/l1/provider.ts";
import { deploySuite, type DeployParameters } from "../../deploy/deploySuite.ts";
import type { Deployment } from "../../deploy/deployment.ts";
import { LOCAL_ACCOUNTS, localAddress, localMembers, localPrivateKey } from "../../deploy/localAccounts.ts";
import { loadPreset } from "../../deploy/presets.ts";
import { verifierOf } from "../../deploy/verifiers.ts";

/** Deploys the `localPermissioned` preset to an L1 that mines on demand, then lets it mine every `blockTime` seconds. */
export async function deployLocal(
  parameters: Pick<DeployParameters, "readArtifact" | "onStep"> & { url: string; blockTime: number },
): Promise<Deployment> {
  const { url, blockTime, ...rest } = parameters;
  const preset = loadPreset("localPermissioned");
  const provider = await connectL1({ url, chainId: preset.chainIds[0]! });
  try {
    provider.pollingInterval = 50;
    const deployment = await deploySuite({
      ...rest,
      preset,
      network: "local",
      deployer: new Wallet(localPrivateKey(LOCAL_ACCOUNTS.deployer), provider),
      owner: localAddress(LOCAL_ACCOUNTS.treasury),
      members: localMembers(),
      verifier: verifierOf(preset.circuit),
    });
    await provider.send("evm_setIntervalMining", [blockTime]);
    return deployment;
  } finally {
    provider.destroy();
  }
}

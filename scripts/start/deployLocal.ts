import { Wallet } from "ethers";

import { connectL1 } from "../../actors/l1/provider.ts";
import { deploySuite, type DeployParameters } from "../../deploy/deploySuite.ts";
import type { Deployment } from "../../deploy/deployment.ts";
import { LOCAL_ACCOUNTS, localAddress, localMembers, localPrivateKey } from "../../deploy/localAccounts.ts";
import { deployStakedLocal, moveToGenesis } from "../../deploy/localStaking.ts";
import { loadPreset } from "../../deploy/presets.ts";
import { verifierOf } from "../../deploy/verifiers.ts";

/** Parameters of {@link deployLocal}. */
export interface DeployLocalParameters extends Pick<DeployParameters, "readArtifact" | "onStep"> {
  url: string;
  /** Default: `localPermissioned`. */
  preset?: "local" | "localPermissioned";
  /** Validators that stake under `local`; default: what completes the bootstrap set. */
  validators?: number;
}

/**
 * How many seconds an L1's clock has to be behind at its start, so that the genesis of a preset falls on the present.
 */
export function genesisLag(preset: "local" | "localPermissioned"): number {
  const { validators } = loadPreset(preset);
  return validators.kind === "staked" ? validators.genesisDelaySeconds : 0;
}

/** Deploys a preset of one machine to an L1 that mines on demand, where it goes on to do so: see {@link beginTime}. */
export async function deployLocal(parameters: DeployLocalParameters): Promise<Deployment> {
  const { url, preset: name = "localPermissioned", validators, ...rest } = parameters;
  const preset = loadPreset(name);
  const provider = await connectL1({ url, chainId: preset.chainIds[0]! });
  try {
    provider.pollingInterval = 50;
    const deployer = new Wallet(localPrivateKey(LOCAL_ACCOUNTS.deployer), provider);
    const common = { ...rest, preset, network: "local", deployer };
    return preset.validators.kind === "staked"
      ? await deployStakedLocal({
          ...common,
          provider,
          ...(validators === undefined ? {} : { validators }),
        })
      : await deploySuite({
          ...common,
          owner: localAddress(LOCAL_ACCOUNTS.treasury),
          members: localMembers(),
          verifier: verifierOf(preset.circuit),
        });
  } finally {
    provider.destroy();
  }
}

/**
 * Lets L1 mine every `blockTime` seconds, with staked validators from genesis on. Whatever takes time is best done before:
 * then the first slot is not missed.
 */
export async function beginTime({
  url,
  deployment,
  blockTime,
}: {
  url: string;
  deployment: Deployment;
  /** Seconds. */
  blockTime: number;
}): Promise<void> {
  const provider = await connectL1({ url, chainId: deployment.chainId });
  try {
    if (deployment.validators.kind === "staked") await moveToGenesis(provider, deployment);
    await provider.send("evm_setIntervalMining", [blockTime]);
  } finally {
    provider.destroy();
  }
}

/** An anvil with the staked suite, at genesis: five validators active, seeds fixed. Its time is moved by RPC. */
import { type JsonRpcProvider, Wallet } from "ethers";
import { artifacts } from "hardhat";

import { Anvil } from "../../../actors/l1/anvil.ts";
import { connectL1, readHead } from "../../../actors/l1/provider.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import type { Deployment } from "../../../deploy/deployment.ts";
import { LOCAL_ACCOUNTS, localPrivateKey } from "../../../deploy/localAccounts.ts";
import { deployStakedLocal, moveToGenesis } from "../../../deploy/localStaking.ts";
import { loadPreset, type Preset } from "../../../deploy/presets.ts";

export interface StakedChain {
  url: string;
  provider: JsonRpcProvider;
  deployment: Deployment;
  /** Of the newest block, in seconds. */
  time(): Promise<number>;
  /** Mines a block at a time. */
  moveTo(time: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startStakedChain({
  preset = loadPreset("local"),
  validators,
}: { preset?: Preset; validators?: number } = {}): Promise<StakedChain> {
  const anvil = new Anvil({ port: 0, logger: silentLogger });
  await anvil.start();
  try {
    const provider = await connectL1({ url: anvil.url, chainId: 31337 });
    provider.pollingInterval = 20;
    const deployment = await deployStakedLocal({
      preset,
      network: "local",
      deployer: new Wallet(localPrivateKey(LOCAL_ACCOUNTS.deployer), provider),
      provider,
      readArtifact: (name) => artifacts.readArtifact(name),
      ...(validators === undefined ? {} : { validators }),
    });
    await moveToGenesis(provider, deployment);
    return {
      url: anvil.url,
      provider,
      deployment,
      time: async () => (await readHead(provider))!.timestamp,
      async moveTo(time) {
        await provider.send("evm_setNextBlockTimestamp", [time]);
        await provider.send("evm_mine", []);
      },
      async stop() {
        provider.destroy();
        await anvil.stop();
      },
    };
  } catch (error) {
    await anvil.stop();
    throw error;
  }
}

/** An anvil with the suite deployed, whose time moves only by RPC. */
import { Wallet } from "ethers";
import { artifacts } from "hardhat";

import { Anvil } from "../../../actors/l1/anvil.ts";
import { connectL1, readHead } from "../../../actors/l1/provider.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { deploySuite } from "../../../deploy/deploySuite.ts";
import type { Deployment } from "../../../deploy/deployment.ts";
import { LOCAL_ACCOUNTS, localAddress, localPrivateKey } from "../../../deploy/localAccounts.ts";
import { type Preset, loadPreset } from "../../../deploy/presets.ts";
import type { VerifierSource } from "../../../deploy/deploySuite.ts";
import { verifierOf } from "../../../deploy/verifiers.ts";
import { blsPublicKey, keyHash, keyHashWord } from "../../../protocol/bls.ts";
import { fromBytes } from "../../../protocol/bytes.ts";
import { ATTESTER_KEY } from "./attesterKey.ts";

export { ATTESTER_KEY };

export interface TestChain {
  url: string;
  deployment: Deployment;
  /** Mines a block at the start of a slot. */
  toSlot(slot: number): Promise<void>;
  /** Slot of the newest block. */
  slot(): Promise<number>;
  rpc(method: string, params?: unknown[]): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts anvil and deploys. Slots are a minute long, so that the machine's own time never ends one. */
export async function startTestChain(
  changes: Partial<Preset> = {},
  verifier?: VerifierSource,
): Promise<TestChain> {
  const anvil = new Anvil({ port: 0, logger: silentLogger });
  await anvil.start();
  try {
    const provider = await connectL1({ url: anvil.url, chainId: 31337 });
    const local = loadPreset("localPermissioned");
    const preset: Preset = {
      ...local,
      slotSeconds: 60,
      outboxDelaySeconds: 0,
      // Longer than a claim can last with such slots.
      market: { ...local.market, bond: { ...local.market.bond, withdrawalDelaySeconds: 100_000 } },
      ...changes,
    };
    const deployment = await deploySuite({
      preset,
      network: "e2e",
      deployer: new Wallet(localPrivateKey(LOCAL_ACCOUNTS.deployer), provider),
      owner: localAddress(LOCAL_ACCOUNTS.deployer),
      members: [
        {
          proposer: localAddress(LOCAL_ACCOUNTS.sequencer),
          keyHash: keyHashWord(keyHash(blsPublicKey(fromBytes(ATTESTER_KEY)))),
        },
      ],
      verifier: verifier ?? verifierOf(preset.circuit),
      readArtifact: (name) => artifacts.readArtifact(name),
    });
    const { genesisTime, slotSeconds } = deployment;
    return {
      url: anvil.url,
      deployment,
      rpc: (method, params = []) => provider.send(method, params) as Promise<unknown>,
      async toSlot(slot) {
        await provider.send("evm_setNextBlockTimestamp", [genesisTime + slot * slotSeconds]);
        await provider.send("evm_mine", []);
      },
      async slot() {
        const head = await readHead(provider);
        return Math.floor((head!.timestamp - genesisTime) / slotSeconds);
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

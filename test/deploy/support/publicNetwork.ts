/** An anvil that plays a public network, and a Hardhat environment in which it is the network `public`. */
import { type JsonRpcProvider, Wallet } from "ethers";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import type { HardhatUserConfig } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { Anvil, type AnvilOptions } from "../../../actors/l1/anvil.ts";
import { connectL1 } from "../../../actors/l1/provider.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { deployCommand, type DeployOptions, type DeploySurroundings } from "../../../deploy/command.ts";
import { DeployError } from "../../../deploy/errors.ts";
import { localPrivateKey } from "../../../deploy/localAccounts.ts";
import config from "../../../hardhat.config.ts";

/** Sepolia's, so that nothing local is assumed. */
export const PUBLIC = 11155111;

/** In the place of a verifier made on a public string, of which none is committed. */
export const VERIFIER = {
  contract: "contracts/test/MockVerifier.sol:MockVerifier",
  verificationKeyHash: `0x${"77".repeat(32)}`,
};

/** Account of the deployer in the test mnemonic. */
const DEPLOYER = 5;

export interface PublicNetwork {
  url: string;
  chainId: number;
  provider: JsonRpcProvider;
  deployer: Wallet;
  hre: HardhatRuntimeEnvironment;
  rpc: (method: string, ...params: unknown[]) => Promise<unknown>;
  stop: () => Promise<void>;
}

/** Starts the network. `changes` go into Hardhat's configuration. */
export async function startPublicNetwork({
  chainId = PUBLIC,
  changes = {},
  ...options
}: Partial<AnvilOptions> & { changes?: HardhatUserConfig } = {}): Promise<PublicNetwork> {
  const anvil = new Anvil({ port: 0, chainId, logger: silentLogger, ...options });
  await anvil.start();
  const { url } = anvil;
  const provider = await connectL1({ url, chainId });
  return {
    url,
    chainId,
    provider,
    deployer: new Wallet(localPrivateKey(DEPLOYER), provider),
    hre: await publicEnvironment(url, changes),
    rpc: (method, ...params) => provider.send(method, params) as Promise<unknown>,
    stop: async () => {
      provider.destroy();
      await anvil.stop();
    },
  };
}

/** The project's configuration with the network `public`, which is the chosen one. */
export function publicEnvironment(
  url: string,
  changes: HardhatUserConfig = {},
): Promise<HardhatRuntimeEnvironment> {
  const accounts = [localPrivateKey(DEPLOYER)];
  const networks = {
    ...config.networks,
    public: { type: "http", chainType: "l1", url, accounts },
  } as const;
  return createHardhatRuntimeEnvironment({ ...config, ...changes, networks }, { network: "public" });
}

const OPTIONS: DeployOptions = {
  preset: "devnet",
  members: undefined,
  owner: undefined,
  json: false,
  force: false,
  restart: false,
  dryRun: false,
  yes: true,
};

/** What a run of the command printed and returned. */
export interface DeployRun {
  lines: string[];
  deployment: Awaited<ReturnType<typeof deployCommand>>;
}

/** Runs `deploy` with the mock verifier. */
export async function runDeploy(
  { hre }: Pick<PublicNetwork, "hre">,
  options: Partial<DeployOptions>,
  surroundings: DeploySurroundings = {},
): Promise<DeployRun> {
  const lines: string[] = [];
  const deployment = await deployCommand({ ...OPTIONS, ...options }, hre, {
    verifier: VERIFIER,
    isBuilt: true,
    say: (line) => void lines.push(line),
    patience: { pollInterval: 20, limit: 20_000, bumpAfterBlocks: 3 },
    ...surroundings,
  });
  return { lines, deployment };
}

/** The refusal of a command; anything else is thrown. */
export async function refusalOf(promise: Promise<unknown>): Promise<DeployError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DeployError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

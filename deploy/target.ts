/** The network that a command of a deployment works on. */
import { FetchRequest, type JsonRpcProvider, Wallet } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { connectL1 } from "../actors/l1/provider.ts";
import { isLost } from "../actors/l1/sendErrors.ts";
import { ActorError, messageOf } from "../actors/support/actorError.ts";
import { DeployError } from "./errors.ts";
import { LOCAL_ACCOUNTS, localPrivateKey } from "./localAccounts.ts";
import { configuredKey } from "./networkKeys.ts";
import { LOCAL_CHAIN_IDS } from "./verifierGuard.ts";

/** A network with an address. */
export interface Target {
  network: string;
  url: string;
  chainId: number;
  provider: JsonRpcProvider;
}

/** The name of the chosen network; where none is chosen, the one that lives in this process. */
export function networkNameOf(hre: HardhatRuntimeEnvironment): string {
  return hre.globalOptions.network ?? "default";
}

/** The network of a record that exists; where none is chosen, that of `npm start`. */
export function recordedNetworkOf(hre: HardhatRuntimeEnvironment): string {
  return hre.globalOptions.network ?? "local";
}

/** Whether the chosen network lives and dies with this process. */
export function isInProcess(hre: HardhatRuntimeEnvironment): boolean {
  return hre.config.networks[networkNameOf(hre)]?.type === "edr-simulated";
}

/**
 * Connects to a network.
 * @throws DeployError L1_UNREACHABLE, NETWORK_UNKNOWN
 */
export async function openTarget(
  hre: HardhatRuntimeEnvironment,
  network: string = networkNameOf(hre),
): Promise<Target> {
  const config = hre.config.networks[network];
  if (config?.type !== "http") {
    throw new DeployError(
      "NETWORK_UNKNOWN",
      config ? `the network "${network}" has no address` : `hardhat.config.ts has no network "${network}"`,
      "name one with --network, such as local or sepolia",
    );
  }
  const url = await config.url.getUrl();
  const chainId = await chainIdOf(network, url);
  return { network, url, chainId, provider: await connectL1({ url, chainId }) };
}

/** The chosen network's first account, or on a local chain that everybody's. @throws DeployError NO_SIGNER */
export async function deployerOf(
  hre: HardhatRuntimeEnvironment,
  { network, chainId, provider }: Target,
): Promise<Wallet> {
  const configured = await configuredKey(hre.config.networks[network], 0);
  if (configured !== undefined) return new Wallet(configured, provider);
  if (LOCAL_CHAIN_IDS.includes(chainId))
    return new Wallet(localPrivateKey(LOCAL_ACCOUNTS.deployer), provider);
  throw new DeployError(
    "NO_SIGNER",
    `the network "${network}" has no key, and a deployment that can be resumed signs by itself`,
    "add accounts to the network in hardhat.config.ts",
  );
}

/** A connection that failed as an error that says so; everything else as it is. */
export function withoutAnswer(network: string, error: unknown): unknown {
  if (error instanceof DeployError || error instanceof ActorError || !isLost(error)) return error;
  return new DeployError(
    "L1_UNREACHABLE",
    `no L1 answers for the network "${network}": ${shortMessageOf(error)}`,
    "check its URL in hardhat.config.ts and that it runs, then run the same command again",
  );
}

/** What ethers says of an error, without the request and so without the key that an RPC address may have in it. */
export function shortMessageOf(error: unknown): string {
  const { shortMessage } = error as { shortMessage?: unknown };
  return typeof shortMessage === "string" ? shortMessage : messageOf(error);
}

async function chainIdOf(network: string, url: string): Promise<number> {
  const request = new FetchRequest(url);
  request.timeout = 30_000;
  request.body = { jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] };
  try {
    const response = await request.send();
    response.assertOk();
    const { result } = response.bodyJson as { result: string };
    return Number(BigInt(result));
  } catch (error) {
    throw new DeployError(
      "L1_UNREACHABLE",
      `no L1 answers for the network "${network}": ${shortMessageOf(error)}`,
      "check its URL in hardhat.config.ts, and that it runs",
    );
  }
}

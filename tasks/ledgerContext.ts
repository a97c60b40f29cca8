/** What the tasks of ledger and bridge work with: the deployment, a ledger to ask, a key, an account on L1. */
import { readFileSync } from "node:fs";
import { type JsonRpcProvider, Wallet } from "ethers";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { ActorJournal } from "../actors/journal/actorJournal.ts";
import { connectBeacon } from "../actors/l1/beaconBlobSource.ts";
import { suiteErrorDecoder } from "../actors/l1/contractInterface.ts";
import { L1Account } from "../actors/l1/l1Account.ts";
import { connectL1 } from "../actors/l1/provider.ts";
import { RollupContract } from "../actors/l1/rollupContract.ts";
import { Node } from "../actors/node/node.ts";
import type { LedgerApi } from "../actors/rpc/ledgerApi.ts";
import { NodeLedger } from "../actors/rpc/nodeLedger.ts";
import { RpcClient } from "../actors/rpc/rpcClient.ts";
import { createLogger } from "../actors/support/logger.ts";
import { readKeyFile } from "../actors/wallet/keyFile.ts";
import { WalletError } from "../actors/wallet/walletError.ts";
import { type Deployment, readDeployment } from "../deploy/deployment.ts";
import { LOCAL_ACCOUNTS, localPrivateKey } from "../deploy/localAccounts.ts";
import { configuredKey } from "../deploy/networkKeys.ts";
import { LOCAL_CHAIN_IDS } from "../deploy/verifierGuard.ts";
import type { KeyPair } from "../protocol/schnorr.ts";
import { OptionError, required, wholeOption } from "./ledgerOptions.ts";

export const logger = createLogger({ level: "silent" });

/** Milliseconds between questions to L1. */
const POLL_INTERVAL = 250;

/** The network's record. @throws DeployError RECORD_MISSING, RECORD_INVALID */
export function openDeployment(
  { record }: { record: string | undefined },
  hre: HardhatRuntimeEnvironment,
): Deployment {
  return readDeployment(networkOf(hre), record);
}

export interface OpenLedgerOptions {
  node: string;
  fromL1?: boolean;
  rpc?: string | undefined;
  beacon?: string | undefined;
}

/** A ledger to ask: a node's, checked to be of this deployment, or one rebuilt from L1. */
export async function openLedger(
  options: OpenLedgerOptions,
  deployment: Deployment,
  hre: HardhatRuntimeEnvironment,
): Promise<LedgerApi> {
  if (options.fromL1) return rebuildLedger(options, deployment, hre);
  const ledger = new RpcClient({ url: options.node });
  const { genesisHash } = await ledger.status();
  if (genesisHash !== BigInt(deployment.genesisHash)) {
    throw new WalletError(
      "WRONG_ROLLUP",
      `the node at ${options.node} follows another rollup than the record of "${deployment.network}"`,
      "name the right --network, --record or --node",
    );
  }
  return ledger;
}

async function rebuildLedger(
  options: OpenLedgerOptions,
  deployment: Deployment,
  hre: HardhatRuntimeEnvironment,
): Promise<LedgerApi> {
  const url = await rpcUrlOf(options, hre);
  const provider = await connectL1({ url, chainId: deployment.chainId });
  try {
    const rollup = await RollupContract.connect({ provider, deployment });
    const blobs = await connectBeacon({ url: options.beacon ?? process.env["CALPULLI_BEACON"] ?? url });
    const node = new Node({ provider, rollup, blobs, logger });
    await node.sync();
    return new NodeLedger({ node });
  } finally {
    provider.destroy();
  }
}

/** L1 and an account on it. */
export interface L1Connection {
  provider: JsonRpcProvider;
  rollup: RollupContract;
  /** The account of `--account`; made when first asked for. */
  account: (journal?: ActorJournal) => Promise<L1Account>;
}

/** Connects to L1 for the time of `use`. @throws ActorError CHAIN_MISMATCH, L1_UNREACHABLE */
export async function withL1<T>(
  options: { rpc: string | undefined; account: string | undefined },
  deployment: Deployment,
  hre: HardhatRuntimeEnvironment,
  use: (l1: L1Connection) => Promise<T>,
): Promise<T> {
  const { chainId } = deployment;
  const url = await rpcUrlOf(options, hre);
  const provider = await connectL1({ url, chainId });
  try {
    const rollup = await RollupContract.connect({ provider, deployment });
    return await use({
      provider,
      rollup,
      account: async (journal) =>
        new L1Account({
          provider,
          signer: new Wallet(await privateKeyOf(options.account, chainId, hre)),
          chainId,
          logger,
          errors: suiteErrorDecoder(),
          ...(journal ? { journal } : {}),
          pollInterval: POLL_INTERVAL,
        }),
    });
  } finally {
    provider.destroy();
  }
}

/** The key of `--key`. A plain one will do on local chains only. */
export function openKey(
  options: { key: string | undefined; passphraseFile: string | undefined },
  { chainId }: Deployment,
  hre: HardhatRuntimeEnvironment,
): Promise<KeyPair> {
  return readKeyFile({
    path: required("key", options.key),
    passphrase: () => passphraseOf(options.passphraseFile, hre),
    allowPlain: LOCAL_CHAIN_IDS.includes(chainId),
  });
}

/**
 * From the file, the environment, or the terminal.
 * @throws WalletError PASSPHRASE_MISSING where nobody can be asked
 */
export async function passphraseOf(
  file: string | undefined,
  hre: HardhatRuntimeEnvironment,
): Promise<string> {
  if (file !== undefined) return readPassphrase(file);
  const fromEnvironment = process.env["CALPULLI_PASSPHRASE"];
  if (fromEnvironment !== undefined) return fromEnvironment;
  if (process.stdin.isTTY) return hre.interruptions.requestSecretInput("calpulli", "Passphrase of the key");
  throw new WalletError(
    "PASSPHRASE_MISSING",
    "the key needs a passphrase, and nobody can be asked",
    "give --passphrase-file or $CALPULLI_PASSPHRASE",
  );
}

/** A passphrase for a new key; asked for twice on a terminal. @throws OptionError when the two differ */
export async function newPassphrase(
  file: string | undefined,
  hre: HardhatRuntimeEnvironment,
): Promise<string> {
  const passphrase = await passphraseOf(file, hre);
  if (file !== undefined || process.env["CALPULLI_PASSPHRASE"] !== undefined) return passphrase;
  if ((await hre.interruptions.requestSecretInput("calpulli", "The same again")) === passphrase)
    return passphrase;
  throw new OptionError("the two passphrases differ", "try again");
}

function readPassphrase(file: string): string {
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch {
    throw new OptionError(`--passphrase-file ${file} cannot be read`, "check the name");
  }
}

function networkOf(hre: HardhatRuntimeEnvironment): string {
  return hre.globalOptions.network ?? "local";
}

/** Address of L1: the option, or that of the network. @throws OptionError */
export async function rpcUrlOf(
  { rpc }: { rpc?: string | undefined },
  hre: HardhatRuntimeEnvironment,
): Promise<string> {
  if (rpc !== undefined) return rpc;
  const network = hre.config.networks[networkOf(hre)];
  if (network?.type === "http") return network.url.getUrl();
  throw new OptionError(`the network "${networkOf(hre)}" has no address`, "name that of its L1 with --rpc");
}

/** On local chains one of the accounts that everybody knows; elsewhere one that the configuration names. */
export async function privateKeyOf(
  account: string | undefined,
  chainId: number,
  hre: HardhatRuntimeEnvironment,
): Promise<string> {
  if (LOCAL_CHAIN_IDS.includes(chainId)) {
    return localPrivateKey(account === undefined ? LOCAL_ACCOUNTS.treasury : wholeOption("account", account));
  }
  const index = account === undefined ? 0 : wholeOption("account", account);
  const key = await configuredKey(hre.config.networks[networkOf(hre)], index);
  if (key !== undefined) return key;
  throw new OptionError(
    `the network "${networkOf(hre)}" has no account ${index}`,
    "add it in hardhat.config.ts, or choose another with --account",
  );
}

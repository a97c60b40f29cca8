/** Options of the tasks that run an actor, and what they make of them. */
import { ArgumentType } from "hardhat/types/arguments";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { FeeCeiling } from "../actors/l1/fees.ts";
import type { FollowOptions } from "../actors/process/followedRollup.ts";
import type { P2pOptions } from "../actors/process/processGossip.ts";
import type { MonitorAddress } from "../actors/process/monitor.ts";
import type { Logger } from "../actors/support/logger.ts";
import type { Service } from "../actors/support/service.ts";
import type { Deployment } from "../deploy/deployment.ts";
import { OptionError, text } from "./ledgerOptions.ts";

const whole = <const Name extends string>(name: Name, description: string, defaultValue: number) => ({
  name,
  description,
  type: ArgumentType.INT as const,
  defaultValue,
});

export const DATA = text(
  "data",
  "Folder of state, blobs and journals; one a process. Default: .data/NETWORK-ACTOR",
);
export const BEACON = text(
  "beacon",
  "Beacon API address; default: $CALPULLI_BEACON, otherwise that of --rpc, as with anvil",
);
export const ARCHIVE = text(
  "archive",
  "Blob archives asked after the beacon API: addresses with {versionedHash} in them, by commas; default: $CALPULLI_ARCHIVE",
);
export const KEY_FILE = text(
  "keyFile",
  "Private key of the L1 account: an encrypted JSON keystore, or 32 bytes as hex that only you can read; default: --account",
);
export const ACCOUNT_INDEX = text(
  "account",
  "Which L1 account of the network's configuration to use; default: the first, on local chains the actor's test account",
);
export const PASSPHRASE_FILE = text(
  "passphraseFile",
  "File with the keystore's passphrase; default: $CALPULLI_PASSPHRASE, otherwise it is asked for",
);
export const REORG_DEPTH = whole(
  "reorgDepth",
  "L1 blocks that can be taken back; what is deeper is kept on disk",
  64,
);
export const L1_BLOCK_TIME = whole(
  "blockTime",
  "Seconds between L1 blocks; default: 12, on local chains 1",
  0,
);
export const FEE_CEILING = text(
  "feeCeiling",
  "Most that a transaction offers L1, in gwei a unit of gas, base fee and tip together",
);
export const BLOB_FEE_CEILING = text(
  "blobFeeCeiling",
  "Most that it offers for blob gas, in gwei; default: --fee-ceiling",
);
export const PORT = (
  defaultValue: number,
): { name: "port"; description: string; type: ArgumentType.INT; defaultValue: number } =>
  whole("port", "Port of the JSON API on this machine; 0: any free one", defaultValue);
export const P2P_LISTEN = text(
  "p2pListen",
  "Where other processes reach this one: a multiaddress such as /ip4/0.0.0.0/tcp/8570; default: it only dials",
);
export const P2P_PEERS = text(
  "p2pPeers",
  "Processes to stay connected with: multiaddresses such as /ip4/203.0.113.7/tcp/8570/p2p/PEER_ID, by commas",
);
export const METRICS = text(
  "metrics",
  "Where /health and /metrics (Prometheus) are answered: HOST:PORT, or PORT on this machine; default: nowhere",
);
export const JSON_LOGS = { name: "json" as const, description: "Log as JSON, one line an event" };

/** Values of the options that every process has. */
export interface ProcessOptions {
  rpc: string | undefined;
  beacon: string | undefined;
  archive: string | undefined;
  record: string | undefined;
  data: string | undefined;
  metrics: string | undefined;
  reorgDepth: number;
  json: boolean;
}

/** Values of the options of the gossip between machines. */
export interface GossipOptions {
  p2pListen: string | undefined;
  p2pPeers: string | undefined;
}

/** Where a process meets others; undefined when nothing is said of it. */
export function p2pOf({ p2pListen, p2pPeers }: GossipOptions): P2pOptions | undefined {
  if (p2pListen === undefined && p2pPeers === undefined) return undefined;
  return { listen: addressesOf(p2pListen), peers: addressesOf(p2pPeers) };
}

/** The same for an actor that is of no use alone. @throws OptionError */
export function requiredP2pOf(options: GossipOptions): P2pOptions {
  const p2p = p2pOf(options);
  if (p2p) return p2p;
  throw new OptionError(
    "nobody is named to talk to",
    "give --p2p-peers, or --p2p-listen where others are to find it",
  );
}

function addressesOf(list: string | undefined): string[] {
  return list === undefined ? [] : list.split(",").map((address) => address.trim());
}

/** Reads the record, and runs what `open` makes of it until a signal. */
export async function runProcess(
  actor: string,
  options: ProcessOptions,
  hre: HardhatRuntimeEnvironment,
  open: (follow: FollowOptions, deployment: Deployment) => Promise<{ service: Service }>,
): Promise<void> {
  const { openDeployment, rpcUrlOf } = await import("./ledgerContext.ts");
  const { runUntilStopped } = await import("../actors/process/runUntilStopped.ts");
  const { createLogger, readableLogger } = await import("../actors/support/logger.ts");
  const { data, json, reorgDepth } = options;
  const metrics = options.metrics === undefined ? undefined : monitorAddressOf(options.metrics);
  if (reorgDepth < 1) throw new OptionError(`--reorg-depth ${reorgDepth}`, "give a whole number from 1");
  const deployment = openDeployment(options, hre);
  const rpcUrl = await rpcUrlOf(options, hre);
  const logger: Logger = (json ? createLogger({ level: "info" }) : readableLogger()).child({ actor });
  await runUntilStopped({
    logger,
    open: async (onFatal) => {
      const follow: FollowOptions = {
        rpcUrl,
        ...blobAddressesOf(options),
        deployment,
        folder: data ?? `.data/${deployment.network}-${actor}`,
        reorgDepth,
        ...(metrics ? { metrics } : {}),
        onFatal,
        logger,
      };
      return (await open(follow, deployment)).service;
    },
  });
}

/** Where blobs come from: the options, otherwise the environment, where keys in addresses are out of others' sight. */
export function blobAddressesOf({
  beacon = process.env["CALPULLI_BEACON"],
  archive = process.env["CALPULLI_ARCHIVE"],
}: Pick<ProcessOptions, "beacon" | "archive">): Pick<FollowOptions, "beaconUrl" | "archives"> {
  return {
    ...(beacon === undefined ? {} : { beaconUrl: beacon }),
    ...(archive === undefined ? {} : { archives: archive.split(",") }),
  };
}

/** Values of the options that name a key. */
export interface KeyOptions {
  keyFile: string | undefined;
  account: string | undefined;
  passphraseFile: string | undefined;
}

/** The private key of the actor's L1 account: from a file, or from the network's configuration. */
export async function l1KeyOf(
  options: KeyOptions,
  deployment: Deployment,
  hre: HardhatRuntimeEnvironment,
  localAccount: number,
): Promise<string> {
  const { passphraseOf, privateKeyOf } = await import("./ledgerContext.ts");
  const { readL1Key } = await import("../actors/process/operatorKeys.ts");
  const { LOCAL_CHAIN_IDS } = await import("../deploy/verifierGuard.ts");
  const { keyFile, account, passphraseFile } = options;
  if (keyFile !== undefined) {
    return readL1Key({ path: keyFile, passphrase: () => passphraseOf(passphraseFile, hre) });
  }
  const local = LOCAL_CHAIN_IDS.includes(deployment.chainId);
  return privateKeyOf(account ?? (local ? String(localAccount) : undefined), deployment.chainId, hre);
}

/** Seconds between L1 blocks. */
export async function l1BlockTimeOf(seconds: number, deployment: Deployment): Promise<number> {
  const { LOCAL_CHAIN_IDS } = await import("../deploy/verifierGuard.ts");
  if (seconds < 0) throw new OptionError(`--block-time ${seconds}`, "give a whole number from 1");
  return seconds || (LOCAL_CHAIN_IDS.includes(deployment.chainId) ? 1 : 12);
}

/** A ceiling given in gwei; undefined when neither price is given. @throws OptionError */
export function feeCeilingOf(gas: string | undefined, blobGas: string | undefined): FeeCeiling | undefined {
  if (gas === undefined) {
    if (blobGas === undefined) return undefined;
    throw new OptionError("--blob-fee-ceiling without --fee-ceiling", "give both, or --fee-ceiling alone");
  }
  const maxFeePerGas = weiOf(gas);
  return { maxFeePerGas, maxFeePerBlobGas: blobGas === undefined ? maxFeePerGas : weiOf(blobGas) };
}

/** Gwei with up to nine decimals, in wei. @throws OptionError */
export function weiOf(gwei: string): bigint {
  const [, whole = "", decimals = ""] = /^(\d{1,9})(?:\.(\d{1,9}))?$/.exec(gwei) ?? [];
  if (whole === "") throw new OptionError(`${gwei} is no price`, "give gwei, such as 60 or 0.5");
  return BigInt(whole + decimals.padEnd(9, "0"));
}

/** `HOST:PORT`, `[::]:PORT`, or `PORT` on this machine. @throws OptionError */
export function monitorAddressOf(text: string): MonitorAddress {
  const [, ipv6, name, port = ""] = /^(?:(?:\[([0-9a-f:]+)\]|([\w.-]+)):)?(\d{1,5})$/i.exec(text) ?? [];
  if (port !== "" && Number(port) <= 65_535) return { host: ipv6 ?? name ?? "127.0.0.1", port: Number(port) };
  throw new OptionError(`--metrics ${text} is no address`, "give one such as 9464 or 0.0.0.0:9464");
}

/** @throws OptionError */
export function checkPort(port: number): number {
  if (port >= 0 && port <= 65_535) return port;
  throw new OptionError(`--port ${port} is no port`, "give a number from 0 to 65535");
}

/**
 * Three provers with different costs, for `npm start`: the cheapest claims first and crashes with its claim, another
 * rescues the epoch and gets a share of the bond, and the cheaper of the two that are left wins from then on.
 */
import { Contract, type EventLog, Wallet } from "ethers";

import { contractInterface } from "../../actors/l1/contractInterface.ts";
import { connectL1 } from "../../actors/l1/provider.ts";
import type { LocalNetwork, NetworkEvent } from "../../actors/network/localNetwork.ts";
import type { GroupProver } from "../../actors/network/proverGroup.ts";
import { sleep } from "../../actors/support/sleep.ts";
import type { Deployment } from "../../deploy/deployment.ts";
import { LOCAL_ACCOUNTS, localAddress, localPrivateKey } from "../../deploy/localAccounts.ts";

const TST = 10n ** 18n;
const BOND = 500n * TST;

/** Accounts of the mnemonic; costs are made up, in TST an hour, proofs are real. */
const PROVERS = [
  { name: "cheap", account: 5, machineHour: 90n * TST },
  { name: "dear", account: 6, machineHour: 270n * TST },
  { name: "reckless", account: 7, machineHour: 45n * TST },
] as const;
const RECKLESS = 2;

/** What the market's events amount to. */
export interface MarketSummary {
  claims: number;
  settlements: number;
  rescues: number;
  /** Claims that ended with a burnt bond. */
  slashes: number;
  /** Epochs paid for, by prover. */
  wins: Record<string, number>;
  /** Of the claim that was not delivered; null when all were. */
  rescue: { epoch: number; defaulter: string; rescuer: string; share: string; burned: string } | null;
}

/** Gives each prover its bond from the treasury, in one block. L1 must be mining on demand. */
export async function depositBonds(url: string, { chainId, addresses }: Deployment): Promise<void> {
  const provider = await connectL1({ url, chainId });
  try {
    const treasury = new Wallet(localPrivateKey(LOCAL_ACCOUNTS.treasury), provider);
    const token = new Contract(addresses.token, contractInterface("token/NetworkToken"), treasury);
    const market = new Contract(addresses.market, contractInterface("market/ProofMarket"), treasury);
    let nonce = await treasury.getNonce();
    const gasLimit = 200_000;
    await provider.send("evm_setAutomine", [false]);
    const total = BOND * BigInt(PROVERS.length);
    await token.getFunction("approve")(addresses.market, total, { nonce: nonce++, gasLimit });
    for (const { account } of PROVERS)
      await market.getFunction("deposit")(localAddress(account), BOND, { nonce: nonce++, gasLimit });
    await provider.send("evm_mine", []);
    await provider.send("evm_setAutomine", [true]);
  } finally {
    provider.destroy();
  }
}

/** What the network is told of them. */
export function marketProvers(): GroupProver[] {
  return PROVERS.map(({ account, machineHour }) => ({
    key: localPrivateKey(account),
    pricing: { strategy: "cost-plus", machineHour, marginBps: 500n, gas: 0n, bondCostBps: 0n },
    secondsPerBlock: 2,
    submissionSeconds: 3,
  }));
}

/** Stops the reckless prover as soon as it has a claim. */
export function crashAfterClaim(network: LocalNetwork, { source, event, ...told }: NetworkEvent): void {
  if (source !== "market" || event.type !== "claimed") return;
  if ("index" in told && told.index === RECKLESS) void network.provers?.crash(RECKLESS);
}

export function proverName(index: number): string {
  return PROVERS[index]?.name ?? `prover ${index}`;
}

/** Reads the market's events, once the rescue is paid or the time for it is over. */
export async function readMarketSummary({
  url,
  deployment,
  seconds,
  signal,
}: {
  url: string;
  deployment: Deployment;
  /** Most that the rescue's settlement is waited for. */
  seconds: number;
  signal: AbortSignal;
}): Promise<MarketSummary> {
  const provider = await connectL1({ url, chainId: deployment.chainId });
  const market = new Contract(deployment.addresses.market, contractInterface("market/ProofMarket"), provider);
  const all = async (name: string): Promise<EventLog[]> =>
    (await market.queryFilter(name, deployment.block)) as EventLog[];
  try {
    for (let until = performance.now() + 1_000 * seconds; ; await sleep(500, signal)) {
      const [claimed, settled, rescued, lost] = await Promise.all(
        ["Claimed", "Settled", "Rescued", "Lost"].map(all),
      );
      const isDone = rescued!.length > 0 && settled!.length > 0;
      if (!isDone && performance.now() < until && !signal.aborted) continue;
      const wins: Record<string, number> = {};
      for (const { args } of settled!) {
        const name = nameOf(args["payee"] as string);
        wins[name] = (wins[name] ?? 0) + 1;
      }
      const first = rescued![0]?.args;
      return {
        claims: claimed!.length,
        settlements: settled!.length,
        rescues: rescued!.length,
        slashes: rescued!.length + lost!.length,
        wins,
        rescue: first
          ? {
              epoch: Number(first["epoch"]),
              defaulter: nameOf(first["prover"] as string),
              rescuer: nameOf(first["rescuer"] as string),
              share: tokens(first["share"] as bigint),
              burned: tokens(first["burned"] as bigint),
            }
          : null,
      };
    }
  } finally {
    provider.destroy();
  }
}

/** One line for people. */
export function describeMarket({ claims, settlements, wins, rescue }: MarketSummary): string {
  const list = Object.entries(wins).map(([name, count]) => `${name} ${count}`);
  return `${claims} claims, ${settlements} settled${list.length > 0 ? ` (${list.join(", ")})` : ""}; ${
    rescue
      ? `epoch ${rescue.epoch} of ${rescue.defaulter} rescued by ${rescue.rescuer}: ${rescue.share} TST of the bond, ${rescue.burned} burnt`
      : "no rescue"
  }`;
}

function nameOf(address: string): string {
  const found = PROVERS.find(({ account }) => localAddress(account) === address);
  return found?.name ?? address;
}

function tokens(amount: bigint): string {
  return (Number(amount / 10n ** 14n) / 10_000).toString();
}

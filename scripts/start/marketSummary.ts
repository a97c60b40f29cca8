import { Contract, type EventLog, type JsonRpcProvider } from "ethers";

import { contractInterface } from "../../actors/l1/contractInterface.ts";
import type { Deployment } from "../../deploy/deployment.ts";
import { exactTokens } from "./amounts.ts";
import { nameOf, PROVERS } from "./provers.ts";

/** An epoch in the market. Provers by name, amounts in TST. */
export interface MarketEpoch {
  epoch: number;
  /** Fees asked for it, in basis points of its pot. */
  quotes: Record<string, number>;
  /** Who had the claim last, and for which fee; null when nobody claimed it. */
  claimant: string | null;
  feeBps: number | null;
  /** Who proved it. */
  prover: string;
  /** Who earned how much of its pot; null while nobody has settled it. */
  payee: string | null;
  paid: string | null;
  isRescue: boolean;
}

/** What the market's events amount to, for the epochs asked for. */
export interface MarketSummary {
  claims: number;
  settlements: number;
  rescues: number;
  /** Claims that ended with a burnt bond. */
  slashes: number;
  /** Epochs paid for, by prover. */
  wins: Record<string, number>;
  /** TST from the pots, by prover. */
  paid: Record<string, string>;
  /** Of the claim that was not delivered; null when all were. */
  rescue: { epoch: number; defaulter: string; rescuer: string; share: string; burned: string } | null;
  epochs: MarketEpoch[];
}

/** Quotes seen, by epoch and name of the prover, in basis points. */
export type SeenQuotes = ReadonlyMap<number, Readonly<Record<string, number>>>;

/** Reads what L1 has of proven epochs. */
export async function readMarketSummary({
  provider,
  deployment,
  epochs,
  quotes,
}: {
  provider: JsonRpcProvider;
  deployment: Deployment;
  /** Proven ones. */
  epochs: readonly number[];
  quotes: SeenQuotes;
}): Promise<MarketSummary> {
  const { market, rollup } = deployment.addresses;
  const at = (address: string, path: string): Contract =>
    new Contract(address, contractInterface(path), provider);
  const read = async (contract: Contract, name: string): Promise<EventLog[]> =>
    ((await contract.queryFilter(name, deployment.block)) as EventLog[]).filter(({ args }) =>
      epochs.includes(Number(args["epoch"])),
    );
  const contract = at(market, "market/ProofMarket");
  const claimed = await read(contract, "Claimed");
  const settled = await read(contract, "Settled");
  const rescued = await read(contract, "Rescued");
  const lost = await read(contract, "Lost");
  const proven = await read(at(rollup, "rollup/Rollup"), "EpochProven");

  const wins: Record<string, number> = Object.fromEntries(PROVERS.map(({ name }) => [name, 0]));
  const paid: Record<string, bigint> = Object.fromEntries(PROVERS.map(({ name }) => [name, 0n]));
  for (const { args } of settled) {
    const name = nameOf(args["payee"] as string);
    wins[name] = (wins[name] ?? 0) + 1;
    paid[name] = (paid[name] ?? 0n) + (args["credited"] as bigint);
  }
  const of = (logs: readonly EventLog[], epoch: number): EventLog["args"] | undefined =>
    logs.findLast(({ args }) => Number(args["epoch"]) === epoch)?.args;
  const first = rescued[0]?.args;
  return {
    claims: claimed.length,
    settlements: settled.length,
    rescues: rescued.length,
    slashes: rescued.length + lost.length,
    wins,
    paid: Object.fromEntries(Object.entries(paid).map(([name, amount]) => [name, exactTokens(amount)])),
    rescue: first
      ? {
          epoch: Number(first["epoch"]),
          defaulter: nameOf(first["prover"] as string),
          rescuer: nameOf(first["rescuer"] as string),
          share: exactTokens(first["share"] as bigint),
          burned: exactTokens(first["burned"] as bigint),
        }
      : null,
    epochs: epochs.map((epoch) => {
      const claim = of(claimed, epoch);
      const settlement = of(settled, epoch);
      return {
        epoch,
        quotes: { ...quotes.get(epoch) },
        claimant: claim ? nameOf(claim["prover"] as string) : null,
        feeBps: claim ? Number(claim["fee"]) : null,
        prover: nameOf(of(proven, epoch)!["prover"] as string),
        payee: settlement ? nameOf(settlement["payee"] as string) : null,
        paid: settlement ? exactTokens(settlement["credited"] as bigint) : null,
        isRescue: of(rescued, epoch) !== undefined,
      };
    }),
  };
}

/**
 * Reads the books of the network token from L1 at one block. Nothing is taken from a contract's own sums that its balance
 * does not show.
 */
import { Contract, type Interface, type Provider } from "ethers";

import { keccakWords } from "../../protocol/hash.ts";
import { decodeRecord } from "../../protocol/record.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import { compareBooks, type Books, type LedgerBooks, type Place, PLACES, sum } from "./books.ts";

/** The token, the Rollup, and the contracts of the suite that may hold the token; a deployment's record has them. */
export type BookAddresses = Record<"token" | "rollup" | Exclude<Place, "wallets" | "market">, string> & {
  market?: string;
};

/** The books, and what the wallets in them are. */
export interface ReadBooks extends Books {
  /** Balance of everybody who is no contract of the suite, by lower-case address; together `places.wallets`. */
  wallets: ReadonlyMap<string, bigint>;
}

/** L1 blocks asked for at once. */
const RANGE = 2_000;
const TOKEN = "token/NetworkToken";

/**
 * Reads L1 at a block and compares.
 * @param block up to which the node that `ledger` is from has synced
 * @param fromBlock at or before the token's creation
 */
export async function readBooks(parameters: {
  provider: Provider;
  addresses: BookAddresses;
  ledger: LedgerBooks;
  block: number;
  fromBlock: number;
}): Promise<ReadBooks> {
  const { provider, addresses, ledger, block, fromBlock } = parameters;
  const { token, rollup, rewards, feePortal, rewardDistributor, validatorSet, market } = addresses;
  const range = { provider, fromBlock, toBlock: block };
  const call = reader(provider, block);
  const placeOf = places(addresses);

  const transfers = await readTransfers({ ...range, token });
  const supply = await call<bigint>(TOKEN, token, "totalSupply");
  const balances = emptyPlaces();
  const wallets = new Map<string, bigint>();
  const faults: string[] = [];
  for (const [holder, expected] of transfers.balances) {
    const actual = await call<bigint>(TOKEN, token, "balanceOf", holder);
    if (actual !== expected) faults.push(`${holder} holds ${actual}, its transfers make ${expected}`);
    const place = placeOf(holder);
    balances[place] += actual;
    if (place === "wallets") wallets.set(holder, actual);
  }
  const burnedBy = emptyPlaces();
  for (const [holder, amount] of transfers.burnedBy) burnedBy[placeOf(holder)] += amount;

  const settledFees = await readSettledFees({ ...range, rewards });
  const bucket = (view: string): Promise<bigint> =>
    call<bigint>("rewards/RewardDistributor", rewardDistributor, view);
  const books = {
    block,
    minted: transfers.minted,
    burned: transfers.burned,
    burnedBy,
    supply,
    places: balances,
    stakes: await readStakes({ ...range, call, registry: validatorSet }),
    bonds: await readBonds({ ...range, call, market }),
    buckets: { canonical: await bucket("canonicalBalance"), earmarked: await bucket("totalEarmarked") },
    feePortal: {
      ...ledger,
      provenFees: await readProvenFees({ ...range, rollup }),
      settledFees,
      returnedPaid: transfers.outOf(feePortal) - settledFees,
    },
  };
  return { ...books, wallets, differences: [...compareBooks(books), ...faults] };
}

function emptyPlaces(): Record<Place, bigint> {
  return Object.fromEntries(PLACES.map((place) => [place, 0n])) as Record<Place, bigint>;
}

function places(addresses: BookAddresses): (holder: string) => Place {
  const known = new Map<string, Place>();
  for (const place of PLACES) {
    const address = place === "wallets" ? undefined : addresses[place]?.toLowerCase();
    if (address !== undefined && !known.has(address)) known.set(address, place);
  }
  return (holder) => known.get(holder) ?? "wallets";
}

type Call = <T>(path: string, address: string, view: string, ...args: unknown[]) => Promise<T>;

interface Range {
  provider: Provider;
  fromBlock: number;
  toBlock: number;
}

function reader(provider: Provider, block: number): Call {
  return async <T>(path: string, address: string, view: string, ...args: unknown[]) =>
    (await new Contract(address, contractInterface(path), provider)
      .getFunction(view)
      .staticCall(...args, { blockTag: block })) as T;
}

/** Arguments of all events of a name. */
async function* eventsOf(
  { provider, fromBlock, toBlock }: Range,
  address: string,
  abi: Interface,
  name: string,
): AsyncGenerator<Record<string, unknown>> {
  const topics = abi.encodeFilterTopics(name, []);
  for (let from = fromBlock; from <= toBlock; from += RANGE) {
    const to = Math.min(toBlock, from + RANGE - 1);
    for (const log of await provider.getLogs({ address, topics, fromBlock: from, toBlock: to }))
      yield abi.parseLog(log)!.args.toObject();
  }
}

async function readTransfers({ token, ...range }: Range & { token: string }): Promise<{
  minted: bigint;
  burned: bigint;
  burnedBy: Map<string, bigint>;
  balances: Map<string, bigint>;
  outOf(address: string): bigint;
}> {
  const balances = new Map<string, bigint>();
  const burnedBy = new Map<string, bigint>();
  const out = new Map<string, bigint>();
  const add = (to: Map<string, bigint>, key: string, amount: bigint): void =>
    void to.set(key, (to.get(key) ?? 0n) + amount);
  let minted = 0n;
  for await (const event of eventsOf(range, token, contractInterface(TOKEN), "Transfer")) {
    const from = (event["from"] as string).toLowerCase();
    const to = (event["to"] as string).toLowerCase();
    const value = event["value"] as bigint;
    if (BigInt(from) === 0n) minted += value;
    else {
      add(balances, from, -value);
      add(out, from, value);
    }
    if (BigInt(to) === 0n) add(burnedBy, from, value);
    else add(balances, to, value);
  }
  return {
    minted,
    burned: sum(burnedBy.values()),
    burnedBy,
    balances,
    outOf: (address) => out.get(address.toLowerCase()) ?? 0n,
  };
}

/** Fees that left the FeePortal for good: what is only credited, or waits to be flushed, is still there. */
async function readSettledFees({ rewards, ...range }: Range & { rewards: string }): Promise<bigint> {
  const abi = contractInterface("rewards/Rewards");
  const names: Record<string, readonly string[]> = {
    SequencerClaimed: ["fees"],
    ProverCollected: ["fees"],
    PotsFlushed: ["unspent", "burned"],
    FeesBurned: ["amount"],
    Swept: ["proverFees", "sequencerFees"],
  };
  let fees = 0n;
  for (const [name, amounts] of Object.entries(names))
    for await (const event of eventsOf(range, rewards, abi, name))
      fees += sum(amounts.map((amount) => event[amount] as bigint));
  return fees;
}

/** The end record of a proven epoch has its fees. */
async function readProvenFees({ rollup, ...range }: Range & { rollup: string }): Promise<bigint> {
  const abi = contractInterface("rollup/Rollup");
  const ends = new Set<bigint>();
  for await (const event of eventsOf(range, rollup, abi, "EpochProven"))
    ends.add(BigInt(event["endRecordHash"] as string));
  let fees = 0n;
  for await (const event of eventsOf(range, rollup, abi, "Proposed")) {
    const words = [...(event["record"] as Iterable<bigint>)];
    // A block that was rolled back may come again as it was: it counts once.
    if (ends.delete(keccakWords(words))) fees += sum(Object.values(decodeRecord(words).fees));
  }
  return fees;
}

async function readStakes({
  registry,
  call,
  ...range
}: Range & { registry: string; call: Call }): Promise<Books["stakes"]> {
  const path = "staking/ValidatorRegistry";
  const keys = new Set<string>();
  for await (const event of eventsOf(range, registry, contractInterface(path), "Deposited"))
    keys.add(event["keyHash"] as string);
  if (keys.size === 0) return undefined;
  const stakes = { staked: 0n, exiting: 0n };
  for (const key of keys) {
    const { stake, payableAt } = await call<{ stake: bigint; payableAt: bigint }>(
      path,
      registry,
      "validatorOf",
      key,
    );
    stakes[payableAt === 0n ? "staked" : "exiting"] += stake;
  }
  return stakes;
}

/** Bonds of all who ever put one up or rescued, and what was forfeited of them. */
async function readBonds({
  market,
  call,
  ...range
}: Range & { market: string | undefined; call: Call }): Promise<Books["bonds"]> {
  const bonds = { free: 0n, reserved: 0n, withdrawing: 0n, forfeited: 0n };
  if (market === undefined) return bonds;
  const path = "market/ProofMarket";
  bonds.forfeited = await call<bigint>(path, market, "toBurn");
  const abi = contractInterface(path);
  const provers = new Set<string>();
  for await (const event of eventsOf(range, market, abi, "Deposited")) provers.add(event["prover"] as string);
  for await (const event of eventsOf(range, market, abi, "Rescued")) provers.add(event["rescuer"] as string);
  for (const prover of provers) {
    const account = await call<typeof bonds>(path, market, "accountOf", prover);
    bonds.free += account.free;
    bonds.reserved += account.reserved;
    bonds.withdrawing += account.withdrawing;
  }
  return bonds;
}

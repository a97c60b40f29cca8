/**
 * The books of the network token at one L1 block: every base unit that was ever minted is in exactly one place, and what
 * the FeePortal holds is what the ledger owes. Nothing is taken from a contract's own sums that its balance does not show.
 */
import { Contract, type Interface, type Provider } from "ethers";

import { keccakWords } from "../../protocol/hash.ts";
import { MESSAGE_FEE_DEPOSIT } from "../../protocol/message.ts";
import { decodeRecord } from "../../protocol/record.ts";
import { ASSET_FEE_JUICE, type Withdrawal } from "../../protocol/withdrawal.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import type { ChainState } from "../node/chainState.ts";

/** What the ledger says of the money in the FeePortal. */
export interface LedgerBooks {
  /** Fee juice of all accounts at the tip. */
  accounts: bigint;
  /** Deposits that no block has consumed yet. */
  waiting: bigint;
  /** Deposits that the ledger ever sent back to L1, paid or not. */
  returned: bigint;
  /** Fees of blocks that are not proven. */
  pendingFees: bigint;
}

/** Where the token is. */
export interface Books {
  /** L1 block of all figures. */
  block: number;
  minted: bigint;
  burned: bigint;
  supply: bigint;
  /** Balances; together the supply. `holders`: everybody who is no contract of the suite. */
  places: Record<string, bigint>;
  /** What the FeePortal's balance consists of. */
  feePortal: LedgerBooks & {
    /** Fees of proven epochs, all time. */
    provenFees: bigint;
    /** Paid to coinbases, provers and the distributor, or burned, of those. */
    settledFees: bigint;
    /** Returned deposits that were paid out. */
    returnedPaid: bigint;
  };
  /** What does not add up, in sentences; empty when the books are right. */
  differences: string[];
}

/** Contracts of the suite that may hold the token. */
export interface BookAddresses {
  token: string;
  rollup: string;
  feePortal: string;
  rewards: string;
  rewardDistributor: string;
  validatorSet: string;
  aggregateChallenge: string;
  proofMarket?: string;
}

/** L1 blocks asked for at once. */
const RANGE = 2_000;
const TOKEN = "token/NetworkToken";

/** What a node's chain says, at the L1 block up to which it is synced. */
export function readLedgerBooks(chain: ChainState): LedgerBooks {
  const { state, record, number } = chain.tip;
  let accounts = 0n;
  for (const [, { feeBalance }] of state.accounts()) accounts += feeBalance;

  let waiting = 0n;
  for (const message of chain.messages.slice(record.messageCount))
    if (message.type === MESSAGE_FEE_DEPOSIT) waiting += message.amount;

  let returned = 0n;
  let pendingFees = 0n;
  for (const { withdrawals } of chain.provenEpochs) returned += feeJuiceIn(withdrawals);
  for (let n = chain.proven + 1; n <= number; n++) {
    const block = chain.block(n)!;
    if (block.status !== "valid") break;
    returned += feeJuiceIn(block.result?.withdrawals ?? []);
    // A record carries its epoch's fees so far: the epoch's last one counts.
    const next = n < number ? chain.block(n + 1)! : undefined;
    if (next?.epoch !== block.epoch) pendingFees += sum(Object.values(block.record.fees));
  }
  return { accounts, waiting, returned, pendingFees };
}

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
}): Promise<Books> {
  const { provider, addresses, ledger, block, fromBlock } = parameters;
  const range = { provider, fromBlock, toBlock: block };
  const call = reader(provider, block);

  const transfers = await readTransfers({ ...range, token: addresses.token });
  const supply = await call<bigint>(TOKEN, addresses.token, "totalSupply");
  const balances = new Map<string, bigint>();
  for (const holder of transfers.balances.keys())
    balances.set(holder, await call<bigint>(TOKEN, addresses.token, "balanceOf", holder));

  const others = new Map(balances);
  const places: Record<string, bigint> = {};
  const { token: _token, rollup: _rollup, ...contracts } = addresses;
  for (const [name, address] of Object.entries(contracts)) {
    const key = address.toLowerCase();
    places[name] = others.get(key) ?? 0n;
    others.delete(key);
  }
  places["holders"] = sum(others.values());

  const paidOut = await readSettled({ ...range, rewards: addresses.rewards });
  const fees = {
    ...ledger,
    provenFees: await readProvenFees({ ...range, rollup: addresses.rollup }),
    settledFees: paidOut.fees,
    returnedPaid: transfers.outOf(addresses.feePortal) - paidOut.fees,
  };
  const stakes = await readStakes({ ...range, call, registry: addresses.validatorSet });
  const earmarked = await call<bigint>(
    "rewards/RewardDistributor",
    addresses.rewardDistributor,
    "totalEarmarked",
  );

  const books = {
    block,
    minted: transfers.minted,
    burned: transfers.burned,
    supply,
    places,
    feePortal: fees,
  };
  const differences = compareBooks({ ...books, stakes, earmarked });
  for (const [holder, expected] of transfers.balances) {
    const actual = balances.get(holder)!;
    if (actual !== expected) differences.push(`${holder} holds ${actual}, its transfers make ${expected}`);
  }
  return { ...books, differences };
}

/** What of the books does not add up. */
export function compareBooks(
  books: Omit<Books, "differences"> & {
    /** Of all validators, by the registry; undefined for a permissioned set. */
    stakes: bigint | undefined;
    earmarked: bigint;
  },
): string[] {
  const { minted, burned, supply, places, feePortal: fees, stakes, earmarked } = books;
  const differences: string[] = [];
  const same = (what: string, actual: bigint, expected: bigint): void => {
    if (actual !== expected) differences.push(`${what}: ${actual}, not ${expected}`);
  };
  same("supply against minted less burned", supply, minted - burned);
  same("sum of all places against the supply", sum(Object.values(places)), supply);
  same(
    "FeePortal against what the ledger owes",
    places["feePortal"]!,
    fees.accounts +
      fees.waiting +
      (fees.returned - fees.returnedPaid) +
      (fees.pendingFees + fees.provenFees - fees.settledFees),
  );
  same("tokens in Rewards, which holds none", places["rewards"]!, 0n);
  if (stakes !== undefined) same("registry against its validators' stakes", places["validatorSet"]!, stakes);
  if (earmarked > places["rewardDistributor"]!)
    differences.push(`the distributor holds less than the ${earmarked} that are earmarked`);
  if (fees.settledFees > fees.provenFees) differences.push("more fees were paid out than proven");
  if (fees.returnedPaid < 0n || fees.returnedPaid > fees.returned)
    differences.push("the FeePortal paid out what is neither a fee nor a returned deposit");
  return differences;
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
  balances: Map<string, bigint>;
  outOf(address: string): bigint;
}> {
  const balances = new Map<string, bigint>();
  const out = new Map<string, bigint>();
  let minted = 0n;
  let burned = 0n;
  for await (const event of eventsOf(range, token, contractInterface(TOKEN), "Transfer")) {
    const from = (event["from"] as string).toLowerCase();
    const to = (event["to"] as string).toLowerCase();
    const value = event["value"] as bigint;
    if (BigInt(from) === 0n) minted += value;
    else {
      balances.set(from, (balances.get(from) ?? 0n) - value);
      out.set(from, (out.get(from) ?? 0n) + value);
    }
    if (BigInt(to) === 0n) burned += value;
    else balances.set(to, (balances.get(to) ?? 0n) + value);
  }
  return { minted, burned, balances, outOf: (address) => out.get(address.toLowerCase()) ?? 0n };
}

/** Fees that left the FeePortal for good. */
async function readSettled({ rewards, ...range }: Range & { rewards: string }): Promise<{ fees: bigint }> {
  const abi = contractInterface("rewards/Rewards");
  const names: Record<string, readonly string[]> = {
    SequencerClaimed: ["fees"],
    ProverPaid: ["fees", "returned"],
    FeesBurned: ["amount"],
    Swept: ["proverFees", "sequencerFees"],
  };
  let fees = 0n;
  for (const [name, amounts] of Object.entries(names))
    for await (const event of eventsOf(range, rewards, abi, name))
      fees += sum(amounts.map((amount) => event[amount] as bigint));
  return { fees };
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
}: Range & { registry: string; call: Call }): Promise<bigint | undefined> {
  const path = "staking/ValidatorRegistry";
  const keys = new Set<string>();
  for await (const event of eventsOf(range, registry, contractInterface(path), "Deposited"))
    keys.add(event["keyHash"] as string);
  if (keys.size === 0) return undefined;
  let stakes = 0n;
  for (const key of keys) stakes += (await call<{ stake: bigint }>(path, registry, "validatorOf", key)).stake;
  return stakes;
}

function feeJuiceIn(withdrawals: readonly Withdrawal[]): bigint {
  return sum(withdrawals.filter(({ asset }) => asset === ASSET_FEE_JUICE).map(({ amount }) => amount));
}

function sum(values: Iterable<bigint>): bigint {
  let total = 0n;
  for (const value of values) total += value;
  return total;
}

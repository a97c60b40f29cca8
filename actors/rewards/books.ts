/**
 * The books of the network token: every base unit that was ever minted is in exactly one place, what a place holds is what
 * its owners are owed there, and the FeePortal's balance is what the ledger owes. `readBooks.ts` reads them from L1.
 */
import { MESSAGE_FEE_DEPOSIT } from "../../protocol/message.ts";
import { ASSET_FEE_JUICE, type Withdrawal } from "../../protocol/withdrawal.ts";
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

/** Contracts of the suite that may hold the token, by their name in a deployment's record; `wallets`: everybody else. */
export const PLACES = [
  "wallets",
  "validatorSet",
  "market",
  "feePortal",
  "rewardDistributor",
  "rewards",
  "aggregateChallenge",
] as const;
export type Place = (typeof PLACES)[number];

/** Where the token is, in base units. */
export interface Books {
  /** L1 block of all figures. */
  block: number;
  minted: bigint;
  /** All that was burned, and by whom. */
  burned: bigint;
  burnedBy: Record<Place, bigint>;
  supply: bigint;
  /** Balances; together the supply. */
  places: Record<Place, bigint>;
  /** What the registry's balance consists of; undefined for a permissioned set. */
  stakes: { staked: bigint; exiting: bigint } | undefined;
  /** What the market's balance consists of: all provers' bonds, and forfeited ones that nobody burned yet. */
  bonds: { free: bigint; reserved: bigint; withdrawing: bigint; forfeited: bigint };
  /** What the distributor's balance consists of. */
  buckets: { canonical: bigint; earmarked: bigint };
  /** What the FeePortal's balance consists of. */
  feePortal: LedgerBooks & {
    /** Fees of proven epochs, all time. */
    provenFees: bigint;
    /** Paid to coinbases, provers and the distributor, or burned, of those. What is only credited is still here. */
    settledFees: bigint;
    /** Returned deposits that were paid out. */
    returnedPaid: bigint;
  };
  /** What does not add up, in sentences; empty when the books are right. */
  differences: string[];
}

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

/** Parts of the FeePortal's balance that are owed. */
export function owedByPortal(
  fees: Books["feePortal"],
): Record<"accounts" | "waiting" | "returns" | "pending" | "credited", bigint> {
  return {
    accounts: fees.accounts,
    waiting: fees.waiting,
    returns: fees.returned - fees.returnedPaid,
    pending: fees.pendingFees,
    credited: fees.provenFees - fees.settledFees,
  };
}

/** What of the books does not add up. */
export function compareBooks(books: Omit<Books, "differences">): string[] {
  const { minted, burned, burnedBy, supply, places, stakes, bonds, buckets, feePortal: fees } = books;
  const differences: string[] = [];
  const same = (what: string, actual: bigint, expected: bigint): void => {
    if (actual !== expected) differences.push(`${what}: ${actual}, not ${expected}`);
  };
  same("supply against minted less burned", supply, minted - burned);
  same("burned in all against the sum of who burned", burned, sum(Object.values(burnedBy)));
  same("sum of all places against the supply", sum(Object.values(places)), supply);
  same("FeePortal against what the ledger owes", places.feePortal, sum(Object.values(owedByPortal(fees))));
  same("tokens in Rewards, which holds none", places.rewards, 0n);
  if (stakes)
    same("registry against its validators' stakes", places.validatorSet, sum(Object.values(stakes)));
  same("market against its provers' bonds", places.market, sum(Object.values(bonds)));
  same("distributor against its buckets", places.rewardDistributor, sum(Object.values(buckets)));
  if (fees.settledFees > fees.provenFees) differences.push("more fees were paid out than proven");
  if (fees.returnedPaid < 0n || fees.returnedPaid > fees.returned)
    differences.push("the FeePortal paid out what is neither a fee nor a returned deposit");
  return differences;
}

function feeJuiceIn(withdrawals: readonly Withdrawal[]): bigint {
  return sum(withdrawals.filter(({ asset }) => asset === ASSET_FEE_JUICE).map(({ amount }) => amount));
}

/** Of base units. */
export function sum(values: Iterable<bigint>): bigint {
  let total = 0n;
  for (const value of values) total += value;
  return total;
}

/**
 * Which transaction comes first.
 *
 * A transaction's **priority** is what it would pay for its place in a block at most, each offer counted up to twice the
 * price: gasL2 · min(maxFeePerL2Gas, 2 · feePerL2Gas) + gasDa · min(maxFeePerDaGas, 2 · feePerDaGas), in base units of fee
 * juice. Everybody is charged the price, whatever the offer: beyond what tells how long a transaction survives rising
 * prices, a higher one costs nothing and says nothing. The place needs no weight: each kind takes one of a block's
 * transaction slots, and a block's gas limits are those slots times the dearest kind.
 *
 * Transactions of one account keep the order of their nonces, so each counts as no more than the lowest before it. Among
 * equals an account's first comes before another's second, whoever sent more or sooner: nobody holds up others by sending
 * much. Then the earlier arrival. The order depends on the pool, the prices and the account's nonces, on nothing else.
 */
import { feeOf, gasOf, type GasPrices } from "../../protocol/gas.ts";
import type { Transaction } from "../../protocol/transaction.ts";

/** What an offer counts up to, as a multiple of the price. */
const OFFER_CAP = 2n;

/** A transaction's place in the order. */
export interface Rank {
  priority: bigint;
  /** Transactions of its account before it. */
  ahead: number;
  /** Order of arrival. */
  arrival: number;
}

/** What a transaction would pay at most, its offers counted up to twice the prices. */
export function priorityOf(transaction: Transaction, prices: GasPrices): bigint {
  const { feePerL2Gas, feePerDaGas } = prices;
  return chargeAtMost(transaction, {
    feePerL2Gas: OFFER_CAP * feePerL2Gas,
    feePerDaGas: OFFER_CAP * feePerDaGas,
  });
}

/** Its fee at the prices or, while it offers less, at its offer: it waits until they are no higher. */
export function chargeAtMost(transaction: Transaction, prices: GasPrices): bigint {
  const { kind, maxFeePerL2Gas, maxFeePerDaGas } = transaction;
  return feeOf(gasOf(kind), {
    feePerL2Gas: least(maxFeePerL2Gas, prices.feePerL2Gas),
    feePerDaGas: least(maxFeePerDaGas, prices.feePerDaGas),
  });
}

/** Whether a block with these prices may take it. */
export function offers({ maxFeePerL2Gas, maxFeePerDaGas }: Transaction, prices: GasPrices): boolean {
  return maxFeePerL2Gas >= prices.feePerL2Gas && maxFeePerDaGas >= prices.feePerDaGas;
}

/** Ranks of one account's transactions, in the order of their nonces without a gap. */
export function ranksOf(
  run: readonly { transaction: Transaction; arrival: number }[],
  prices: GasPrices,
): Rank[] {
  let lowest: bigint | undefined;
  return run.map(({ transaction, arrival }, ahead) => {
    const own = priorityOf(transaction, prices);
    lowest = lowest === undefined ? own : least(lowest, own);
    return { priority: lowest, ahead, arrival };
  });
}

/** For sorting: negative when `a` comes first. */
export function compareRanks(a: Rank, b: Rank): number {
  if (a.priority !== b.priority) return a.priority > b.priority ? -1 : 1;
  return a.ahead - b.ahead || a.arrival - b.arrival;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

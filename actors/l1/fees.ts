/** What transactions offer: first offers, replacements, and the ceiling over both. */
import type { JsonRpcProvider } from "ethers";

/** What a transaction offers, in wei per unit of gas. */
export interface L1Fees {
  maxFeePerGas: bigint;
  maxPriorityFeePerGas: bigint;
  maxFeePerBlobGas: bigint;
}

/** Most that an actor is ready to pay, in wei per unit of gas. */
export interface FeeCeiling {
  /** Base fee and tip together. */
  maxFeePerGas: bigint;
  maxFeePerBlobGas: bigint;
}

/** What L1 asks at its head, in wei per unit of gas. */
export interface L1Market {
  baseFeePerGas: bigint;
  /** What gets a transaction included. */
  tip: bigint;
  baseFeePerBlobGas: bigint;
}

/** Least offer for blob gas: the price paid is the block's, so a high ceiling costs nothing and survives its rise. */
const MIN_BLOB_FEE = 1_000_000_000n;

/** Reads the head's prices. */
export async function readMarket(provider: JsonRpcProvider): Promise<L1Market> {
  const [block, tip, baseFeePerBlobGas] = await Promise.all([
    provider.send("eth_getBlockByNumber", ["latest", false]) as Promise<{ baseFeePerGas?: string }>,
    ask(provider, "eth_maxPriorityFeePerGas", 1_000_000_000n),
    ask(provider, "eth_blobBaseFee", 1n),
  ]);
  return { baseFeePerGas: BigInt(block.baseFeePerGas ?? "0x0"), tip, baseFeePerBlobGas };
}

/** The head's base fees alone, as a rollup's oracle samples them. */
export async function readL1Fees(provider: JsonRpcProvider): Promise<{ base: bigint; blob: bigint }> {
  const { baseFeePerGas, baseFeePerBlobGas } = await readMarket(provider);
  return { base: baseFeePerGas, blob: baseFeePerBlobGas };
}

/** Twice the present base fees: enough for six full blocks in a row. Never above the ceiling. */
export function offerOf(market: L1Market, ceiling?: FeeCeiling): L1Fees {
  const { baseFeePerGas, tip, baseFeePerBlobGas } = market;
  const maxFeePerGas = atMost(baseFeePerGas * 2n + tip, ceiling?.maxFeePerGas);
  return {
    maxFeePerGas,
    maxPriorityFeePerGas: atMost(tip, maxFeePerGas),
    maxFeePerBlobGas: atMost(atLeast(baseFeePerBlobGas * 2n, MIN_BLOB_FEE), ceiling?.maxFeePerBlobGas),
  };
}

/** Whether L1 asks for more than the ceiling: what is sent now would wait. */
export function isOverCeiling({
  market,
  ceiling,
  blob,
}: {
  market: L1Market;
  ceiling: FeeCeiling | undefined;
  blob: boolean;
}): boolean {
  if (!ceiling) return false;
  if (market.baseFeePerGas + market.tip > ceiling.maxFeePerGas) return true;
  return blob && market.baseFeePerBlobGas > ceiling.maxFeePerBlobGas;
}

/** Whether L1 asks for more than an offer: it waits, whatever its tip. */
export function isOutbid({
  market,
  offer,
  blob,
}: {
  market: L1Market;
  offer: L1Fees;
  blob: boolean;
}): boolean {
  return (
    market.baseFeePerGas > offer.maxFeePerGas || (blob && market.baseFeePerBlobGas > offer.maxFeePerBlobGas)
  );
}

/**
 * Fees of a replacement: what the market asks now, and at least what the pools demand over the earlier offer.
 * They demand +10 % of an ordinary transaction and +100 % of a blob transaction, in every field.
 */
export function bumpFees({
  earlier,
  market,
  blob,
}: {
  earlier: L1Fees;
  market: L1Fees;
  blob: boolean;
}): L1Fees {
  const raise = (fee: bigint) => (blob ? fee * 2n : (fee * 5n) / 4n + 1n);
  return {
    maxFeePerGas: atLeast(market.maxFeePerGas, raise(earlier.maxFeePerGas)),
    maxPriorityFeePerGas: atLeast(market.maxPriorityFeePerGas, raise(earlier.maxPriorityFeePerGas)),
    maxFeePerBlobGas: atLeast(market.maxFeePerBlobGas, raise(earlier.maxFeePerBlobGas)),
  };
}

/** Whether an offer stays under a ceiling. */
export function isUnderCeiling({
  offer,
  ceiling,
  blob,
}: {
  offer: L1Fees;
  ceiling: FeeCeiling | undefined;
  blob: boolean;
}): boolean {
  if (!ceiling) return true;
  return (
    offer.maxFeePerGas <= ceiling.maxFeePerGas &&
    (!blob || offer.maxFeePerBlobGas <= ceiling.maxFeePerBlobGas)
  );
}

/**
 * Ceiling of an offer that replaces one that was left behind: that may need twice its offer, which may have been the
 * ceiling. The price paid is the block's, and nothing is sent while L1 asks for more than the ceiling itself.
 */
export function takeoverCeiling(ceiling: FeeCeiling | undefined): FeeCeiling | undefined {
  return (
    ceiling && {
      maxFeePerGas: 2n * ceiling.maxFeePerGas,
      maxFeePerBlobGas: 2n * ceiling.maxFeePerBlobGas,
    }
  );
}

/** A ceiling that rises from `start` to `end` in a straight line between two times; constant before and after. */
export function risingCeiling({
  start,
  end,
  from,
  until,
  time,
}: {
  start: FeeCeiling;
  end: FeeCeiling;
  /** Seconds since 1970, as `until` and `time`. */
  from: number;
  until: number;
  time: number;
}): FeeCeiling {
  const span = BigInt(Math.max(1, until - from));
  const passed = BigInt(Math.max(0, Math.min(time - from, Number(span))));
  const between = (a: bigint, b: bigint) => a + ((b - a) * passed) / span;
  return {
    maxFeePerGas: between(start.maxFeePerGas, end.maxFeePerGas),
    maxFeePerBlobGas: between(start.maxFeePerBlobGas, end.maxFeePerBlobGas),
  };
}

function atLeast(fee: bigint, least: bigint): bigint {
  return fee > least ? fee : least;
}

function atMost(fee: bigint, most: bigint | undefined): bigint {
  return most !== undefined && fee > most ? most : fee;
}

async function ask(provider: JsonRpcProvider, method: string, otherwise: bigint): Promise<bigint> {
  try {
    return BigInt((await provider.send(method, [])) as string);
  } catch {
    return otherwise; // some chains lack the method
  }
}

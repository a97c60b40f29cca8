import type { JsonRpcProvider } from "ethers";

/** What a transaction offers, in wei per unit of gas. */
export interface L1Fees {
  maxFeePerGas: bigint;
  maxPriorityFeePerGas: bigint;
  maxFeePerBlobGas: bigint;
}

/** Least offer for blob gas: the price paid is the block's, so a high ceiling costs nothing and survives its rise. */
const MIN_BLOB_FEE = 1_000_000_000n;

/** Twice the present base fees: enough for six full blocks in a row. */
export async function suggestFees(provider: JsonRpcProvider): Promise<L1Fees> {
  const [block, tip, blobBaseFee] = await Promise.all([
    provider.send("eth_getBlockByNumber", ["latest", false]) as Promise<{ baseFeePerGas?: string }>,
    ask(provider, "eth_maxPriorityFeePerGas", 1_000_000_000n),
    ask(provider, "eth_blobBaseFee", 1n),
  ]);
  const base = BigInt(block.baseFeePerGas ?? "0x0");
  const blobFee = blobBaseFee * 2n;
  return {
    maxFeePerGas: base * 2n + tip,
    maxPriorityFeePerGas: tip,
    maxFeePerBlobGas: blobFee > MIN_BLOB_FEE ? blobFee : MIN_BLOB_FEE,
  };
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
  const atLeast = (fee: bigint, least: bigint) => (fee > least ? fee : least);
  return {
    maxFeePerGas: atLeast(market.maxFeePerGas, raise(earlier.maxFeePerGas)),
    maxPriorityFeePerGas: atLeast(market.maxPriorityFeePerGas, raise(earlier.maxPriorityFeePerGas)),
    maxFeePerBlobGas: atLeast(market.maxFeePerBlobGas, raise(earlier.maxFeePerBlobGas)),
  };
}

async function ask(provider: JsonRpcProvider, method: string, otherwise: bigint): Promise<bigint> {
  try {
    return BigInt((await provider.send(method, [])) as string);
  } catch {
    return otherwise; // some chains lack the method
  }
}

import { KIND_TRANSFER, KIND_WITHDRAW } from "./transaction.ts";

/** L2 gas of a transfer. */
export const GAS_TRANSFER = 10_000n;
/** L2 gas of a withdrawal: it also takes a message to L1. */
export const GAS_WITHDRAW = 15_000n;
/** DA gas of a transaction: its four words of 32 bytes. */
export const TX_DA_GAS = 128n;

/** Gas in both dimensions. */
export interface Gas {
  readonly l2: bigint;
  readonly da: bigint;
}

/** Base units of fee juice for a unit of gas, each below 2^64. */
export interface GasPrices {
  readonly feePerL2Gas: bigint;
  readonly feePerDaGas: bigint;
}

/** Gas an ordinary transaction of this kind is charged; 0 for a kind that does not exist. */
export function gasOf(kind: number): Gas {
  switch (kind) {
    case KIND_TRANSFER:
      return { l2: GAS_TRANSFER, da: TX_DA_GAS };
    case KIND_WITHDRAW:
      return { l2: GAS_WITHDRAW, da: TX_DA_GAS };
    default:
      return { l2: 0n, da: 0n };
  }
}

/** Price of gas in base units of fee juice. */
export function feeOf(gas: Gas, prices: GasPrices): bigint {
  return gas.l2 * prices.feePerL2Gas + gas.da * prices.feePerDaGas;
}

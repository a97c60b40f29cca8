/** What to offer so that a transaction stays includable while prices move. */
import { advanceFees, pricesAt, type FeeConfig, type FeeState, type L1Fees } from "./fees.ts";
import type { Gas, GasPrices } from "./gas.ts";

/** Where a fee estimate starts from. */
export interface FeeOutlook {
  readonly config: FeeConfig;
  /** Most gas of a block. */
  readonly limits: Gas;
  /** Most that a block moves the exchange rate, in basis points. */
  readonly maxModifier: number;
  /** Fee state of the newest block. */
  readonly parent: FeeState;
  /** First slot that a block could take the transaction in. */
  readonly slot: number;
  /** L1's fees now: what the next sample would see. */
  readonly l1Fees: L1Fees;
  /** L1 blocks in a slot, rounded up. */
  readonly l1BlocksPerSlot: number;
}

/** What an estimate allows for. */
export interface FeeCaution {
  /** Blocks in a row that are full; those after them use their target. */
  readonly fullBlocks: number;
  /** L1 blocks in a row in which L1's fees rise as fast as its rules let them. */
  readonly l1RiseBlocks: number;
}

/** Covers a rise of L1's base fee by ×50 and of its blob base fee by ×16: see the table in docs/fees.md. */
export const LIKELY: FeeCaution = { fullBlocks: 8, l1RiseBlocks: 24 };

/** The most that the rules allow: L1's fees never stop rising, every block is full. */
export const CERTAIN: FeeCaution = { fullBlocks: Infinity, l1RiseBlocks: Infinity };

/** Parameters of {@link estimateFees}. */
export interface FeeEstimate extends FeeOutlook {
  /** Blocks within which the transaction is to be included, from 1. */
  readonly blocks: number;
  /** Default: {@link LIKELY}. */
  readonly caution?: FeeCaution;
}

const BASIS_POINTS = 10_000n;
/** Greatest rise of L1's base fee in a block, in basis points (EIP-1559). */
const BASE_RISE = 1_250n;
/** Of its blob base fee: full blocks raise it by e^(131,072 · (most − target) / fraction), 8.17 % (EIP-4844, EIP-7892). */
const BLOB_RISE = 820n;

/**
 * Max fees that stay at or above the prices of the next `blocks` slots, as far as `caution` looks; every proposer is
 * taken to lower the exchange rate as far as it may. For one block it is exact: prices follow from the parent and the
 * slot.
 *
 * A transaction pays the block's price whatever it offers; an offer only says how long it survives.
 */
export function estimateFees(estimate: FeeEstimate): GasPrices {
  const { config, limits, maxModifier, l1BlocksPerSlot, blocks, caution = LIKELY } = estimate;
  const target: Gas = { l2: config.targetL2, da: config.targetDa };
  let { parent, l1Fees } = estimate;
  let l1Block = 0;
  let most: GasPrices = { feePerL2Gas: 0n, feePerDaGas: 0n };
  for (let ahead = 0; ahead < blocks; ahead++) {
    const slot = estimate.slot + ahead;
    most = larger(most, pricesAt({ config, parent, slot }));
    // The block comes after the look at L1, in the last L1 block of its slot at the latest.
    for (let block = 0; block < l1BlocksPerSlot && l1Block < caution.l1RiseBlocks; block++, l1Block++) {
      l1Fees = { base: raised(l1Fees.base, BASE_RISE), blob: raised(l1Fees.blob, BLOB_RISE) };
    }
    const gas = ahead < caution.fullBlocks ? limits : target;
    parent = advanceFees({ config, parent, slot, gas, modifier: -maxModifier, l1Fees });
  }
  return most;
}

function larger(a: GasPrices, b: GasPrices): GasPrices {
  return {
    feePerL2Gas: a.feePerL2Gas > b.feePerL2Gas ? a.feePerL2Gas : b.feePerL2Gas,
    feePerDaGas: a.feePerDaGas > b.feePerDaGas ? a.feePerDaGas : b.feePerDaGas,
  };
}

/** Rounded up. */
function raised(fee: bigint, rise: bigint): bigint {
  return fee + (fee * rise + BASIS_POINTS - 1n) / BASIS_POINTS;
}

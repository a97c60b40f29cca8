/** A preset's fee parameters: their schema, what is wrong with them, and what the Rollup's constructor makes of them. */
import { z } from "zod";

import { feeCaps, MAX_L1_FEE, MAX_PRICE, MIN_PRICE, type FeeConfig } from "../protocol/fees.ts";
import { GAS_WITHDRAW, TX_DA_GAS, type Gas } from "../protocol/gas.ts";
import { ORACLE_WORD } from "../protocol/record.ts";
import { SIZES, type SizeName } from "../protocol/sizes.ts";

/** A decimal number as text, since JSON has no integers of this size. */
const amount = z
  .string()
  .regex(/^\d+$/, "a whole number as text, in the smallest unit")
  .transform((text) => BigInt(text));
const positive = z.number().int().positive();
const l1Fee = amount.refine((value) => value > 0n && value <= MAX_L1_FEE, "from 1 wei, at most 48 bits");

export const feesSchema = z.strictObject({
  /** Gas of a block at which congestion neither grows nor falls, as a share of the most that it holds. */
  targetBps: positive.max(10_000),
  /** Targets of excess that multiply a price by e, in thousandths. 8,547: a full block adds 12.4 %. */
  damping: positive.max(1_000_000),
  /** L1 gas of a `propose`, as measured by `npx hardhat gas`. */
  proposeGas: positive.max(0xffff_ffff),
  /** L1 gas of the proof of a full epoch, likewise. */
  proofGas: positive.max(0xffff_ffff),
  /** Cost of making the proof, in wei of ETH per unit of L2 gas. */
  provingCost: amount.refine((value) => value < 1n << 64n, "at most 64 bits"),
  /** Slots from a sample of L1's fees to its effect, and to the next sample. */
  oracleLagSlots: positive,
  oracleLifetimeSlots: positive.max(0xffff),
  /** L1's base fee and blob base fee at genesis, in wei. */
  l1BaseFee: l1Fee,
  l1BlobFee: l1Fee,
  /** Wei of ETH per unit of L2 gas that a forced transaction pays into an empty queue: for nothing anyone fills the Inbox. */
  forcedFeePerL2Gas: amount.refine((value) => value > 0n && value < 1n << 64n, "from 1 wei, at most 64 bits"),
});

export const priceSchema = z.strictObject({
  /** Price of one TST in ETH at genesis, times 10^12. */
  ethPerToken: amount.refine(
    (value) => value >= MIN_PRICE && value <= MAX_PRICE,
    `from ${MIN_PRICE} to ${MAX_PRICE}`,
  ),
  /** Most that a block may move the price, in basis points. */
  maxModifierBps: z.number().int().min(0).max(100),
});

/** The parts of a preset that fees depend on. */
export interface FeePreset {
  circuit: SizeName;
  epochSlots: number;
  fees: z.infer<typeof feesSchema>;
  price: z.infer<typeof priceSchema>;
}

/** Most gas of a block: the circuit's transactions, all of the dearest kind. */
export function gasLimits(circuit: SizeName): Gas {
  const transactions = BigInt(SIZES[circuit].transactions);
  return { l2: transactions * GAS_WITHDRAW, da: transactions * TX_DA_GAS };
}

/** The contract's `FeeConfig`. Its caps are the widest that the record's fields allow. */
export function feeConfig({ circuit, epochSlots, fees }: FeePreset): FeeConfig {
  const limits = gasLimits(circuit);
  const target = (limit: bigint): bigint => (limit * BigInt(fees.targetBps)) / 10_000n || 1n;
  const fraction = (limit: bigint): bigint => (target(limit) * BigInt(fees.damping)) / 1_000n || 1n;
  const caps = feeCaps({ limits, slotsPerEpoch: epochSlots });
  return {
    targetL2: target(limits.l2),
    targetDa: target(limits.da),
    fractionL2: fraction(limits.l2),
    fractionDa: fraction(limits.da),
    proposeGas: BigInt(fees.proposeGas),
    proofGas: BigInt(Math.ceil(fees.proofGas / epochSlots)),
    provingCost: fees.provingCost,
    maxFeePerL2Gas: caps.feePerL2Gas,
    maxFeePerDaGas: caps.feePerDaGas,
    oracleLag: BigInt(fees.oracleLagSlots),
    oracleLifetime: BigInt(fees.oracleLifetimeSlots),
  };
}

/** The genesis record's oracle word: until the first samples count, L1's fees are the preset's. */
export function initialOracle({ fees, price }: Pick<FeePreset, "fees" | "price">): bigint {
  return ORACLE_WORD.pack({
    price: price.ethPerToken,
    preBase: fees.l1BaseFee,
    preBlob: fees.l1BlobFee,
    postBase: fees.l1BaseFee,
    postBlob: fees.l1BlobFee,
  });
}

/** The network that fee replays run on: TestNet's times, a circuit of 128 transactions a block. */
import { feeCaps, type FeeConfig, type FeeState } from "../../protocol/fees.ts";
import { GAS_WITHDRAW, TX_DA_GAS, type Gas } from "../../protocol/gas.ts";
import { toSlot } from "../../protocol/time.ts";

const TRANSACTIONS = 128n;

/** Slots an epoch. */
export const SLOTS_PER_EPOCH = 32;
/** L1 blocks a slot. */
export const L1_BLOCKS_PER_SLOT = 6;
/** Basis points a block. */
export const MAX_MODIFIER = 100;

/** Most gas of a block. */
export const LIMITS: Gas = { l2: TRANSACTIONS * GAS_WITHDRAW, da: TRANSACTIONS * TX_DA_GAS };

const target: Gas = { l2: LIMITS.l2 / 2n, da: LIMITS.da / 2n };
const caps = feeCaps({ limits: LIMITS, slotsPerEpoch: SLOTS_PER_EPOCH });

export const FEE_CONFIG: FeeConfig = {
  targetL2: target.l2,
  targetDa: target.da,
  fractionL2: (target.l2 * 8_547n) / 1_000n,
  fractionDa: (target.da * 8_547n) / 1_000n,
  proposeGas: 60_000n,
  proofGas: 37_500n,
  provingCost: 10_000_000n,
  maxFeePerL2Gas: caps.feePerL2Gas,
  maxFeePerDaGas: caps.feePerDaGas,
  oracleLag: 2n,
  oracleLifetime: 5n,
};

/** A TST at 0.0001 ETH, L1 at 1 gwei and 1,000 wei. */
export const GENESIS: FeeState = {
  slot: toSlot(0),
  excessL2: 0n,
  excessDa: 0n,
  oracleAge: 0,
  oracle: { price: 10n ** 8n, preBase: 10n ** 9n, preBlob: 1_000n, postBase: 10n ** 9n, postBlob: 1_000n },
};

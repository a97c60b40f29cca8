import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { JSON_FLAG, RECORD, RPC, show } from "./ledgerOptions.ts";

export const feesStatusTask = task(
  "fees:status",
  "Shows the next block's prices and what they consist of, the oracle of L1's fees, congestion and use",
)
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => feesStatus(options, hre)))
  .build();

interface FeesStatusOptions {
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function feesStatus(options: FeesStatusOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, withL1 } = await import("./ledgerContext.ts");
  const { readTipFees } = await import("../actors/l1/feeReader.ts");
  const { effectiveL1Fees, excessAt, feeParts, pricesOf } = await import("../protocol/fees.ts");

  await withL1({ ...options, account: undefined }, openDeployment(options, hre), hre, async (l1) => {
    const tip = await readTipFees(l1);
    const { config, record, gas, slot, limits, l1Fees } = tip;
    const parts = feeParts(tip);
    const excess = excessAt(tip);
    const targets = (amount: bigint, target: bigint): number => Number((amount * 1_000n) / target) / 1_000;
    const { price, ...sampled } = record.oracle;
    show(options.json, {
      slot,
      tip: { number: record.number, slot: record.slot, ...(gas ? { gasL2: gas.l2, gasDa: gas.da } : {}) },
      // Base units of fee juice for a unit of gas.
      prices: pricesOf(parts),
      parts,
      caps: { feePerL2Gas: config.maxFeePerL2Gas, feePerDaGas: config.maxFeePerDaGas },
      // Wei.
      l1: { now: l1Fees, effective: effectiveL1Fees(tip) },
      oracle: { ...sampled, slotsSinceSample: record.oracleAge + slot - record.slot },
      // One TST in ETH, times 10^12.
      ethPerToken: price,
      excess: { l2: excess.l2, da: excess.da },
      // In targets of a block; a limit of 2 is a full block.
      excessTargets: { l2: targets(excess.l2, config.targetL2), da: targets(excess.da, config.targetDa) },
      use: {
        l2: targets(gas?.l2 ?? 0n, config.targetL2),
        da: targets(gas?.da ?? 0n, config.targetDa),
        fullL2: targets(limits.l2, config.targetL2),
        fullDa: targets(limits.da, config.targetDa),
      },
    });
  });
}

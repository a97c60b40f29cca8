import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { JSON_FLAG, OptionError, RECORD, RPC, show, withinOption } from "./ledgerOptions.ts";

export const feesEstimateTask = task(
  "fees:estimate",
  "Says what max fees to offer so that a transaction stays includable in the next blocks",
)
  .addOption({
    name: "blocks",
    description: "Blocks within which it is to be included, from 1 to 64",
    type: ArgumentType.STRING,
    defaultValue: "8",
  })
  .addOption({
    name: "kind",
    description: "Kind of the transaction: transfer or withdraw",
    type: ArgumentType.STRING,
    defaultValue: "transfer",
  })
  .addFlag({
    name: "certain",
    description: "Allow for all that the rules of L1 and ledger permit, not for what is likely",
  })
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => feesEstimate(options, hre)))
  .build();

interface FeesEstimateOptions {
  blocks: string;
  kind: string;
  certain: boolean;
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function feesEstimate(options: FeesEstimateOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { KIND_TRANSFER, KIND_WITHDRAW } = await import("../protocol/transaction.ts");
  const blocks = withinOption("blocks", options.blocks);
  if (options.kind !== "transfer" && options.kind !== "withdraw") {
    throw new OptionError(`--kind ${options.kind} does not exist`, "give transfer or withdraw");
  }
  const { openDeployment, withL1 } = await import("./ledgerContext.ts");
  const { readTipFees } = await import("../actors/l1/feeReader.ts");
  const { CERTAIN, estimateFees, LIKELY } = await import("../protocol/feeEstimator.ts");
  const { pricesAt } = await import("../protocol/fees.ts");
  const { feeOf, gasOf } = await import("../protocol/gas.ts");

  const gas = gasOf(options.kind === "transfer" ? KIND_TRANSFER : KIND_WITHDRAW);
  await withL1({ ...options, account: undefined }, openDeployment(options, hre), hre, async (l1) => {
    const outlook = await readTipFees(l1);
    const prices = pricesAt(outlook);
    const offer = estimateFees({ ...outlook, blocks, caution: options.certain ? CERTAIN : LIKELY });
    show(options.json, {
      slot: outlook.slot,
      blocks,
      gas,
      prices,
      // What it would cost in the next block; the offer is never charged, only the block's price.
      fee: feeOf(gas, prices),
      maxFeePerL2Gas: offer.feePerL2Gas,
      maxFeePerDaGas: offer.feePerDaGas,
      feeAtMost: feeOf(gas, offer),
    });
  });
}

import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { JSON_FLAG, RECORD, RPC, show, text, wholeOption } from "./ledgerOptions.ts";

export const marketStatusTask = task(
  "market:status",
  "Shows an epoch in the proof market, by default the oldest unproven one, and a prover's bond",
)
  .addOption(text("epoch", "Epoch; default: the oldest that is not proven"))
  .addOption(text("prover", "Prover whose bond is shown"))
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => marketStatus(options, hre)))
  .build();

interface MarketStatusOptions {
  epoch: string | undefined;
  prover: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function marketStatus(options: MarketStatusOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, withL1 } = await import("./ledgerContext.ts");
  const { MarketContract } = await import("../actors/market/marketContract.ts");
  const { MarketError } = await import("../actors/market/marketError.ts");
  const { toAddress } = await import("../protocol/address.ts");

  const prover = options.prover === undefined ? undefined : toAddress(options.prover);
  const asked = options.epoch === undefined ? undefined : wholeOption("epoch", options.epoch);
  const deployment = openDeployment(options, hre);
  await withL1({ ...options, account: undefined }, deployment, hre, async ({ provider }) => {
    const market = new MarketContract({ provider, deployment });
    const epoch =
      asked ??
      (await market.oldestEpoch().then(
        (oldest) => oldest.epoch,
        (error: unknown) => {
          if (error instanceof MarketError && error.code === "NOTHING_TO_PROVE") return undefined;
          throw error;
        },
      ));
    const time = (await provider.getBlock("latest"))!.timestamp;
    show(options.json, {
      epoch: epoch ?? null,
      reserve: epoch === undefined ? null : await market.reserve(epoch, time),
      claim: epoch === undefined ? null : ((await market.epoch(epoch)) ?? null),
      bond: prover === undefined ? null : await market.bond(prover),
    });
  });
}

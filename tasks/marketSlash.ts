import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { ACCOUNT, JSON_FLAG, RECORD, required, RPC, show, text, wholeOption } from "./ledgerOptions.ts";

export const marketSlashTask = task(
  "market:slash",
  "Takes the bond of a claim whose time and grace passed without a proof",
)
  .addOption(text("epoch", "Epoch of the claim"))
  .addFlag({ name: "burn", description: "Burn all bonds taken so far, too" })
  .addOption(ACCOUNT)
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => marketSlash(options, hre)))
  .build();

interface MarketSlashOptions {
  epoch: string | undefined;
  burn: boolean;
  account: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function marketSlash(options: MarketSlashOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, withL1 } = await import("./ledgerContext.ts");
  const { ClaimBringer } = await import("../actors/market/claimBringer.ts");

  const epoch = wholeOption("epoch", required("epoch", options.epoch));
  const deployment = openDeployment(options, hre);
  await withL1(options, deployment, hre, async ({ provider, account }) => {
    const bringer = new ClaimBringer({ provider, deployment, account: await account() });
    const { claim, hash, gasUsed } = await bringer.slash(epoch);
    const burnt = options.burn ? await bringer.burn() : undefined;
    show(options.json, { ...claim, hash, gasUsed, ...(burnt && { burnHash: burnt.hash }) });
  });
}

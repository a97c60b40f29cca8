import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { ACCOUNT, JSON_FLAG, OptionError, RECORD, RPC, show } from "./ledgerOptions.ts";
import { addressOption, COINBASE, PROVER, VALIDATOR, validatorOption } from "./rewardsOptions.ts";

export const rewardsClaimTask = task(
  "rewards:claim",
  "Pays a coinbase, a validator or a prover what it earned in proven epochs; mints, burns and returns what is due",
)
  .addOption(COINBASE)
  .addOption(VALIDATOR)
  .addOption(PROVER)
  .addFlag({ name: "mint", description: "Mint what the present window allows into the distributor first" })
  .addFlag({
    name: "leftovers",
    description:
      "Burn congestion fees, and return to the distributor what pots left and nobody claimed in time",
  })
  .addOption(ACCOUNT)
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => rewardsClaim(options, hre)))
  .build();

interface RewardsClaimOptions {
  coinbase: string | undefined;
  validator: string | undefined;
  prover: string | undefined;
  mint: boolean;
  leftovers: boolean;
  account: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function rewardsClaim(options: RewardsClaimOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, withL1 } = await import("./ledgerContext.ts");
  const { RewardBook } = await import("../actors/rewards/rewardBook.ts");
  const { claimRewards } = await import("../actors/rewards/claimRewards.ts");
  const { mint, leftovers, json } = options;
  const coinbase = options.coinbase === undefined ? undefined : addressOption("coinbase", options.coinbase);
  const validator = options.validator === undefined ? undefined : validatorOption(options.validator);
  const prover = options.prover === undefined ? undefined : addressOption("prover", options.prover);
  if (coinbase === undefined && validator === undefined && prover === undefined && !mint && !leftovers) {
    throw new OptionError("nothing to do", "add --coinbase, --validator, --prover, --mint or --leftovers");
  }
  const deployment = openDeployment(options, hre);
  const { rewards, incentives } = deployment.addresses;

  await withL1(options, deployment, hre, async ({ provider, rollup, account }) => {
    const book = new RewardBook({ provider, rollup, rewards });
    await book.refresh();
    const orders = { mint, coinbase, validator, prover, leftovers };
    const sent = await claimRewards({ book, incentives, account: await account(), orders });

    if (json) show(json, sent);
    else if (sent.length === 0) console.log("There is nothing to claim.");
    else for (const one of sent) show(json, one);
  });
}

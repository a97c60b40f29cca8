import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { ACCOUNT, JSON_FLAG, OptionError, RECORD, RPC, show } from "./ledgerOptions.ts";
import { COINBASE, coinbaseOption, VALIDATOR, validatorOption } from "./rewardsOptions.ts";

export const rewardsClaimTask = task(
  "rewards:claim",
  "Pays a coinbase or a validator what it earned in proven epochs; mints, burns and returns what is due",
)
  .addOption(COINBASE)
  .addOption(VALIDATOR)
  .addFlag({ name: "mint", description: "Mint what the present window allows into the distributor first" })
  .addFlag({
    name: "leftovers",
    description: "Burn congestion fees, and return to the distributor what nobody claimed in time",
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
  const { contractInterface } = await import("../actors/l1/contractInterface.ts");
  const { mint, leftovers, json } = options;
  const coinbase = options.coinbase === undefined ? undefined : coinbaseOption(options.coinbase);
  const validator = options.validator === undefined ? undefined : validatorOption(options.validator);
  if (coinbase === undefined && validator === undefined && !mint && !leftovers) {
    throw new OptionError("nothing to do", "add --coinbase, --validator, --mint or --leftovers");
  }
  const deployment = openDeployment(options, hre);

  await withL1(options, deployment, hre, async ({ provider, rollup, account }) => {
    const book = new RewardBook({ provider, rollup, rewards: deployment.addresses.rewards });
    await book.refresh();
    const payer = await account();
    const sent: object[] = [];
    const send = async (purpose: string, to: string, data: string, what: object): Promise<void> => {
      const { receipt } = await payer.send({ purpose, to, data });
      sent.push({ ...what, hash: receipt.hash, gasUsed: receipt.gasUsed });
    };
    if (mint) {
      const data = contractInterface("rewards/Incentives").encodeFunctionData("mint", []);
      await send("mint", deployment.addresses.incentives, data, { kind: "mint" });
    }
    if (coinbase !== undefined)
      for (const { to, data, epochs, amount } of await book.claimsOfCoinbase(coinbase))
        await send(`claim-${coinbase}-${epochs[0]}`, to, data, { kind: "sequencer", epochs, amount });
    if (validator !== undefined)
      for (const { to, data, epochs, amount } of await book.claimsOfValidator(validator))
        await send(`claim-${validator}-${epochs[0]}`, to, data, { kind: "attester", epochs, amount });
    if (leftovers)
      for (const { to, data, epochs } of await book.leftovers())
        await send(`leftovers-${epochs[0]}`, to, data, { kind: "leftovers", epochs });

    if (json) show(json, sent);
    else if (sent.length === 0) console.log("There is nothing to claim.");
    else for (const one of sent) show(json, one);
  });
}

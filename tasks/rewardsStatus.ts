import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { JSON_FLAG, RECORD, RPC, show } from "./ledgerOptions.ts";
import { addressOption, COINBASE, VALIDATOR, validatorOption } from "./rewardsOptions.ts";

export const rewardsStatusTask = task(
  "rewards:status",
  "Shows the reward funds and the proven epochs, or what a coinbase or a validator earned",
)
  .addOption(COINBASE)
  .addOption(VALIDATOR)
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => rewardsStatus(options, hre)))
  .build();

interface RewardsStatusOptions {
  coinbase: string | undefined;
  validator: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function rewardsStatus(options: RewardsStatusOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, withL1 } = await import("./ledgerContext.ts");
  const { RewardBook } = await import("../actors/rewards/rewardBook.ts");
  const { readFunds } = await import("../actors/rewards/rewardFunds.ts");
  const coinbase = options.coinbase === undefined ? undefined : addressOption("coinbase", options.coinbase);
  const validator = options.validator === undefined ? undefined : validatorOption(options.validator);
  const deployment = openDeployment(options, hre);

  await withL1({ ...options, account: undefined }, deployment, hre, async ({ provider, rollup }) => {
    const book = new RewardBook({ provider, rollup, rewards: deployment.addresses.rewards });
    await book.refresh();
    if (coinbase !== undefined) return show(options.json, { blocks: await book.blocksOf(coinbase) });
    if (validator !== undefined) return show(options.json, { duties: await book.dutiesOf(validator) });

    const epochs = await Promise.all(
      book.epochs().map(async ({ proven, leaves, state, times }) => ({
        epoch: proven.epoch,
        state,
        blocks: leaves?.length,
        committeeBlocks: proven.participation.blocks,
        pot: await book.potOf(proven.epoch),
        from: times.from,
        until: times.until,
      })),
    );
    show(options.json, { ...(await readFunds({ provider, addresses: deployment.addresses })), epochs });
  });
}

import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { ACCOUNT, JSON_FLAG, RECORD, RPC, show } from "./ledgerOptions.ts";
import { KEYSTORE, requiredValidator, VALIDATOR } from "./stakeOptions.ts";

export const stakeWithdrawTask = task(
  "stake:withdraw",
  "Pays the stake of a validator that left, once its exit delay is over; any account may send it",
)
  .addOption({ ...KEYSTORE, description: "Keystore of the validator; no password is needed" })
  .addOption(VALIDATOR)
  .addOption(ACCOUNT)
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => stakeWithdraw(options, hre)))
  .build();

interface StakeWithdrawOptions {
  keystore: string | undefined;
  validator: string | undefined;
  account: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function stakeWithdraw(options: StakeWithdrawOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, withL1 } = await import("./ledgerContext.ts");
  const { Staker } = await import("../actors/staking/staker.ts");

  const name = await requiredValidator(options);
  const deployment = openDeployment(options, hre);
  await withL1(options, deployment, hre, async ({ provider, account }) => {
    const staker = new Staker({ provider, deployment, account: await account() });
    const { validator, recipient, amount, hash, gasUsed } = await staker.withdraw(name);
    show(options.json, { validator: validator.keyHash, recipient, amount, hash, gasUsed });
  });
}

import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { ACCOUNT, JSON_FLAG, RECORD, required, RPC, show, text } from "./ledgerOptions.ts";
import { dated, KEYSTORE, requiredValidator, VALIDATOR } from "./stakeOptions.ts";

export const stakePinTask = task(
  "stake:pin",
  "Makes a validator that follows the canonical rollup stay with one, whatever becomes canonical",
)
  .addOption(KEYSTORE)
  .addOption(VALIDATOR)
  .addOption(text("instance", "Rollup to stay with; there is no way back but an exit"))
  .addOption(text("proposer", "Address that sends its blocks from then on; default: the one that does now"))
  .addOption({ ...ACCOUNT, description: `${ACCOUNT.description}; the withdrawer` })
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => stakePin(options, hre)))
  .build();

interface StakePinOptions {
  keystore: string | undefined;
  validator: string | undefined;
  instance: string | undefined;
  proposer: string | undefined;
  account: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function stakePin(options: StakePinOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, withL1 } = await import("./ledgerContext.ts");
  const { Staker } = await import("../actors/staking/staker.ts");
  const { toAddress } = await import("../protocol/address.ts");

  const { json } = options;
  const name = await requiredValidator(options);
  const instance = toAddress(required("instance", options.instance));
  const proposer = options.proposer === undefined ? undefined : toAddress(options.proposer);
  const deployment = openDeployment(options, hre);

  await withL1(options, deployment, hre, async ({ provider, account }) => {
    const staker = new Staker({ provider, deployment, account: await account() });
    const { validator, hash, gasUsed } = await staker.pin(name, instance, proposer);
    const { keyHash, state, activeFrom, queuePosition } = validator;
    show(json, {
      validator: keyHash,
      state,
      instance: validator.instance,
      activeFrom: dated(json, activeFrom),
      queuePosition,
      hash,
      gasUsed,
    });
  });
}

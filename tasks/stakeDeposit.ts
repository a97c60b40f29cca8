import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import {
  ACCOUNT,
  AMOUNT,
  amountOption,
  JSON_FLAG,
  RECORD,
  required,
  RPC,
  show,
  text,
} from "./ledgerOptions.ts";
import { dated, KEYSTORE, PASSWORD_FILE } from "./stakeOptions.ts";

export const stakeDepositTask = task(
  "stake:deposit",
  "Registers a validator with its stake, in one transaction; it is active without another",
)
  .addOption(KEYSTORE)
  .addOption(PASSWORD_FILE)
  .addOption(text("proposer", "Address that sends the validator's blocks"))
  .addOption(text("withdrawer", "Address that owns the stake; default: the account that pays"))
  .addOption(text("instance", "Rollup to stay with; default: follow the canonical one"))
  .addOption({ ...AMOUNT, description: `${AMOUNT.description}; default: the least stake` })
  .addOption(ACCOUNT)
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => stakeDeposit(options, hre)))
  .build();

interface StakeDepositOptions {
  keystore: string | undefined;
  passphraseFile: string | undefined;
  proposer: string | undefined;
  withdrawer: string | undefined;
  instance: string | undefined;
  amount: string | undefined;
  account: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function stakeDeposit(options: StakeDepositOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, passphraseOf, withL1 } = await import("./ledgerContext.ts");
  const { readKeystore } = await import("../actors/staking/keystore.ts");
  const { Staker } = await import("../actors/staking/staker.ts");
  const { toAddress } = await import("../protocol/address.ts");

  const { json } = options;
  const path = required("keystore", options.keystore);
  const proposer = toAddress(required("proposer", options.proposer));
  const address = (given: string | undefined) => (given === undefined ? undefined : toAddress(given));
  const [withdrawer, instance] = [address(options.withdrawer), address(options.instance)];
  const amount = options.amount === undefined ? undefined : amountOption(options.amount);
  const deployment = openDeployment(options, hre);

  await withL1(options, deployment, hre, async (l1) => {
    const account = await l1.account();
    const staker = new Staker({ provider: l1.provider, deployment, account });
    const secret = await readKeystore({ path, password: () => passphraseOf(options.passphraseFile, hre) });
    const owner = withdrawer ?? toAddress(account.address);
    const sent = await staker.deposit({ secret, proposer, withdrawer: owner, instance, amount });
    if (!json && sent.approved > 0n)
      console.log(`The registry was allowed to take ${sent.approved} base units of TST.`);
    const { keyHash, state, activeFrom, queuePosition } = sent.validator;
    show(json, {
      validator: keyHash,
      state,
      activeFrom: dated(json, activeFrom) ?? (json ? null : "when the bootstrap set is complete"),
      queuePosition,
      amount: sent.amount,
      approved: sent.approved,
      withdrawer: sent.validator.withdrawer,
      hash: sent.hash,
      gasUsed: sent.gasUsed,
    });
  });
}

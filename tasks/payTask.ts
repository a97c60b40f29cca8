import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import {
  AGAIN,
  AMOUNT,
  JSON_FLAG,
  KEY,
  MAX_FEE_PER_DA_GAS,
  MAX_FEE_PER_L2_GAS,
  NODE,
  PASSPHRASE_FILE,
  RECORD,
  WAIT,
  WITHIN,
} from "./ledgerOptions.ts";

/**
 * A task that pays from an account of the ledger, without its action.
 * @param to describes the receiver
 */
// The builder's type names every option; written out it would say nothing more.
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types
export const payTask = (name: string, description: string, to: string) =>
  task(name, description)
    .addOption(KEY)
    .addOption({
      name: "to",
      description: to,
      type: ArgumentType.STRING_WITHOUT_DEFAULT,
      defaultValue: undefined,
    })
    .addOption(AMOUNT)
    .addOption(WITHIN)
    .addOption(MAX_FEE_PER_L2_GAS)
    .addOption(MAX_FEE_PER_DA_GAS)
    .addOption(PASSPHRASE_FILE)
    .addOption(NODE)
    .addOption(RECORD)
    .addFlag(AGAIN)
    .addFlag(WAIT)
    .addFlag(JSON_FLAG);

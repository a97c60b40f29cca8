import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import { showKnownErrors } from "./known.ts";
import {
  AGAIN,
  AMOUNT,
  amountOption,
  JSON_FLAG,
  KEY,
  NODE,
  PASSPHRASE_FILE,
  RECORD,
  required,
  WAIT,
  wholeOption,
} from "./ledgerOptions.ts";

export const ledgerTransferTask = task("ledger:transfer", "Sends the asset to another account of the ledger")
  .addOption(KEY)
  .addOption({
    name: "to",
    description: "Index of the receiver's account",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption(AMOUNT)
  .addOption(PASSPHRASE_FILE)
  .addOption(NODE)
  .addOption(RECORD)
  .addFlag(AGAIN)
  .addFlag(WAIT)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) =>
    showKnownErrors(async () => {
      const { pay } = await import("./ledgerPay.ts");
      const { KIND_TRANSFER } = await import("../protocol/transaction.ts");
      const to = BigInt(wholeOption("to", required("to", options.to)));
      const amount = amountOption(required("amount", options.amount));
      await pay({ kind: KIND_TRANSFER, to, amount }, options, hre);
    }),
  )
  .build();

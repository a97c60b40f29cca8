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
} from "./ledgerOptions.ts";

export const ledgerWithdrawTask = task(
  "ledger:withdraw",
  "Sends the asset to an address on L1; bridge:withdraw finishes it there once its epoch is proven",
)
  .addOption(KEY)
  .addOption({
    name: "to",
    description: "Address on L1",
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
      const { toAddress } = await import("../protocol/address.ts");
      const { KIND_WITHDRAW } = await import("../protocol/transaction.ts");
      const to = toAddress(required("to", options.to));
      const amount = amountOption(required("amount", options.amount));
      await pay({ kind: KIND_WITHDRAW, to, amount }, options, hre);
    }),
  )
  .build();

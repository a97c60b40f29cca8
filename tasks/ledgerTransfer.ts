import { showKnownErrors } from "./known.ts";
import { amountOption, required, wholeOption } from "./ledgerOptions.ts";
import { payTask } from "./payTask.ts";

export const ledgerTransferTask = payTask(
  "ledger:transfer",
  "Sends the asset to another account of the ledger",
  "Index of the receiver's account",
)
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

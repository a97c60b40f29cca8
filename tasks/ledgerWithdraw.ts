import { showKnownErrors } from "./known.ts";
import { amountOption, required } from "./ledgerOptions.ts";
import { payTask } from "./payTask.ts";

export const ledgerWithdrawTask = payTask(
  "ledger:withdraw",
  "Sends the asset to an address on L1; bridge:withdraw finishes it there once its epoch is proven",
  "Address on L1",
)
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

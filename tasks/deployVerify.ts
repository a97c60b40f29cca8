import { task } from "hardhat/config";

import { showKnownErrors } from "./known.ts";
import { JSON_FLAG, RECORD, text } from "./ledgerOptions.ts";

export const deployVerifyTask = task(
  "deploy:verify",
  "Shows the sources of a deployment on block explorers; may be repeated; exit code 1 when one is not verified",
)
  .addOption(
    text("explorer", "Some of etherscan,blockscout,sourcify; default: all that hardhat.config.ts enables"),
  )
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) =>
    showKnownErrors(async () => (await import("../deploy/verifyCommand.ts")).verifyCommand(options, hre)),
  )
  .build();

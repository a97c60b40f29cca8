import { task } from "hardhat/config";

import { showKnownErrors } from "./known.ts";
import { JSON_FLAG, RECORD } from "./ledgerOptions.ts";

export const deployCheckTask = task(
  "deploy:check",
  "Checks a deployment against its record: code, parameters, owners, genesis; read-only; exit code 1 on a fault",
)
  .addOption(RECORD)
  .addFlag({
    name: "strict",
    description: "Count what the owner changed since the deployment as a fault, too",
  })
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) =>
    showKnownErrors(async () => (await import("../deploy/checkCommand.ts")).checkCommand(options, hre)),
  )
  .build();

import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import { showKnownErrors } from "./known.ts";
import { RECORD } from "./ledgerOptions.ts";

export const deployTask = task(
  "deploy",
  "Deploys the suite to a network: shows the plan, asks, creates, checks, records; goes on after an interruption",
)
  .addOption({
    name: "preset",
    description: "Parameters of the network: a file in deploy/presets",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption({
    name: "members",
    description:
      "JSON file with the permissioned members, [{proposer, keyHash}, …]; local networks have a default",
    type: ArgumentType.FILE_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption({
    name: "owner",
    description: "Address that gets the power over token and validator set; default: the deployer",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption(RECORD)
  .addFlag({
    name: "dryRun",
    description:
      "Deploy to a fork of the network inside this process: exact gas and every check, nothing sent",
  })
  .addFlag({ name: "yes", description: "Do not ask for the network's name before ETH is spent" })
  .addFlag({ name: "json", description: "Print the record as JSON and nothing else; asks nothing" })
  .addFlag({ name: "force", description: "Replace the record of a finished deployment" })
  .addFlag({
    name: "restart",
    description: "Make a new plan, although one is unfinished: what it created stays unused",
  })
  .setInlineAction((options, hre) =>
    showKnownErrors(async () => (await import("../deploy/command.ts")).deployCommand(options, hre)),
  )
  .build();

import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import { showKnownErrors } from "./known.ts";

export const deployTask = task("deploy", "Deploys the suite to a network and writes its record")
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
  .addFlag({ name: "json", description: "Print the record as JSON and nothing else" })
  .addFlag({ name: "force", description: "Replace the record of an earlier deployment" })
  .setInlineAction((options, hre) =>
    showKnownErrors(async () => (await import("../deploy/command.ts")).deployCommand(options, hre)),
  )
  .build();

import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

import { STORY_EPOCHS } from "../scripts/start/storyEpochs.ts";
import { showKnownErrors } from "./known.ts";

export const startTask = task("start", "Runs a whole network on this machine (npm start)")
  .addOption({
    name: "epochs",
    description: "Stop after so many proven epochs",
    type: ArgumentType.INT,
    defaultValue: STORY_EPOCHS,
  })
  .addFlag({ name: "watch", description: "Run on until Ctrl-C" })
  .addOption({
    name: "json",
    description: "File that gets the summary as JSON",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption({
    name: "port",
    description: "Port of the local L1",
    type: ArgumentType.INT,
    defaultValue: 8545,
  })
  .addOption({
    name: "rpcPort",
    description: "Port of the node's JSON API; default: 15 above that of the L1, so 8560",
    type: ArgumentType.INT,
    defaultValue: -1,
  })
  .setInlineAction((options, hre) =>
    showKnownErrors(async () => (await import("../scripts/start/start.ts")).start(options, hre)),
  )
  .build();

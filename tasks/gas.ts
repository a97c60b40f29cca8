import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";

export const gasTask = task("gas", "Measures gas, compares it with the committed baseline and the targets")
  .addOption({
    name: "json",
    description: "File to write the figures to",
    type: ArgumentType.FILE_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addFlag({ name: "update", description: "Rewrite baselines/gas.json" })
  .setInlineAction(async (options, hre) => {
    const { gasCommand } = await import("../scripts/gas/command.ts");
    if (!(await gasCommand(options, hre))) process.exitCode = 1;
  })
  .build();

import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { RECORD, RPC } from "./ledgerOptions.ts";
import {
  ARCHIVE,
  BEACON,
  DATA,
  JSON_LOGS,
  PORT,
  REORG_DEPTH,
  checkPort,
  runProcess,
  type ProcessOptions,
} from "./processOptions.ts";

export const nodeRunTask = task(
  "node:run",
  "Follows a rollup until it is stopped, and answers questions about its ledger",
)
  .addOption(DATA)
  .addOption(RPC)
  .addOption(BEACON)
  .addOption(ARCHIVE)
  .addOption(RECORD)
  .addOption(PORT(8560))
  .addOption(REORG_DEPTH)
  .addFlag(JSON_LOGS)
  .setInlineAction((options, hre) => showKnownErrors(() => nodeRun(options, hre)))
  .build();

async function nodeRun(
  options: ProcessOptions & { port: number },
  hre: HardhatRuntimeEnvironment,
): Promise<void> {
  const { openNodeProcess } = await import("../actors/process/nodeProcess.ts");
  const port = checkPort(options.port);
  await runProcess("node", options, hre, (follow) => openNodeProcess({ ...follow, port }));
}

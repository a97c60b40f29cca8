import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { RECORD, RPC } from "./ledgerOptions.ts";
import {
  ARCHIVE,
  BEACON,
  DATA,
  JSON_LOGS,
  L1_BLOCK_TIME,
  P2P_LISTEN,
  P2P_PEERS,
  METRICS,
  PORT,
  REORG_DEPTH,
  checkPort,
  l1BlockTimeOf,
  p2pOf,
  runProcess,
  type GossipOptions,
  type ProcessOptions,
} from "./processOptions.ts";

export const nodeRunTask = task(
  "node:run",
  "Follows a rollup until it is stopped, answers questions about its ledger, and keeps quotes of its proof market",
)
  .addOption(DATA)
  .addOption(RPC)
  .addOption(BEACON)
  .addOption(ARCHIVE)
  .addOption(RECORD)
  .addOption(PORT(8560))
  .addOption(P2P_LISTEN)
  .addOption(P2P_PEERS)
  .addOption(REORG_DEPTH)
  .addOption(METRICS)
  .addOption(L1_BLOCK_TIME)
  .addFlag(JSON_LOGS)
  .setInlineAction((options, hre) => showKnownErrors(() => nodeRun(options, hre)))
  .build();

async function nodeRun(
  options: ProcessOptions & GossipOptions & { port: number; blockTime: number },
  hre: HardhatRuntimeEnvironment,
): Promise<void> {
  const { openNodeProcess } = await import("../actors/process/nodeProcess.ts");
  const port = checkPort(options.port);
  await runProcess("node", options, hre, async (follow, deployment) =>
    openNodeProcess({
      ...follow,
      port,
      market: deployment,
      p2p: p2pOf(options),
      l1BlockTime: await l1BlockTimeOf(options.blockTime, deployment),
    }),
  );
}

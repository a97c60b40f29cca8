import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { RECORD, RPC } from "./ledgerOptions.ts";
import {
  ACCOUNT_INDEX,
  ARCHIVE,
  BEACON,
  DATA,
  JSON_LOGS,
  KEY_FILE,
  L1_BLOCK_TIME,
  METRICS,
  P2P_LISTEN,
  P2P_PEERS,
  PASSPHRASE_FILE,
  PORT,
  REORG_DEPTH,
  checkPort,
  l1BlockTimeOf,
  l1KeyOf,
  requiredP2pOf,
  runProcess,
  type GossipOptions,
  type KeyOptions,
  type ProcessOptions,
} from "./processOptions.ts";

export const watcherTask = task(
  "watcher",
  "Verifies every published aggregate and challenges wrong ones, fixes seeds, keeps evidence, until it is stopped",
)
  .addOption(DATA)
  .addOption(RPC)
  .addOption(BEACON)
  .addOption(ARCHIVE)
  .addOption(RECORD)
  .addOption(KEY_FILE)
  .addOption(ACCOUNT_INDEX)
  .addOption(PASSPHRASE_FILE)
  .addOption(METRICS)
  .addOption(P2P_LISTEN)
  .addOption(P2P_PEERS)
  .addOption(PORT(8563))
  .addOption(L1_BLOCK_TIME)
  .addOption(REORG_DEPTH)
  .addFlag(JSON_LOGS)
  .setInlineAction((options, hre) => showKnownErrors(() => watcher(options, hre)))
  .build();

interface WatcherOptions extends ProcessOptions, KeyOptions, GossipOptions {
  port: number;
  blockTime: number;
}

async function watcher(options: WatcherOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openWatcherProcess } = await import("../actors/process/watcherProcess.ts");
  const { LOCAL_ACCOUNTS } = await import("../deploy/localAccounts.ts");
  const port = checkPort(options.port);
  const p2p = requiredP2pOf(options);
  await runProcess("watcher", options, hre, async (follow, deployment) =>
    openWatcherProcess({
      ...follow,
      privateKey: await l1KeyOf(options, deployment, hre, LOCAL_ACCOUNTS.watcher),
      hasSeeds: deployment.validators.kind === "staked",
      p2p,
      port,
      l1BlockTime: await l1BlockTimeOf(options.blockTime, deployment),
    }),
  );
}

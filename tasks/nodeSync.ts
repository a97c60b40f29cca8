import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { JSON_FLAG, RECORD, RPC, text } from "./ledgerOptions.ts";
import { ARCHIVE, BEACON, blobAddressesOf } from "./processOptions.ts";

export const nodeSyncTask = task(
  "node:sync",
  "Rebuilds the ledger from L1 events and blobs alone, and prints its state root",
)
  .addOption(RPC)
  .addOption(BEACON)
  .addOption(ARCHIVE)
  .addOption(RECORD)
  .addOption(text("folder", "Folder that keeps state and blobs for the next sync; default: nothing is kept"))
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => nodeSync(options, hre)))
  .build();

interface NodeSyncOptions {
  rpc: string | undefined;
  beacon: string | undefined;
  archive: string | undefined;
  record: string | undefined;
  folder: string | undefined;
  json: boolean;
}

async function nodeSync(options: NodeSyncOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { folder, json } = options;
  const { openDeployment, rpcUrlOf } = await import("./ledgerContext.ts");
  const { syncFromL1 } = await import("../actors/node/sync.ts");
  const { createLogger } = await import("../actors/support/logger.ts");
  const { toHex } = await import("../protocol/bytes.ts");

  const result = await syncFromL1({
    rpcUrl: await rpcUrlOf(options, hre),
    ...blobAddressesOf(options),
    ...(folder === undefined ? {} : { folder }),
    deployment: openDeployment(options, hre),
    logger: createLogger({ level: json ? "silent" : "warn" }),
  });
  const { provenRoot, pendingRoot, ...counts } = result;
  const shown = { provenRoot: toHex(provenRoot), pendingRoot: toHex(pendingRoot), ...counts };
  if (json) console.log(JSON.stringify(shown));
  else for (const [name, value] of Object.entries(shown)) console.log(`${name.padEnd(14)} ${value}`);
}

import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";

export const nodeSyncTask = task(
  "node:sync",
  "Rebuilds the ledger from L1 events and blobs alone, and prints its state root",
)
  .addOption({
    name: "rpc",
    description: "JSON-RPC address of L1",
    type: ArgumentType.STRING,
    defaultValue: "http://127.0.0.1:8545",
  })
  .addOption({
    name: "beacon",
    description: "Beacon API address; default: that of --rpc, as with anvil",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption({
    name: "archive",
    description:
      "Blob archives asked after the beacon API: addresses with {versionedHash} in them, by commas",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption({
    name: "record",
    description: "Folder of the deployment records",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption({
    name: "folder",
    description: "Folder that keeps state and blobs for the next sync; default: nothing is kept",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addFlag({ name: "json", description: "Print the result as JSON and nothing else" })
  .setInlineAction((options, hre) => showKnownErrors(() => nodeSync(options, hre)))
  .build();

interface NodeSyncOptions {
  rpc: string;
  beacon: string | undefined;
  archive: string | undefined;
  record: string | undefined;
  folder: string | undefined;
  json: boolean;
}

async function nodeSync(options: NodeSyncOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { rpc, beacon, archive, record, folder, json } = options;
  const { readDeployment } = await import("../deploy/deployment.ts");
  const { syncFromL1 } = await import("../actors/node/sync.ts");
  const { createLogger } = await import("../actors/support/logger.ts");
  const { toHex } = await import("../protocol/bytes.ts");

  const result = await syncFromL1({
    rpcUrl: rpc,
    ...(beacon === undefined ? {} : { beaconUrl: beacon }),
    ...(archive === undefined ? {} : { archives: archive.split(",") }),
    ...(folder === undefined ? {} : { folder }),
    deployment: readDeployment(hre.globalOptions.network ?? "local", record),
    logger: createLogger({ level: json ? "silent" : "warn" }),
  });
  const { provenRoot, pendingRoot, ...counts } = result;
  const shown = { provenRoot: toHex(provenRoot), pendingRoot: toHex(pendingRoot), ...counts };
  if (json) console.log(JSON.stringify(shown));
  else for (const [name, value] of Object.entries(shown)) console.log(`${name.padEnd(14)} ${value}`);
}

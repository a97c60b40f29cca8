import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { OptionError, RECORD, RPC, text } from "./ledgerOptions.ts";
import {
  ACCOUNT_INDEX,
  ARCHIVE,
  BEACON,
  BLOB_FEE_CEILING,
  DATA,
  FEE_CEILING,
  JSON_LOGS,
  KEY_FILE,
  L1_BLOCK_TIME,
  P2P_LISTEN,
  P2P_PEERS,
  METRICS,
  PASSPHRASE_FILE,
  PORT,
  REORG_DEPTH,
  checkPort,
  feeCeilingOf,
  l1BlockTimeOf,
  l1KeyOf,
  p2pOf,
  runProcess,
  type GossipOptions,
  type KeyOptions,
  type ProcessOptions,
} from "./processOptions.ts";
import {
  PRICE,
  PRICE_BOUNDS,
  PRICE_FILE,
  PRICE_MAX_AGE,
  PRICE_PATH,
  PRICE_TIME_PATH,
  PRICE_URL,
  priceSourceOf,
  type PriceOptions,
} from "./priceOptions.ts";

export const sequencerTask = task(
  "sequencer",
  "Takes transactions and proposes blocks for a committee whose keys it all holds, until it is stopped",
)
  .addOption(DATA)
  .addOption(RPC)
  .addOption(BEACON)
  .addOption(ARCHIVE)
  .addOption(RECORD)
  .addOption(KEY_FILE)
  .addOption(ACCOUNT_INDEX)
  .addOption(PASSPHRASE_FILE)
  .addOption(
    text(
      "attesterKeys",
      "File with the BLS secret keys by committee position, a line each; default on local chains: the test key",
    ),
  )
  .addOption(text("coinbase", "L1 address that receives the fees; default: the account"))
  .addOption(PORT(8561))
  .addOption(P2P_LISTEN)
  .addOption(P2P_PEERS)
  .addOption(FEE_CEILING)
  .addOption(BLOB_FEE_CEILING)
  .addOption(PRICE)
  .addOption(PRICE_FILE)
  .addOption(PRICE_URL)
  .addOption(PRICE_PATH)
  .addOption(PRICE_TIME_PATH)
  .addOption(PRICE_BOUNDS)
  .addOption(PRICE_MAX_AGE)
  .addOption(L1_BLOCK_TIME)
  .addOption(REORG_DEPTH)
  .addOption(METRICS)
  .addFlag(JSON_LOGS)
  .setInlineAction((options, hre) => showKnownErrors(() => sequencer(options, hre)))
  .build();

interface SequencerOptions extends ProcessOptions, KeyOptions, PriceOptions, GossipOptions {
  attesterKeys: string | undefined;
  coinbase: string | undefined;
  feeCeiling: string | undefined;
  blobFeeCeiling: string | undefined;
  port: number;
  blockTime: number;
}

async function sequencer(options: SequencerOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openSequencerProcess } = await import("../actors/process/sequencerProcess.ts");
  const { LOCAL_ACCOUNTS } = await import("../deploy/localAccounts.ts");
  const { toAddress } = await import("../protocol/address.ts");
  const { coinbase } = options;
  if (coinbase !== undefined) toAddress(coinbase);
  const port = checkPort(options.port);
  const feeCeiling = feeCeilingOf(options.feeCeiling, options.blobFeeCeiling);
  const priceSource = await priceSourceOf(options);
  await runProcess("sequencer", options, hre, async (follow, deployment) =>
    openSequencerProcess({
      ...follow,
      privateKey: await l1KeyOf(options, deployment, hre, LOCAL_ACCOUNTS.sequencer),
      attesterKeys: await attesterKeysOf(options.attesterKeys, deployment.chainId),
      ...(coinbase === undefined ? {} : { coinbase }),
      port,
      ...(feeCeiling ? { feeCeiling } : {}),
      ...(priceSource ? { priceSource } : {}),
      market: deployment,
      p2p: p2pOf(options),
      l1BlockTime: await l1BlockTimeOf(options.blockTime, deployment),
    }),
  );
}

async function attesterKeysOf(file: string | undefined, chainId: number): Promise<Uint8Array[]> {
  const { readAttesterKeys } = await import("../actors/process/operatorKeys.ts");
  const { localAttesterKey } = await import("../deploy/localAccounts.ts");
  const { LOCAL_CHAIN_IDS } = await import("../deploy/verifierGuard.ts");
  if (file !== undefined) return readAttesterKeys(file);
  if (LOCAL_CHAIN_IDS.includes(chainId)) return [localAttesterKey(0)];
  throw new OptionError("--attester-keys is missing", "name the file with the committee's keys");
}

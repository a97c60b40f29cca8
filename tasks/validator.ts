import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { ValidatorProcessOptions } from "../actors/process/validatorProcess.ts";
import type { Deployment } from "../deploy/deployment.ts";
import { showKnownErrors } from "./known.ts";
import { OptionError, RECORD, RPC, required, text } from "./ledgerOptions.ts";
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
  METRICS,
  P2P_LISTEN,
  P2P_PEERS,
  PASSPHRASE_FILE,
  PORT,
  REORG_DEPTH,
  checkPort,
  feeCeilingOf,
  l1BlockTimeOf,
  l1KeyOf,
  requiredP2pOf,
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
import { KEYSTORE } from "./stakeOptions.ts";

export const validatorTask = task(
  "validator",
  "Attests blocks in the committees that it is drawn into, and proposes in its slots when it has an L1 account, until it is stopped",
)
  .addOption(DATA)
  .addOption(RPC)
  .addOption(BEACON)
  .addOption(ARCHIVE)
  .addOption(RECORD)
  .addOption(KEYSTORE)
  .addOption(
    text(
      "passwordFile",
      "File with the keystore's password; default: $CALPULLI_PASSPHRASE, otherwise it is asked for",
    ),
  )
  .addOption(METRICS)
  .addOption(P2P_LISTEN)
  .addOption(P2P_PEERS)
  .addOption({
    ...KEY_FILE,
    description:
      "Private key of the proposer's L1 account, as deposited: an encrypted JSON keystore, or 32 bytes as hex that only you can read; default: --account",
  })
  .addOption({
    ...ACCOUNT_INDEX,
    description:
      "Which L1 account of the network's configuration proposes; default: none, the validator attests only",
  })
  .addOption({
    ...PASSPHRASE_FILE,
    description:
      "File with the passphrase of --key-file; default: $CALPULLI_PASSPHRASE, otherwise it is asked for",
  })
  .addOption(text("coinbase", "L1 address that receives the fees; default: the proposer's account"))
  .addOption(PORT(8562))
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
  .addFlag(JSON_LOGS)
  .setInlineAction((options, hre) => showKnownErrors(() => validator(options, hre)))
  .build();

interface ValidatorOptions extends ProcessOptions, KeyOptions, PriceOptions, GossipOptions {
  keystore: string | undefined;
  passwordFile: string | undefined;
  coinbase: string | undefined;
  feeCeiling: string | undefined;
  blobFeeCeiling: string | undefined;
  port: number;
  blockTime: number;
}

async function validator(options: ValidatorOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openValidatorProcess } = await import("../actors/process/validatorProcess.ts");
  const port = checkPort(options.port);
  const p2p = requiredP2pOf(options);
  const priceSource = await priceSourceOf(options);
  const attesterKey = await attesterKeyOf(options, hre);
  await runProcess("validator", options, hre, async (follow, deployment) => {
    const proposing = await proposingOf(options, deployment, hre);
    return openValidatorProcess({
      ...follow,
      deployment,
      attesterKey,
      p2p,
      ...(proposing ? { proposing } : {}),
      ...(priceSource ? { priceSource } : {}),
      port,
      market: deployment,
      l1BlockTime: await l1BlockTimeOf(options.blockTime, deployment),
    });
  });
}

/** Asked for before anything else runs. @throws StakingError PASSWORD_WRONG and others of `readKeystore` */
async function attesterKeyOf(options: ValidatorOptions, hre: HardhatRuntimeEnvironment): Promise<Uint8Array> {
  const { readKeystore } = await import("../actors/staking/keystore.ts");
  const { toBytes } = await import("../protocol/bytes.ts");
  const { passphraseOf } = await import("./ledgerContext.ts");
  const path = required("keystore", options.keystore);
  const secret = await readKeystore({ path, password: () => passphraseOf(options.passwordFile, hre) });
  return toBytes(secret, 32);
}

/** What it needs to propose, when it is given an account. @throws OptionError, ActorError KEY_UNUSABLE */
async function proposingOf(
  options: ValidatorOptions,
  deployment: Deployment,
  hre: HardhatRuntimeEnvironment,
): Promise<ValidatorProcessOptions["proposing"]> {
  const { toAddress } = await import("../protocol/address.ts");
  const { keyFile, account, coinbase, feeCeiling, blobFeeCeiling } = options;
  if (keyFile === undefined && account === undefined) {
    if (coinbase === undefined && feeCeiling === undefined) return undefined;
    throw new OptionError("the validator has no account to propose with", "add --key-file or --account");
  }
  if (coinbase !== undefined) toAddress(coinbase);
  const ceiling = feeCeilingOf(feeCeiling, blobFeeCeiling);
  return {
    privateKey: await l1KeyOf(options, deployment, hre, 0),
    ...(coinbase === undefined ? {} : { coinbase }),
    ...(ceiling ? { feeCeiling: ceiling } : {}),
  };
}

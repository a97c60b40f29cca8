import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { AccountQuery } from "../actors/rpc/ledgerApi.ts";
import { showKnownErrors } from "./known.ts";
import {
  BEACON,
  FROM_L1,
  JSON_FLAG,
  KEY,
  NODE,
  OptionError,
  RECORD,
  RPC,
  show,
  wholeOption,
} from "./ledgerOptions.ts";

export const ledgerAccountTask = task("ledger:account", "Shows an account, by --leaf, --public-key or --key")
  .addOption({
    name: "leaf",
    description: "Index of the account",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption({
    name: "publicKey",
    description: "Its public key: 0x, x and y, 128 hexadecimal digits",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption({ ...KEY, description: "Its key file; no passphrase is needed" })
  .addOption(NODE)
  .addFlag(FROM_L1)
  .addOption(RPC)
  .addOption(BEACON)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => ledgerAccount(options, hre)))
  .build();

interface LedgerAccountOptions {
  leaf: string | undefined;
  publicKey: string | undefined;
  key: string | undefined;
  node: string;
  fromL1: boolean;
  rpc: string | undefined;
  beacon: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function ledgerAccount(options: LedgerAccountOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, openLedger } = await import("./ledgerContext.ts");
  const { toHex } = await import("../protocol/bytes.ts");

  const query = await queryOf(options);
  const ledger = await openLedger(options, openDeployment(options, hre), hre);
  const { leaf, key, ...rest } = await ledger.account(query);
  show(options.json, { leaf, key: { x: toHex(key.x), y: toHex(key.y) }, ...rest });
}

async function queryOf({ leaf, publicKey, key }: LedgerAccountOptions): Promise<AccountQuery> {
  const { keySchema } = await import("../actors/rpc/ledgerApi.ts");
  const { inspectKeyFile } = await import("../actors/wallet/keyFile.ts");
  const { MAX_ACCOUNTS } = await import("../protocol/sizes.ts");
  if ([leaf, publicKey, key].filter((option) => option !== undefined).length !== 1) {
    throw new OptionError("it is not said which account", "give one of --leaf, --public-key and --key");
  }
  if (leaf !== undefined) {
    const index = wholeOption("leaf", leaf);
    if (index < MAX_ACCOUNTS) return { leaf: index };
    throw new OptionError(`leaf ${leaf} does not exist`, `leaves are 0 to ${MAX_ACCOUNTS - 1}`);
  }
  if (key !== undefined) return { key: inspectKeyFile(key).publicKey };
  const parsed = keySchema.safeParse(publicKey);
  if (parsed.success) return { key: parsed.data };
  throw new OptionError("--public-key has another form", "give 0x, x and y, 128 hexadecimal digits");
}

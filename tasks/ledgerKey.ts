import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { JSON_FLAG, KEY, PASSPHRASE_FILE, required, show } from "./ledgerOptions.ts";

export const ledgerKeyTask = task("ledger:key", "Makes a key of the ledger and keeps it in a file")
  .addOption({ ...KEY, description: "File to make; one that exists is never overwritten" })
  .addFlag({ name: "plain", description: "Do not encrypt it: for local networks only" })
  .addOption(PASSPHRASE_FILE)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => ledgerKey(options, hre)))
  .build();

interface LedgerKeyOptions {
  key: string | undefined;
  plain: boolean;
  passphraseFile: string | undefined;
  json: boolean;
}

async function ledgerKey(options: LedgerKeyOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { createKeyFile } = await import("../actors/wallet/keyFile.ts");
  const { newPassphrase } = await import("./ledgerContext.ts");
  const { toHex } = await import("../protocol/bytes.ts");

  const file = required("key", options.key);
  const passphrase = options.plain ? undefined : await newPassphrase(options.passphraseFile, hre);
  if (options.plain) {
    console.error(`Warning: whoever can read ${file} owns what the key owns. Use it on local networks only.`);
  }
  const { publicKey } = await createKeyFile({
    path: file,
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  show(options.json, {
    file,
    publicKey: `${toHex(publicKey.x)}${toHex(publicKey.y).slice(2)}`,
    encrypted: !options.plain,
  });
}

import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { KeystoreInfo } from "../actors/staking/keystore.ts";
import { showKnownErrors } from "./known.ts";
import { JSON_FLAG, OptionError, show, text } from "./ledgerOptions.ts";
import { KEYSTORE, PASSWORD_FILE } from "./stakeOptions.ts";

export const stakeKeysTask = task(
  "stake:keys",
  "Makes an attester's BLS key in a keystore (EIP-2335), shows one, or lists those of a folder",
)
  .addOption(text("new", "Keystore to make; one that exists is never overwritten"))
  .addOption({ ...KEYSTORE, description: "Keystore to show; no password is needed" })
  .addOption(text("list", "Folder whose keystores are listed"))
  .addOption({
    name: "kdf",
    description: "What stretches the password of a new one: scrypt or pbkdf2",
    type: ArgumentType.STRING,
    defaultValue: "scrypt",
  })
  .addOption(PASSWORD_FILE)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => stakeKeys(options, hre)))
  .build();

interface StakeKeysOptions {
  new: string | undefined;
  keystore: string | undefined;
  list: string | undefined;
  kdf: string;
  passphraseFile: string | undefined;
  json: boolean;
}

async function stakeKeys(options: StakeKeysOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { createKeystore, inspectKeystore, listKeystores } = await import("../actors/staking/keystore.ts");
  const { keyHashToHex } = await import("../protocol/bls.ts");
  const { kdf, keystore, list, json } = options;
  if ([options.new, keystore, list].filter((one) => one !== undefined).length !== 1)
    throw new OptionError("it is not said what to do", "give one of --new, --keystore and --list");
  if (kdf !== "scrypt" && kdf !== "pbkdf2")
    throw new OptionError(`--kdf ${kdf} is not known`, "give scrypt or pbkdf2");

  const shown = ({ path, pubkey, keyHash, uuid, kdf: used }: KeystoreInfo): object => ({
    file: path,
    publicKey: pubkey,
    validator: keyHashToHex(keyHash),
    kdf: used,
    uuid,
  });
  if (list !== undefined) {
    const found = listKeystores(list);
    if (json) show(true, found.map(shown));
    else if (found.length === 0) console.log(`There is no keystore in ${list}.`);
    else for (const { path, keyHash } of found) console.log(`${keyHashToHex(keyHash)}  ${path}`);
    return;
  }
  if (keystore !== undefined) return show(json, shown(inspectKeystore(keystore)));

  const { newPassphrase } = await import("./ledgerContext.ts");
  const password = await newPassphrase(options.passphraseFile, hre);
  show(json, shown(await createKeystore({ path: options.new!, password, kdf })));
}

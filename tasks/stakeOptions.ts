/** Options of the staking tasks, and which validator they name. */
import type { KeyHash } from "../protocol/bls.ts";
import { OptionError, PASSPHRASE_FILE, text } from "./ledgerOptions.ts";

export const KEYSTORE = text("keystore", "Keystore of the attester's key, made by stake:keys");
export const VALIDATOR = text(
  "validator",
  "Its name on L1 instead of --keystore: 0x and 56 hexadecimal digits",
);
export const PASSWORD_FILE = {
  ...PASSPHRASE_FILE,
  description: "File with the keystore's password; default: $CALPULLI_PASSPHRASE, otherwise it is asked for",
};

/** The validator that a task is about; undefined when none is named. @throws OptionError, StakingError */
export async function validatorOption(options: {
  keystore: string | undefined;
  validator: string | undefined;
}): Promise<KeyHash | undefined> {
  const { keystore, validator } = options;
  if (keystore !== undefined && validator !== undefined)
    throw new OptionError("--keystore and --validator both name one", "give one of them");
  if (keystore !== undefined) {
    const { inspectKeystore } = await import("../actors/staking/keystore.ts");
    return inspectKeystore(keystore).keyHash;
  }
  if (validator === undefined) return undefined;
  if (!/^0x[0-9a-fA-F]{56}$/.test(validator))
    throw new OptionError(`--validator ${validator} is no name of a validator`, "give 0x and 56 digits");
  return (BigInt(validator) << 32n) as KeyHash;
}

/** The same where there must be one. @throws OptionError, StakingError */
export async function requiredValidator(options: {
  keystore: string | undefined;
  validator: string | undefined;
}): Promise<KeyHash> {
  const name = await validatorOption(options);
  if (name !== undefined) return name;
  throw new OptionError("no validator is named", "add --keystore or --validator");
}

/** Seconds since 1970 as a date for people; JSON keeps the number. */
export function dated(json: boolean, seconds: number | undefined): number | string | undefined {
  return json || seconds === undefined ? seconds : new Date(seconds * 1000).toISOString();
}

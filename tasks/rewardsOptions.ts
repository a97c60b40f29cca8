/** Options that the tasks of rewards share. */
import { OptionError, text } from "./ledgerOptions.ts";

export const COINBASE = text("coinbase", "Address that blocks named for their pay");
export const PROVER = text("prover", "Address that epochs were proven for");
export const VALIDATOR = text(
  "validator",
  "Hash of a validator's attester key, 28 bytes, as the registry's events have it",
);

/** @throws OptionError for anything but 0x and 40 digits */
export function addressOption(name: "coinbase" | "prover", value: string): string {
  if (/^0x[0-9a-fA-F]{40}$/.test(value)) return value;
  throw new OptionError(`--${name} ${value} is no address`, "give 0x and 40 hexadecimal digits");
}

/** @throws OptionError for anything but 0x and 56 digits, or 64 that end in eight zeros */
export function validatorOption(value: string): string {
  const match = /^(0x[0-9a-fA-F]{56})(?:0{8})?$/.exec(value);
  if (match) return match[1]!;
  throw new OptionError(`--validator ${value} is no key hash`, "give 0x and 56 hexadecimal digits");
}

/** Options that tasks share, and how their values are read and results shown. */
import { ArgumentType } from "hardhat/types/arguments";

/** See {@link text}. */
export interface TextOption<Name extends string> {
  name: Name;
  description: string;
  type: ArgumentType.STRING_WITHOUT_DEFAULT;
  defaultValue: undefined;
}

/** A text, absent by default. */
export const text = <const Name extends string>(name: Name, description: string): TextOption<Name> => ({
  name,
  description,
  type: ArgumentType.STRING_WITHOUT_DEFAULT,
  defaultValue: undefined,
});

export const NODE = {
  name: "node" as const,
  description: "Address of a node's JSON API",
  type: ArgumentType.STRING as const,
  defaultValue: "http://127.0.0.1:8560",
};
export const FROM_L1 = {
  name: "fromL1" as const,
  description: "Ask no node: rebuild the ledger from L1 events and blobs",
};
export const RPC = text("rpc", "JSON-RPC address of L1; default: that of the network");
export const BEACON = text(
  "beacon",
  "Beacon API address for --from-l1; default: $CALPULLI_BEACON, otherwise that of --rpc, as with anvil",
);
export const RECORD = text("record", "Folder of the deployment records");
export const KEY = text("key", "Key file, made by ledger:key");
export const PASSPHRASE_FILE = text(
  "passphraseFile",
  "File with the key's passphrase; default: $CALPULLI_PASSPHRASE, otherwise it is asked for",
);
export const AMOUNT = text("amount", "Base units; 1.5e18 is the same as 1500000000000000000");
export const WITHIN = {
  name: "within" as const,
  description: "Blocks within which it should be included, from 1 to 64: decides the max fees offered",
  type: ArgumentType.STRING as const,
  defaultValue: "8",
};
export const MAX_FEE_PER_L2_GAS = text(
  "maxFeePerL2Gas",
  "Most fee juice for a unit of L2 gas, in base units; default: as --within estimates",
);
export const MAX_FEE_PER_DA_GAS = text("maxFeePerDaGas", "The same for a unit of DA gas");
export const ACCOUNT = text(
  "account",
  "Which L1 account of the network pays; on local chains one of the public test accounts, by default 3",
);
export const WAIT = {
  name: "wait" as const,
  description: "Wait until it is in a block; exit code 1 when it is skipped",
};
export const AGAIN = {
  name: "again" as const,
  description: "Make a new one, even if the end of an earlier one with the same arguments is not known",
};
export const JSON_FLAG = { name: "json" as const, description: "Print the result as JSON and nothing else" };

/** An option that cannot be used. */
export class OptionError extends Error {
  override readonly name = "OptionError";
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(`${message}; ${remedy}`);
    this.remedy = remedy;
  }
}

/** @throws OptionError when the option is missing */
export function required(name: string, value: string | undefined): string {
  if (value !== undefined && value !== "") return value;
  throw new OptionError(`--${name} is missing`, `add it; --help shows all options`);
}

/** A whole number from 0. @throws OptionError */
export function wholeOption(name: string, value: string): number {
  if (/^\d{1,10}$/.test(value)) return Number(value);
  throw new OptionError(`--${name} ${value} is no whole number`, "give one from 0");
}

/** Blocks ahead, from 1 to 64. @throws OptionError */
export function withinOption(name: string, value: string): number {
  const blocks = wholeOption(name, value);
  if (blocks >= 1 && blocks <= 64) return blocks;
  throw new OptionError(`--${name} ${blocks} is out of range`, "give 1 to 64");
}

/** Base units for a unit of gas; undefined when it is left to the estimate. @throws OptionError */
export function maxFeeOption(name: string, value: string | undefined): bigint | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,20}$/.test(value) && BigInt(value) >> 64n === 0n) return BigInt(value);
  throw new OptionError(`--${name} ${value} is no fee`, "give base units below 2^64");
}

/** Base units, such as `1000`, `1e18` or `1.5e18`. @throws OptionError */
export function amountOption(value: string): bigint {
  const match = /^(\d{1,30})(?:\.(\d{1,30}))?(?:e(\d{1,2}))?$/i.exec(value);
  const [, units = "", fraction = "", exponent = "0"] = match ?? [];
  const digits = Number(exponent);
  if (!match || fraction.length > digits) {
    throw new OptionError(`--amount ${value} is no number of base units`, "give one such as 1500 or 1.5e18");
  }
  const amount = BigInt(`${units}${fraction}`) * 10n ** BigInt(digits - fraction.length);
  if (amount >> 96n === 0n) return amount;
  throw new OptionError(`--amount ${value} does not fit in 96 bits`, "give less");
}

/** Prints a result: one line of JSON, or names and values for people. Numbers without bound become decimal text. */
export function show(json: boolean, values: object): void {
  if (json) console.log(JSON.stringify(values, withoutBigints));
  else for (const [name, value] of lines(values)) console.log(`${name.padEnd(20)} ${value}`);
}

function lines(values: object, prefix = ""): [string, string][] {
  return Object.entries(values).flatMap(([key, value]: [string, unknown]): [string, string][] => {
    const name = `${prefix}${key}`;
    if (value === undefined || value === null) return [];
    if (typeof value === "object") return lines(value, `${name}.`);
    return [
      [name, typeof value === "string" ? value : JSON.stringify(value, withoutBigints).replaceAll('"', "")],
    ];
  });
}

function withoutBigints(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** Keys of operators, in files: never on a command line, where every user of the machine can read them. */
import { readFileSync, statSync } from "node:fs";
import { Wallet } from "ethers";

import { hexToBytes } from "../../protocol/bytes.ts";
import { ActorError, messageOf } from "../support/actorError.ts";

/** Parameters of {@link readL1Key}. */
export interface ReadL1KeyParameters {
  path: string;
  /** Asked only for an encrypted file. */
  passphrase: () => string | Promise<string>;
}

/**
 * The private key of an account on L1: an encrypted JSON keystore (version 3, as geth and ethers write it), or 32 bytes
 * as hex in a file that its owner alone can read.
 * @throws ActorError KEY_UNUSABLE
 */
export async function readL1Key({ path, passphrase }: ReadL1KeyParameters): Promise<string> {
  const text = readPrivately(path);
  if (!text.startsWith("{")) return keyOfLine(path, text);
  try {
    return (await Wallet.fromEncryptedJson(text, await passphrase())).privateKey;
  } catch (error) {
    if (error instanceof Error && "remedy" in error) throw error;
    throw unusable(path, messageOf(error), "check the file and its passphrase");
  }
}

/** BLS secret keys of attesters, one line of 32 bytes as hex each, by committee position. @throws ActorError KEY_UNUSABLE */
export function readAttesterKeys(path: string): Uint8Array[] {
  const lines = readPrivately(path).split("\n");
  return lines.map((line) => hexToBytes(keyOfLine(path, line.trim())));
}

function readPrivately(path: string): string {
  let text: string;
  let mode: number;
  try {
    [text, mode] = [readFileSync(path, "utf8").trim(), statSync(path).mode];
  } catch (error) {
    throw unusable(path, messageOf(error), "check the name");
  }
  if (process.platform !== "win32" && (mode & 0o077) !== 0 && !text.startsWith("{"))
    throw unusable(path, "others can read it", `chmod 600 ${path}`);
  return text;
}

function keyOfLine(path: string, line: string): string {
  const hex = line.startsWith("0x") ? line : `0x${line}`;
  if (/^0x[0-9a-fA-F]{64}$/.test(hex)) return hex;
  throw unusable(path, "it has no 32 bytes as hex", "check it");
}

function unusable(path: string, reason: string, remedy: string): ActorError {
  return new ActorError("KEY_UNUSABLE", `the key file ${path} is of no use: ${reason}`, remedy);
}

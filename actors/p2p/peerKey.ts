/** The key under which peers know a process, in a file that its owner alone can read. */
import { readFileSync, statSync } from "node:fs";
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import type { PrivateKey } from "@libp2p/interface";

import { ActorError, messageOf } from "../support/actorError.ts";
import { writeNewFile } from "../support/newFile.ts";

/**
 * The key of a file, which is made when there is none: the peer id stays the same over restarts.
 * @throws ActorError KEY_UNUSABLE when it cannot be read, or others can
 */
export async function openPeerKey(path: string): Promise<PrivateKey> {
  const key = await generateKeyPair("Ed25519");
  const made = writeNewFile(path, `${Buffer.from(privateKeyToProtobuf(key)).toString("hex")}\n`);
  return made ? key : readPeerKey(path);
}

function readPeerKey(path: string): PrivateKey {
  try {
    if (process.platform === "win32" || (statSync(path).mode & 0o077) === 0) {
      return privateKeyFromProtobuf(Buffer.from(readFileSync(path, "utf8").trim(), "hex"));
    }
  } catch (error) {
    const remedy = "restore it from a backup, or move it away: a new one gives another peer id";
    throw unusable(path, messageOf(error), remedy);
  }
  throw unusable(path, "others can read it", `chmod 600 ${path}`);
}

function unusable(path: string, reason: string, remedy: string): ActorError {
  return new ActorError("KEY_UNUSABLE", `the peer key ${path} is of no use: ${reason}`, remedy);
}

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { toHex } from "../../protocol/bytes.ts";
import { keccakWords } from "../../protocol/hash.ts";

/** Bytes before the proof: SHA-256 of the file's name and the proof. */
const CHECKSUM = 32;

/** Proofs kept, the newest: more than any L1 reorg or delay brings back. */
const KEPT = 256;

/**
 * Finished proofs on disk by their public inputs: a restart submits them instead of proving again. What is damaged, cut,
 * or another epoch's, is removed when it is read: the epoch is then proven again, and no gas is spent on finding out. The
 * newest 256 are kept.
 */
export class ProofStore {
  readonly #folder: string;

  constructor({ folder }: { folder: string }) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Undefined when there is none that can be used. */
  read(publicInputs: readonly bigint[]): Uint8Array | undefined {
    const path = this.#path(publicInputs);
    if (!existsSync(path)) return undefined;
    const bytes = new Uint8Array(readFileSync(path));
    const proof = bytes.subarray(CHECKSUM);
    if (checksumOf(publicInputs, proof).equals(bytes.subarray(0, CHECKSUM))) return proof;
    this.remove(publicInputs);
    return undefined;
  }

  write(publicInputs: readonly bigint[], proof: Uint8Array): void {
    const path = this.#path(publicInputs);
    writeFileSync(`${path}.part`, Buffer.concat([checksumOf(publicInputs, proof), proof]));
    renameSync(`${path}.part`, path);
    this.#removeOldest();
  }

  remove(publicInputs: readonly bigint[]): void {
    rmSync(this.#path(publicInputs), { force: true });
  }

  #removeOldest(): void {
    const names = readdirSync(this.#folder);
    if (names.length <= KEPT) return;
    const files = names.map((name) => join(this.#folder, name));
    const byAge = files
      .map((path) => ({ path, time: statSync(path).mtimeMs }))
      .sort((a, b) => b.time - a.time);
    for (const { path } of byAge.slice(KEPT)) rmSync(path, { force: true });
  }

  #path(publicInputs: readonly bigint[]): string {
    return join(this.#folder, `${nameOf(publicInputs)}.proof`);
  }
}

function nameOf(publicInputs: readonly bigint[]): string {
  return toHex(keccakWords(publicInputs));
}

function checksumOf(publicInputs: readonly bigint[], proof: Uint8Array): Buffer {
  return createHash("sha256").update(nameOf(publicInputs)).update(proof).digest();
}

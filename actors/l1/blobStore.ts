import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { BLOB_BYTES } from "../../protocol/blob.ts";
import { lengthWithoutZeros } from "../../protocol/bytes.ts";
import { ActorError } from "../support/actorError.ts";
import type { BlobSource, GetBlobsParameters } from "./blobSource.ts";

const WORD = 32;

/**
 * A folder of blobs: beacon nodes forget blobs after eighteen days, this does not. Files carry the versioned hash as
 * their name and leave out the zeros at the end; what they hold is checked by whoever reads, like any source's answer.
 */
export class BlobStore implements BlobSource {
  readonly #folder: string;

  constructor({ folder }: { folder: string }) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  getBlobs({ versionedHashes }: GetBlobsParameters): Promise<Uint8Array[]> {
    return new Promise((resolve) => resolve(versionedHashes.map((hash) => this.#read(hash))));
  }

  /** Keeps a blob; one of the same hash stays. */
  keep(versionedHash: string, blob: Uint8Array): void {
    const path = this.#path(versionedHash);
    if (existsSync(path)) return;
    writeFileSync(`${path}.part`, withoutTail(blob));
    renameSync(`${path}.part`, path);
  }

  remove(versionedHash: string): void {
    rmSync(this.#path(versionedHash), { force: true });
  }

  #read(versionedHash: string): Uint8Array {
    const path = this.#path(versionedHash);
    if (!existsSync(path)) {
      throw new ActorError("BLOB_NOT_FOUND", `${path} does not exist`, "ask another source");
    }
    const bytes = readFileSync(path);
    if (bytes.length > BLOB_BYTES) return bytes; // is no blob, as the check will show
    return withTail(bytes);
  }

  #path(versionedHash: string): string {
    return join(this.#folder, `${versionedHash.toLowerCase()}.blob`);
  }
}

/** A copy of the blob without the zero words at its end. */
export function withoutTail(blob: Uint8Array): Uint8Array {
  return blob.slice(0, Math.ceil(lengthWithoutZeros(blob) / WORD) * WORD);
}

/** A whole blob again. */
export function withTail(part: Uint8Array): Uint8Array {
  const blob = new Uint8Array(BLOB_BYTES);
  blob.set(part);
  return blob;
}

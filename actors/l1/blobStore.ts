import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { BlobSource, GetBlobsParameters } from "./blobSource.ts";

const WORD = 32;

/**
 * A folder of blobs in front of another source: beacon nodes forget blobs after eighteen days, this does not.
 * Files carry the versioned hash as their name and leave out the zeros at the end.
 */
export class BlobStore implements BlobSource {
  readonly #folder: string;
  readonly #source: BlobSource;

  constructor({ folder, source }: { folder: string; source: BlobSource }) {
    this.#folder = folder;
    this.#source = source;
    mkdirSync(folder, { recursive: true });
  }

  async getBlobs(parameters: GetBlobsParameters): Promise<Uint8Array[]> {
    const { versionedHashes } = parameters;
    const missing = versionedHashes.filter((hash) => !existsSync(this.#path(hash)));
    const fetched =
      missing.length === 0 ? [] : await this.#source.getBlobs({ ...parameters, versionedHashes: missing });
    return versionedHashes.map((hash) => fetched[missing.indexOf(hash)] ?? this.#read(hash));
  }

  /** Keeps a blob that the caller has verified. */
  keep(versionedHash: string, blob: Uint8Array): void {
    const path = this.#path(versionedHash);
    if (existsSync(path)) return;
    const end = blob.findLastIndex((byte) => byte !== 0) + 1;
    writeFileSync(`${path}.part`, blob.subarray(0, Math.ceil(end / WORD) * WORD));
    renameSync(`${path}.part`, path);
  }

  #read(versionedHash: string): Uint8Array {
    const blob = new Uint8Array(131_072);
    blob.set(readFileSync(this.#path(versionedHash)));
    return blob;
  }

  #path(versionedHash: string): string {
    return join(this.#folder, `${versionedHash.toLowerCase()}.blob`);
  }
}

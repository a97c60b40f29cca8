import { BLOB_BYTES } from "../../protocol/blob.ts";
import { ActorError, messageOf } from "../support/actorError.ts";
import { readBody } from "../support/readBody.ts";
import type { BlobSource, GetBlobsParameters } from "./blobSource.ts";

const HEX_BLOB = /0x[0-9a-fA-F]{262144}/;
/** Bytes of an answer: a blob in hexadecimal digits, and as much about it. */
const MOST = 2 ** 20;
const PLACEHOLDER = "{versionedHash}";

/**
 * Blobs from an HTTP archive, by their versioned hash. The address is a template, for example
 * `https://archive.example/blobs/{versionedHash}`; the answer is the 131,072 bytes themselves, or any text (JSON, too)
 * with the blob as hexadecimal digits in it.
 */
export class ArchiveBlobSource implements BlobSource {
  readonly #template: string;

  /** @throws ActorError BLOB_SOURCE_FAILED for a template without its placeholder */
  constructor({ template }: { template: string }) {
    if (!template.includes(PLACEHOLDER)) {
      throw new ActorError(
        "BLOB_SOURCE_FAILED",
        `the archive address ${template} has no ${PLACEHOLDER}`,
        "put it where the hash belongs",
      );
    }
    this.#template = template;
  }

  getBlobs({ versionedHashes, signal }: GetBlobsParameters): Promise<Uint8Array[]> {
    return Promise.all(versionedHashes.map((hash) => this.#get(hash, signal)));
  }

  async #get(versionedHash: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const url = this.#template.replaceAll(PLACEHOLDER, versionedHash);
    const limit = AbortSignal.timeout(30_000);
    try {
      const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
      if (response.status === 404) {
        throw new ActorError("BLOB_NOT_FOUND", `${url} answers 404`, "use another archive");
      }
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const bytes = new Uint8Array(await readBody(response, MOST));
      if (bytes.length === BLOB_BYTES) return bytes;
      const hex = HEX_BLOB.exec(new TextDecoder().decode(bytes))?.[0];
      if (hex === undefined) throw new Error("the answer holds no blob");
      return new Uint8Array(Buffer.from(hex.slice(2), "hex"));
    } catch (error) {
      if (error instanceof ActorError) throw error;
      throw new ActorError("BLOB_SOURCE_FAILED", `${url}: ${messageOf(error)}`, "check the archive", error);
    }
  }
}

/**
 * Several blob sources, asked one after another until one has the blob: the local store, a beacon node, archives.
 * Every answer is checked against its versioned hash, the store's too, and when that is not asked for then at least for
 * its length: a source that lies, fails or has no such blob is passed over and reported. What was found is kept in the
 * store.
 */
import { BLOB_BYTES } from "../../protocol/blob.ts";
import { ActorError, isActorError, messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import { isBlobOf } from "./blobSidecar.ts";
import type { BlobSource, GetBlobsParameters, NamedBlobSource } from "./blobSource.ts";
import type { BlobStore } from "./blobStore.ts";

/** What a source did wrong. */
export type SourceFault = "lied" | "missing" | "failed";

/** Parameters of {@link BlobSources}. */
export interface BlobSourcesOptions {
  /** Asked first, and given what the others have. */
  store?: BlobStore;
  /** In the order in which they are asked. */
  sources: readonly NamedBlobSource[];
  logger: Logger;
}

export class BlobSources implements BlobSource {
  readonly checks = true;
  readonly #store: BlobStore | undefined;
  readonly #sources: readonly NamedBlobSource[];
  readonly #logger: Logger;
  readonly #faults = new Map<string, Record<SourceFault, number>>();

  constructor({ store, sources, logger }: BlobSourcesOptions) {
    this.#store = store;
    this.#sources = store ? [{ name: "store", source: store }, ...sources] : sources;
    this.#logger = logger;
  }

  /** How often each source was passed over, by name. */
  get faults(): ReadonlyMap<string, Readonly<Record<SourceFault, number>>> {
    return this.#faults;
  }

  /**
   * @throws ActorError when no source has the blob: BLOB_SOURCE_LIED when one gave another, BLOB_SOURCE_FAILED when one
   * gave no answer, otherwise BLOB_NOT_FOUND
   */
  getBlobs({ versionedHashes, ...rest }: GetBlobsParameters): Promise<Uint8Array[]> {
    return Promise.all(versionedHashes.map((hash) => this.#get({ ...rest, versionedHashes: [hash] })));
  }

  async #get(request: GetBlobsParameters): Promise<Uint8Array> {
    const versionedHash = request.versionedHashes[0]!;
    const failures: { name: string; fault: SourceFault; reason: string }[] = [];
    for (const { name, source } of this.#sources) {
      try {
        const [blob] = await source.getBlobs(request);
        if (blob?.length === BLOB_BYTES && (request.unchecked || isBlobOf(blob, versionedHash))) {
          if (source !== this.#store) this.#keep(versionedHash, blob);
          return blob;
        }
        if (source === this.#store) this.#store.remove(versionedHash);
        failures.push({ name, fault: "lied", reason: "gave another blob" });
      } catch (error) {
        request.signal?.throwIfAborted();
        failures.push({ name, fault: faultOf(error), reason: messageOf(error) });
      }
      this.#report(failures.at(-1)!, versionedHash);
    }
    throw new ActorError(
      failures.some(({ fault }) => fault === "lied")
        ? "BLOB_SOURCE_LIED"
        : failures.some(({ fault }) => fault === "failed")
          ? "BLOB_SOURCE_FAILED"
          : "BLOB_NOT_FOUND",
      `no source has the blob ${versionedHash}: ${failures.map(({ name, reason }) => `${name}: ${reason}`).join("; ")}`,
      "add an archive with --archive",
    );
  }

  /** A disk that is full is no fault of the source: the blob is there. */
  #keep(versionedHash: string, blob: Uint8Array): void {
    try {
      this.#store?.keep(versionedHash, blob);
    } catch (error) {
      this.#logger.warn({ error: messageOf(error), versionedHash }, "a blob could not be kept");
    }
  }

  #report({ name, fault, reason }: { name: string; fault: SourceFault; reason: string }, hash: string): void {
    const counts = this.#faults.get(name) ?? { lied: 0, missing: 0, failed: 0 };
    counts[fault]++;
    this.#faults.set(name, counts);
    // A store that has not seen a blob yet is no fault of anybody's.
    if (name === "store" && fault === "missing") return;
    this.#logger.warn({ source: name, fault, reason, versionedHash: hash }, "a blob source was passed over");
  }
}

function faultOf(error: unknown): SourceFault {
  if (isActorError(error, "BLOB_NOT_FOUND")) return "missing";
  return isActorError(error, "BLOB_SOURCE_LIED") ? "lied" : "failed";
}

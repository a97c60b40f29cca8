import type { L1Head } from "./provider.ts";

/** Where blobs come from: a beacon node, an archive, a folder. */
export interface BlobSource {
  /** True when answers are checked already, as far as `unchecked` does not ask for less. */
  readonly checks?: boolean;
  /**
   * The blobs of an execution block with the given versioned hashes, in that order. Whoever calls checks them, unless
   * the source does.
   * @throws ActorError BLOB_NOT_FOUND when the source answers without one of them, BLOB_SOURCE_FAILED without answer
   */
  getBlobs(parameters: GetBlobsParameters): Promise<Uint8Array[]>;
}

/** Parameters of {@link BlobSource.getBlobs}. */
export interface GetBlobsParameters {
  block: L1Head;
  versionedHashes: readonly string[];
  signal?: AbortSignal | undefined;
  /** The caller finds out by itself whether the content is right, and asks again without this when it is not. */
  unchecked?: boolean;
}

/** A source as its user knows it. */
export interface NamedBlobSource {
  readonly name: string;
  readonly source: BlobSource;
}

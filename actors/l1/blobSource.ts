import type { L1Head } from "./provider.ts";

/** Where blobs come from: a beacon node, an archive, a folder. */
export interface BlobSource {
  /**
   * The blobs of an execution block with the given versioned hashes, in that order. Whoever calls verifies them.
   * @throws ActorError BLOB_NOT_FOUND when the source answers without one of them, BLOB_SOURCE_FAILED without answer
   */
  getBlobs(parameters: GetBlobsParameters): Promise<Uint8Array[]>;
}

/** Parameters of {@link BlobSource.getBlobs}. */
export interface GetBlobsParameters {
  block: L1Head;
  versionedHashes: readonly string[];
  signal?: AbortSignal | undefined;
}

import { ArchiveBlobSource } from "../l1/archiveBlobSource.ts";
import { connectBeacon } from "../l1/beaconBlobSource.ts";
import type { NamedBlobSource } from "../l1/blobSource.ts";
import { BlobSources } from "../l1/blobSources.ts";
import { BlobStore } from "../l1/blobStore.ts";
import type { Logger } from "../support/logger.ts";

/** The usual chain of blob sources: a folder, a beacon API, archives. */
export async function openBlobSources(parameters: {
  /** Keeps what the others have; absent: nothing is kept. */
  folder?: string;
  beaconUrl: string;
  /** Address templates, see `ArchiveBlobSource`. */
  archives?: readonly string[];
  logger: Logger;
  signal?: AbortSignal;
}): Promise<BlobSources> {
  const { folder, beaconUrl, archives = [], logger, signal } = parameters;
  const beacon = await connectBeacon({ url: beaconUrl, ...(signal ? { signal } : {}) });
  const sources: NamedBlobSource[] = [
    { name: beaconUrl, source: beacon },
    ...archives.map((template) => ({ name: template, source: new ArchiveBlobSource({ template }) })),
  ];
  return new BlobSources({
    sources,
    logger,
    ...(folder === undefined ? {} : { store: new BlobStore({ folder }) }),
  });
}

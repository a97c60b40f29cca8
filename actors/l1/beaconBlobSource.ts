import { z } from "zod";

import { BLOB_BYTES } from "../../protocol/blob.ts";
import { ActorError, messageOf } from "../support/actorError.ts";
import { readText } from "../support/readBody.ts";
import { type BeaconBlockId, anvilBlockId, beaconSlotId } from "./beaconBlockId.ts";
import { commitmentOf, versionedHashOf } from "./blobSidecar.ts";
import type { BlobSource, GetBlobsParameters } from "./blobSource.ts";

const blobsAnswer = z.object({ data: z.array(z.string()) });
const genesisAnswer = z.object({ data: z.object({ genesis_time: z.string().regex(/^\d+$/) }) });
const specAnswer = z.object({ data: z.object({ SECONDS_PER_SLOT: z.string().regex(/^\d+$/) }) });

/** Bytes of an answer: 128 blobs, for servers that give all of a block, and what a specification may grow to. */
const MOST_BLOBS = 128 * (2 * BLOB_BYTES + 128);
const MOST_SPEC = 2 ** 20;

/** Blobs from a beacon API: `GET /eth/v1/beacon/blobs/{id}`. */
export class BeaconBlobSource implements BlobSource {
  readonly #url: string;
  readonly #blockId: BeaconBlockId;

  constructor({ url, blockId }: { url: string; blockId: BeaconBlockId }) {
    this.#url = url.replace(/\/$/, "");
    this.#blockId = blockId;
  }

  async getBlobs({ block, versionedHashes, signal }: GetBlobsParameters): Promise<Uint8Array[]> {
    const id = this.#blockId(block);
    const query = versionedHashes.map((hash) => `versioned_hashes=${hash}`).join("&");
    const answer = await readJson(`${this.#url}/eth/v1/beacon/blobs/${id}?${query}`, blobsAnswer, {
      most: MOST_BLOBS,
      signal,
    });
    // A commitment costs 10 ms and whoever calls verifies: of one blob asked for and one given none is computed here.
    if (versionedHashes.length === 1 && answer.data.length === 1) return [this.#blobOf(answer.data[0]!)];
    const found = new Map<string, Uint8Array>();
    for (const hex of answer.data) {
      const blob = this.#blobOf(hex);
      found.set(versionedHashOf(commitmentOf(blob)), blob);
    }
    return versionedHashes.map((hash) => {
      const blob = found.get(hash.toLowerCase());
      if (blob) return blob;
      throw new ActorError(
        "BLOB_NOT_FOUND",
        `${this.#url} has no blob ${hash} at beacon block ${id}`,
        "use a source that keeps blobs for longer",
      );
    });
  }

  /** @throws ActorError BLOB_SOURCE_LIED for another length; digits that are none end the bytes early */
  #blobOf(hex: string): Uint8Array {
    const blob = new Uint8Array(Buffer.from(hex.slice(2), "hex"));
    if (blob.length === BLOB_BYTES) return blob;
    throw new ActorError(
      "BLOB_SOURCE_LIED",
      `${this.#url} gave a blob of ${blob.length} bytes`,
      "use another source",
    );
  }
}

/** Connects to a beacon API, and finds out which ids it takes: a real node tells its slot length, anvil does not. */
export async function connectBeacon({
  url,
  signal,
}: {
  url: string;
  signal?: AbortSignal;
}): Promise<BeaconBlobSource> {
  const base = url.replace(/\/$/, "");
  let secondsPerSlot: number;
  try {
    const spec = await readJson(`${base}/eth/v1/config/spec`, specAnswer, { most: MOST_SPEC, signal });
    secondsPerSlot = Number(spec.data.SECONDS_PER_SLOT);
  } catch {
    return new BeaconBlobSource({ url, blockId: anvilBlockId });
  }
  const genesis = await readJson(`${base}/eth/v1/beacon/genesis`, genesisAnswer, { most: MOST_SPEC, signal });
  const genesisTime = Number(genesis.data.genesis_time);
  return new BeaconBlobSource({ url, blockId: beaconSlotId({ genesisTime, secondsPerSlot }) });
}

async function readJson<Schema extends z.ZodType>(
  url: string,
  schema: Schema,
  { most, signal }: { most: number; signal: AbortSignal | undefined },
): Promise<z.infer<Schema>> {
  const limit = AbortSignal.timeout(30_000);
  try {
    const response = await fetch(url, {
      headers: { accept: "application/json" },
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
    if (response.status === 404) {
      throw new ActorError(
        "BLOB_NOT_FOUND",
        `${url.split("?")[0]} answers 404`,
        "wait, or use another source",
      );
    }
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return schema.parse(JSON.parse(await readText(response, most)));
  } catch (error) {
    if (error instanceof ActorError) throw error;
    throw new ActorError(
      "BLOB_SOURCE_FAILED",
      `${url.split("?")[0]}: ${messageOf(error)}`,
      "check the beacon address",
      error,
    );
  }
}

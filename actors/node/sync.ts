import { join } from "node:path";

import type { Field } from "../../protocol/field.ts";
import type { BlobSource } from "../l1/blobSource.ts";
import { BlobStore } from "../l1/blobStore.ts";
import { connectBeacon } from "../l1/beaconBlobSource.ts";
import { connectL1 } from "../l1/provider.ts";
import { RollupContract, type RollupReference } from "../l1/rollupContract.ts";
import type { Logger } from "../support/logger.ts";
import { Node } from "./node.ts";

/** Parameters of {@link syncFromL1}. */
export interface SyncParameters {
  rpcUrl: string;
  /** Beacon API; default: the same server, as with anvil. */
  beaconUrl?: string;
  deployment: RollupReference;
  /** Folder that keeps the blobs; absent: none are kept. */
  folder?: string;
  logger: Logger;
  signal?: AbortSignal;
}

/** The state after a sync. */
export interface SyncResult {
  /** Root after the newest proven block. */
  provenRoot: Field;
  /** Root after the newest valid block. */
  pendingRoot: Field;
  proven: number;
  pending: number;
  invalidBlocks: number;
  l1Block: number;
  seconds: number;
}

/** Rebuilds the whole state from L1: events and blobs, every root and claim checked. Needs nothing else. */
export async function syncFromL1(parameters: SyncParameters): Promise<SyncResult> {
  const { rpcUrl, beaconUrl = rpcUrl, deployment, folder, logger, signal } = parameters;
  const began = performance.now();
  const provider = await connectL1({ url: rpcUrl, chainId: deployment.chainId });
  try {
    const rollup = await RollupContract.connect({ provider, deployment });
    const beacon = await connectBeacon({ url: beaconUrl, ...(signal ? { signal } : {}) });
    const blobs: BlobSource =
      folder === undefined ? beacon : new BlobStore({ folder: join(folder, "blobs"), source: beacon });
    const node = new Node({ provider, rollup, blobs, logger });
    let invalidBlocks = 0;
    node.on((event) => {
      if (event.type === "invalidBlock") invalidBlocks++;
    });
    const head = await node.sync(signal);
    const { chain } = node;
    return {
      provenRoot: chain.provenTip.state.root(),
      pendingRoot: chain.tip.state.root(),
      proven: chain.proven,
      pending: chain.pending,
      invalidBlocks,
      l1Block: head.number,
      seconds: (performance.now() - began) / 1000,
    };
  } finally {
    provider.destroy();
  }
}

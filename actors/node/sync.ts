import { join } from "node:path";

import type { Field } from "../../protocol/field.ts";
import { connectL1 } from "../l1/provider.ts";
import { RollupContract, type RollupReference } from "../l1/rollupContract.ts";
import type { Logger } from "../support/logger.ts";
import { Node } from "./node.ts";
import { openBlobSources } from "./openBlobSources.ts";
import { chainIdentity, NodeStore } from "./nodeStore.ts";

/** Parameters of {@link syncFromL1}. */
export interface SyncParameters {
  rpcUrl: string;
  /** Beacon API; default: the same server, as with anvil. */
  beaconUrl?: string;
  deployment: RollupReference;
  /** Address templates of blob archives, see `ArchiveBlobSource`. */
  archives?: readonly string[];
  /** Folder that keeps blobs and state for the next sync; absent: nothing is kept. */
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
  const { rpcUrl, beaconUrl = rpcUrl, archives = [], deployment, folder, logger, signal } = parameters;
  const began = performance.now();
  const provider = await connectL1({ url: rpcUrl, chainId: deployment.chainId });
  let store: NodeStore | undefined;
  try {
    const rollup = await RollupContract.connect({ provider, deployment });
    const blobs = await openBlobSources({
      beaconUrl,
      archives,
      logger,
      ...(folder === undefined ? {} : { folder: join(folder, "blobs") }),
      ...(signal ? { signal } : {}),
    });
    if (folder !== undefined) {
      const identity = chainIdentity(rollup.parameters);
      store = NodeStore.open({ path: join(folder, "node.sqlite"), identity, logger });
    }
    const node = new Node({ provider, rollup, blobs, logger, ...(store ? { store } : {}) });
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
    store?.close();
    provider.destroy();
  }
}

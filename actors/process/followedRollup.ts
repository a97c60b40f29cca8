/** What every process of an operator stands on: L1, a node that follows the rollup, journals and accounts. */
import { join } from "node:path";
import { type JsonRpcProvider, Wallet } from "ethers";

import type { SignatureClaim } from "../../protocol/schnorr.ts";
import { type ActorJournal, openActorJournal } from "../journal/actorJournal.ts";
import { ensureTrustedSetup } from "../l1/blobSidecar.ts";
import { suiteErrorDecoder } from "../l1/contractInterface.ts";
import type { BlobSources } from "../l1/blobSources.ts";
import { HeadFollower } from "../l1/headFollower.ts";
import { L1Account } from "../l1/l1Account.ts";
import { connectL1 } from "../l1/provider.ts";
import { RollupContract, type RollupReference } from "../l1/rollupContract.ts";
import { Node, type NodeEvent } from "../node/node.ts";
import { NodeService } from "../node/nodeService.ts";
import { chainIdentity, NodeStore } from "../node/nodeStore.ts";
import { openBlobSources } from "../node/openBlobSources.ts";
import { cachingVerifier } from "../sequencer/signatureCache.ts";
import { messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { sleep } from "../support/sleep.ts";
import type { MonitorAddress } from "./monitor.ts";

/** What every process is told. */
export interface FollowOptions {
  rpcUrl: string;
  /** Beacon API; default: the same server, as with anvil. */
  beaconUrl?: string;
  /** Address templates of blob archives, see `ArchiveBlobSource`. */
  archives?: readonly string[];
  deployment: RollupReference;
  /** The process's own folder: state, blobs, journals. */
  folder: string;
  /** L1 blocks whose events can be undone; what is deeper is kept on disk. Default 64. */
  reorgDepth?: number;
  /** Milliseconds between questions to L1. Default 500. */
  pollInterval?: number;
  /** Where health and metrics are asked for. Default: nowhere. */
  metrics?: MonitorAddress;
  /** Told when the process cannot go on, such as when its journal cannot be written. */
  onFatal?: (error: unknown) => void;
  logger: Logger;
}

/** Milliseconds between two lines about the first sync. */
const PROGRESS_AFTER = 10_000;

/** Milliseconds between tries of the first sync. */
const RETRY_AFTER = 2_000;

/** A rollup as this process follows it. It opens everything, and closes it in `stop`. */
export class FollowedRollup implements Service {
  readonly provider: JsonRpcProvider;
  readonly rollup: RollupContract;
  readonly node: Node;
  readonly heads: HeadFollower;
  readonly blobs: BlobSources;
  readonly verifySignature: (claim: SignatureClaim) => boolean;
  readonly #options: FollowOptions;
  readonly #journals: ActorJournal[] = [];
  readonly #follower: NodeService;
  #abort = new AbortController();
  #stopTelling: () => void = () => undefined;

  private constructor(
    options: FollowOptions,
    parts: Pick<FollowedRollup, "provider" | "rollup" | "node" | "heads" | "blobs" | "verifySignature">,
  ) {
    this.#options = options;
    this.provider = parts.provider;
    this.rollup = parts.rollup;
    this.node = parts.node;
    this.heads = parts.heads;
    this.blobs = parts.blobs;
    this.verifySignature = parts.verifySignature;
    this.#follower = new NodeService({ node: this.node, heads: this.heads, logger: options.logger });
  }

  /**
   * Connects and reads what is on disk; nothing runs before `start`.
   * @throws ActorError L1_UNREACHABLE, CHAIN_MISMATCH, STORE_LOCKED while another process uses the folder
   */
  static async open(options: FollowOptions): Promise<FollowedRollup> {
    const { rpcUrl, beaconUrl = rpcUrl, archives = [], deployment, folder, logger } = options;
    const provider = await connectL1({ url: rpcUrl, chainId: deployment.chainId });
    let store: NodeStore | undefined;
    ensureTrustedSetup(); // takes seconds, which the first slot does not have
    try {
      const rollup = await RollupContract.connect({ provider, deployment });
      const blobs = await openBlobSources({ folder: join(folder, "blobs"), beaconUrl, archives, logger });
      store = NodeStore.open({
        path: join(folder, "node.sqlite"),
        identity: chainIdentity(rollup.parameters),
        logger,
        ...(options.onFatal ? { onFailure: options.onFatal } : {}),
      });
      const verifySignature = cachingVerifier();
      const { reorgDepth, pollInterval = 500 } = options;
      const depth = reorgDepth === undefined ? {} : { reorgDepth };
      const node = new Node({ provider, rollup, blobs, logger, verifySignature, store, ...depth });
      const heads = new HeadFollower({ provider, logger, pollInterval });
      return new FollowedRollup(options, { provider, rollup, node, heads, blobs, verifySignature });
    } catch (error) {
      store?.close();
      provider.destroy();
      throw error;
    }
  }

  /** Resolves when the node has reached L1's head. A source that fails is asked again until it answers. */
  async start(): Promise<void> {
    const { logger } = this.#options;
    const { signal } = (this.#abort = new AbortController());
    await this.heads.start();
    const progress = setInterval(() => {
      logger.info({ synced: this.node.syncedTo, head: this.heads.head?.number ?? 0 }, "syncing");
    }, PROGRESS_AFTER);
    try {
      await this.#reachHead(signal);
    } finally {
      clearInterval(progress);
    }
  }

  async #reachHead(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#follower.start();
        logger.info({ proven: this.node.chain.proven, pending: this.node.chain.pending }, "synced");
        this.#stopTelling = this.node.on((event) => tell(logger, event));
        return;
      } catch (error) {
        await this.#follower.stop();
        if (signal.aborted) return;
        logger.warn({ error: messageOf(error) }, "the first sync failed; trying again");
        await sleep(RETRY_AFTER, signal);
      }
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#stopTelling();
    await this.#follower.stop();
    await this.heads.stop();
    for (const journal of this.#journals) journal.close();
    await this.node.close();
    this.provider.destroy();
  }

  /**
   * Opens a journal of the folder.
   * @throws ActorError JOURNAL_LOCKED, JOURNAL_CORRUPT
   */
  openJournal(name: string): ActorJournal {
    const { folder, logger, onFatal } = this.#options;
    const journal = openActorJournal({
      path: join(folder, `${name}.journal`),
      logger,
      ...(onFatal ? { onFailure: onFatal } : {}),
    });
    this.#journals.push(journal);
    return journal;
  }

  /** An account on L1 that keeps its hashes in a journal. */
  account(privateKey: string, journal: ActorJournal): L1Account {
    const { deployment, logger, pollInterval = 500 } = this.#options;
    return new L1Account({
      provider: this.provider,
      signer: new Wallet(privateKey),
      chainId: deployment.chainId,
      logger,
      errors: suiteErrorDecoder(),
      journal,
      pollInterval,
    });
  }
}

/** What an operator sees of the rollup. Invalid blocks and L1 reorgs the node reports by itself. */
function tell(logger: Logger, event: NodeEvent): void {
  switch (event.type) {
    case "block": {
      const { number, claims, data, messages, proposer } = event.block;
      const counts = { transactions: data.count, messages: messages.length };
      return logger.info({ number, slot: claims.slot, ...counts, proposer }, "block");
    }
    case "epochProven": {
      const { epoch, number, prover } = event;
      return logger.info({ epoch, number, prover }, "epoch proven");
    }
    case "pruned":
    case "rolledBack":
      return logger.warn({ reason: event.type, blocks: event.dropped.length }, "blocks were dropped");
    default:
  }
}

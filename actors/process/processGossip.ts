/** A process's place in the gossip between machines. */
import { join } from "node:path";

import { quoteTopicOf } from "../market/quoteGossip.ts";
import type { Libp2pGossip } from "../p2p/libp2pGossip.ts";
import { gossipApi } from "../p2p/gossipApi.ts";
import { topicsOf } from "../p2p/topics.ts";
import type { RpcExtension } from "../rpc/rpcExtension.ts";
import type { Service } from "../support/service.ts";
import { CommitteeRelay } from "../validator/committeeRelay.ts";
import { Committees } from "../validator/committees.ts";
import type { FollowedRollup, FollowOptions } from "./followedRollup.ts";

/** Where a process meets others. */
export interface P2pOptions {
  /** Multiaddresses to listen at; none: it only dials. */
  listen: readonly string[];
  /** Multiaddresses of peers to stay connected with. */
  peers: readonly string[];
}

/** Parameters of {@link openProcessGossip}. */
export interface ProcessGossipOptions extends Pick<FollowOptions, "folder" | "logger"> {
  p2p: P2pOptions;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
  /** Whether it passes on what committees say. Default true. */
  relaysCommittees?: boolean;
}

/** What the other parts of a process need of it. */
export interface ProcessGossip {
  gossip: Libp2pGossip;
  committees: Committees;
  /** Starts and stops all of it; behind the followed rollup, before whoever uses it. */
  services: Service[];
  /** For the process's API server. */
  api: RpcExtension;
}

/** Nothing runs before its services start. @throws ActorError P2P_ADDRESS_INVALID, KEY_UNUSABLE */
export async function openProcessGossip(
  followed: FollowedRollup,
  { p2p, folder, l1BlockTime, logger, relaysCommittees = true }: ProcessGossipOptions,
): Promise<ProcessGossip> {
  // Loaded by who uses them only: they take a second.
  const { Libp2pGossip } = await import("../p2p/libp2pGossip.ts");
  const { openPeerKey } = await import("../p2p/peerKey.ts");
  const { node, heads, provider } = followed;
  const { parameters } = node;
  const { proposals, attestations, transactions } = topicsOf(parameters);
  const gossip = await Libp2pGossip.open({
    key: await openPeerKey(join(folder, "p2p.key")),
    listen: p2p.listen,
    peers: p2p.peers,
    topics: [proposals, attestations, transactions, quoteTopicOf(parameters)],
    logger,
  });
  const committees = new Committees({ provider, parameters });
  node.on(({ type }) => type === "reorg" && committees.forget());
  const relay = new CommitteeRelay({ node, heads, relay: gossip, committees, l1BlockTime });
  return {
    gossip,
    committees,
    services: relaysCommittees ? [gossip, relay] : [gossip],
    api: gossipApi(gossip),
  };
}

/** A libp2p node with gossipsub: TCP, Noise, Yamux. Gossip is anonymous; what a message says is signed inside of it. */
import { TopicValidatorResult, type GossipSub, gossipsub } from "@libp2p/gossipsub";
import { type Identify, identify } from "@libp2p/identify";
import type { Libp2p, PeerId, PrivateKey } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import type { Multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";

import { concatBytes } from "../../protocol/bytes.ts";
import { sha256 } from "../../protocol/hash.ts";
import { ActorError, messageOf } from "../support/actorError.ts";
import { SHUN_BELOW, type PeerScores } from "./peerScores.ts";
import type { Topic } from "./topics.ts";

export type GossipNode = Libp2p<{ identify: Identify; pubsub: GossipSub }>;

/** Parameters of {@link createGossipNode}. */
export interface GossipNodeOptions {
  key: PrivateKey;
  listen: readonly Multiaddr[];
  /** Every topic there is; others are not heard. */
  topics: readonly Topic[];
  scores: PeerScores;
}

const MAX_CONNECTIONS = 128;
/** A container host or an office may have many validators behind one address. */
const PEERS_PER_IP = 32;
/** A frame carries several messages, and what gossipsub says beside them. */
const FRAME_MESSAGES = 4;
const FRAME_EXTRA = 64 * 1024;
const MESSAGE_ID_BYTES = 20;

const text = new TextEncoder();

/** Not started yet. */
export async function createGossipNode(options: GossipNodeOptions): Promise<GossipNode> {
  const { key, listen, topics, scores } = options;
  const isShunned = (peer: PeerId): boolean => scores.isShunned(peer.toString());
  return createLibp2p({
    start: false,
    privateKey: key,
    nodeInfo: { name: "calpulli", version: "1" },
    addresses: { listen: listen.map(String) },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { maxConnections: MAX_CONNECTIONS, inboundConnectionThreshold: PEERS_PER_IP },
    connectionGater: { denyDialPeer: isShunned, denyInboundEncryptedConnection: isShunned },
    services: { identify: identify(), pubsub: gossipsub(gossipOptions(topics, scores)) },
  });
}

const RESULTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
} as const;

/** Lets `judge` say what becomes of each new message of the topics. */
export function judgeBy(
  node: GossipNode,
  topics: readonly Topic[],
  judge: (peer: string, topic: string, data: Uint8Array) => Promise<keyof typeof RESULTS>,
): void {
  for (const { name } of topics) {
    node.services.pubsub.topicValidators.set(
      name,
      async (peer, { topic, data }) => RESULTS[await judge(peer.toString(), topic, data.slice())],
    );
  }
}

/** A peer is known before its stream is open, and what is sent in between is lost; the library's types do not show it. */
export function canSendTo(pubsub: GossipSub, peer: string): boolean {
  const { streamsOutbound } = pubsub as GossipSub & { streamsOutbound: ReadonlyMap<string, unknown> };
  return streamsOutbound.has(peer);
}

function gossipOptions(
  topics: readonly Topic[],
  scores: PeerScores,
): NonNullable<Parameters<typeof gossipsub>[0]> {
  const longest = Math.max(...topics.map(({ limits }) => limits.maxBytes));
  return {
    globalSignaturePolicy: "StrictNoSign",
    fallbackToFloodsub: false,
    // Whoever has no room for a peer names it others.
    doPX: true,
    ignoreDuplicatePublishError: true,
    allowedTopics: topics.map(({ name }) => name),
    msgIdFn: ({ topic, data }) =>
      sha256(concatBytes(sha256(text.encode(topic)), data)).subarray(0, MESSAGE_ID_BYTES),
    maxInboundDataLength: FRAME_MESSAGES * longest + FRAME_EXTRA,
    // Faults are scored in one place; gossipsub adds what only it sees, such as broken promises.
    scoreParams: {
      appSpecificScore: (peer) => scores.scoreOf(peer),
      appSpecificWeight: 1,
      behaviourPenaltyThreshold: 6,
      IPColocationFactorThreshold: PEERS_PER_IP,
    },
    scoreThresholds: {
      gossipThreshold: SHUN_BELOW / 2,
      publishThreshold: SHUN_BELOW / 2,
      graylistThreshold: SHUN_BELOW,
      acceptPXThreshold: 0,
    },
  };
}

/** Starts a node. @throws ActorError P2P_PORT_TAKEN, P2P_LISTEN_FAILED */
export async function startListening(node: GossipNode, listen: readonly Multiaddr[]): Promise<void> {
  try {
    await node.start();
  } catch (error) {
    await node.stop();
    const where = listen.join(", ");
    if (/EADDRINUSE/.test(messageOf(error))) {
      const remedy = "stop the other program, or choose another port with --p2p-listen";
      throw new ActorError("P2P_PORT_TAKEN", `the port of ${where} is taken`, remedy, error);
    }
    const message = `nothing can listen at ${where}: ${messageOf(error).replaceAll(/\s+/g, " ")}`;
    throw new ActorError("P2P_LISTEN_FAILED", message, "name an address of this machine", error);
  }
}

/**
 * Gossip between machines, on libp2p: the interface of `gossip.ts` over gossipsub. Every process of an instance is a peer
 * and passes on what it finds good; peers that send bad messages lose score, and are hung up on when it is too low.
 */
import { peerIdFromString } from "@libp2p/peer-id";
import type { PrivateKey } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";

import { messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { peerIdOf, readListenAddress, readPeerAddress } from "./addresses.ts";
import { BootstrapPeers } from "./bootstrapPeers.ts";
import type { DropReason, Gossip, GossipHandler, PeerScore, Relay, TopicLimits } from "./gossip.ts";
import { GossipCounts, type GossipOutcome, type GossipTotals } from "./gossipCounts.ts";
import { canSendTo, createGossipNode, judgeBy, startListening, type GossipNode } from "./libp2pNode.ts";
import { PeerScores } from "./peerScores.ts";
import { TopicRoom } from "./topicRoom.ts";
import { subjectOf, type Topic } from "./topics.ts";
import { UnsentMessages } from "./unsentMessages.ts";

/** Parameters of {@link Libp2pGossip.open}. */
export interface Libp2pGossipOptions {
  key: PrivateKey;
  /** Multiaddresses to listen at; none: this process only dials. */
  listen: readonly string[];
  /** Multiaddresses of peers to stay connected with. */
  peers: readonly string[];
  /** Those of the instance. */
  topics: readonly Topic[];
  /** Milliseconds between tries to reach a peer. Default 5,000. */
  redialEvery?: number;
  /** Seconds, never going back, for scores. Default: the process's own clock. */
  now?: () => number;
  logger: Logger;
}

/** What a process's gossip is at. */
export interface GossipStatus {
  id: string;
  /** Where others reach it, peer id included. */
  addresses: string[];
  /** Connected now. */
  peers: string[];
  messages: GossipTotals;
}

/** Milliseconds after which a connection attempt is given up. */
const DIAL_TIMEOUT = 5_000;

export class Libp2pGossip implements Gossip, Relay, Service {
  readonly id: string;
  readonly #node: GossipNode;
  readonly #listen: readonly Multiaddr[];
  readonly #logger: Logger;
  readonly #scores: PeerScores;
  readonly #topics: ReadonlyMap<string, { limits: TopicLimits; room: TopicRoom }>;
  readonly #bootstrap: BootstrapPeers;
  readonly #counts = new GossipCounts();
  readonly #unsent: UnsentMessages;
  #stopped = false;

  private constructor(
    { topics, redialEvery = 5_000, logger }: Libp2pGossipOptions,
    {
      node,
      listen,
      peers,
      scores,
    }: { node: GossipNode; listen: Multiaddr[]; peers: Multiaddr[]; scores: PeerScores },
  ) {
    this.id = node.peerId.toString();
    this.#node = node;
    this.#listen = listen;
    this.#logger = logger;
    this.#scores = scores;
    const onFault = (peer: string, reason: DropReason): void => this.report(peer, reason);
    this.#topics = new Map(
      topics.map(({ name, limits }) => [name, { limits, room: new TopicRoom({ logger, onFault }) }]),
    );
    this.#bootstrap = new BootstrapPeers({
      addresses: peers.filter((address) => peerIdOf(address) !== this.id),
      dial: async (address, signal) => {
        const ends = AbortSignal.any([signal, AbortSignal.timeout(DIAL_TIMEOUT)]);
        return (await node.dial(address, { signal: ends })).remotePeer.toString();
      },
      isConnected: (peer) => this.#isConnected(peer),
      every: redialEvery,
      logger,
    });
    node.addEventListener("peer:disconnect", ({ detail }) => this.#scores.forget(detail.toString()));
    this.#unsent = new UnsentMessages({
      isHeard: (topic) => this.#isRunning && this.listeners(topic) > 0,
      send: (topic, data) => void this.#publish(topic, data),
    });
  }

  /** Nothing runs before `start`. @throws ActorError P2P_ADDRESS_INVALID */
  static async open(options: Libp2pGossipOptions): Promise<Libp2pGossip> {
    const { key, topics, now = () => performance.now() / 1000 } = options;
    const listen = options.listen.map(readListenAddress);
    const peers = options.peers.map(readPeerAddress);
    const scores = new PeerScores(now);
    const node = await createGossipNode({ key, listen, topics, scores });
    const gossip = new Libp2pGossip(options, { node, listen, peers, scores });
    judgeBy(node, topics, (peer, topic, data) => gossip.#receive(peer, topic, data));
    return gossip;
  }

  /** Listens, and dials without waiting for anybody. @throws ActorError P2P_PORT_TAKEN, P2P_LISTEN_FAILED */
  async start(): Promise<void> {
    if (this.#isRunning) return;
    await startListening(this.#node, this.#listen);
    for (const topic of this.#topics.keys()) this.#joinOrLeave(topic);
    this.#logger.info(
      { peer: this.id, addresses: this.status().addresses.join(", ") || "none" },
      "in the gossip",
    );
    await this.#bootstrap.start();
  }

  /** For good. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsent.clear();
    await this.#bootstrap.stop();
    await this.#node.stop();
  }

  /** A message that nobody is there to hear is kept for a while, for the first who comes. */
  publish(topic: string, data: Uint8Array): void {
    if (!this.#stopped) void this.#publish(topic, data.slice());
  }

  /** The limits are those that the topic was opened with: every peer has the same. */
  subscribe(topic: string, _limits: TopicLimits, handler: GossipHandler): () => void {
    const room = this.#roomOf(topic);
    const leave = room.add(handler);
    this.#joinOrLeave(topic);
    return () => (leave(), this.#joinOrLeave(topic));
  }

  relay(topic: string, judge: GossipHandler): () => void {
    const end = this.#roomOf(topic).setJudge(judge);
    this.#joinOrLeave(topic);
    return () => (end(), this.#joinOrLeave(topic));
  }

  report(peer: string, reason: DropReason): void {
    const before = this.#scores.isShunned(peer);
    this.#scores.drop(peer, reason);
    this.#logger.debug({ peer, reason }, "a peer's message was at fault");
    if (!before && this.#scores.isShunned(peer)) void this.#hangUp(peer);
  }

  scores(): ReadonlyMap<string, PeerScore> {
    return this.#scores.all();
  }

  /** Peers that hear a topic and can be sent to. */
  listeners(topic: string): number {
    const { pubsub } = this.#node.services;
    return pubsub.getSubscribers(topic).filter((peer) => canSendTo(pubsub, peer.toString())).length;
  }

  status(): GossipStatus {
    return {
      id: this.id,
      addresses: this.#node.getMultiaddrs().map(String),
      peers: this.#node.getPeers().map(String),
      messages: this.#counts.totals(),
    };
  }

  get #isRunning(): boolean {
    return this.#node.status === "started";
  }

  #isConnected(peer: string): boolean {
    return this.#node.getConnections(peerIdFromString(peer)).length > 0;
  }

  #roomOf(topic: string): TopicRoom {
    const known = this.#topics.get(topic);
    if (!known) throw new TypeError(`${topic} is no topic of this gossip`);
    return known.room;
  }

  #joinOrLeave(topic: string): void {
    if (!this.#isRunning) return;
    const { pubsub } = this.#node.services;
    const { room } = this.#topics.get(topic)!;
    if (room.isEmpty) pubsub.unsubscribe(topic);
    else pubsub.subscribe(topic);
  }

  async #publish(topic: string, data: Uint8Array): Promise<void> {
    try {
      if (!this.#isRunning || this.listeners(topic) === 0) return this.#unsent.keep(topic, data);
      await this.#node.services.pubsub.publish(topic, data);
      this.#counts.count(topic, "sent");
    } catch (error) {
      if (this.#stopped) return;
      this.#unsent.keep(topic, data);
      this.#logger.debug({ topic, error: messageOf(error) }, "a message waits for somebody to hear it");
    }
  }

  /** Cheap checks first: a message that is dropped must cost less to drop than to send. */
  async #receive(from: string, topic: string, data: Uint8Array): Promise<"accept" | "ignore" | "reject"> {
    const { limits, room } = this.#topics.get(topic)!;
    if (room.isEmpty) return "ignore";
    if (this.#scores.isShunned(from)) return this.#end(topic, "shunned", "ignore");
    if (data.length > limits.maxBytes) {
      this.report(from, "oversized");
      return this.#end(topic, "oversized", "reject");
    }
    // Scored, but looked at: gossipsub takes each message from the first who sends it, and dropping what one peer sends
    // too much of would let it keep honest messages from us by sending them first.
    if (!this.#scores.take(from, topic, limits)) this.report(from, "flood");
    const verdict = await room.consider({ topic, data, from });
    switch (verdict.type) {
      case "accept":
        return this.#end(topic, "accepted", "accept");
      case "failed":
        return this.#end(topic, "failed", "ignore");
      case "ignore":
        return this.#end(topic, verdict.reason, "ignore");
      case "reject":
        this.report(from, verdict.reason);
        return this.#end(topic, verdict.reason, "reject");
    }
  }

  #end<Result>(topic: string, outcome: GossipOutcome, result: Result): Result {
    this.#counts.count(topic, outcome);
    if (result !== "accept") this.#logger.debug({ topic: subjectOf(topic), outcome }, "message dropped");
    return result;
  }

  async #hangUp(peer: string): Promise<void> {
    const dropped = JSON.stringify(this.#scores.all().get(peer)?.dropped);
    this.#logger.warn({ peer, dropped }, "a peer is hung up on, its messages were at fault");
    await this.#node.hangUp(peerIdFromString(peer)).catch((error: unknown) => {
      this.#logger.debug({ peer, error: messageOf(error) }, "hanging up");
    });
  }
}

/**
 * Gossip between actors: topics, and messages that every subscriber gets once. The in-process hub implements it for
 * networks in one process, a network stack for others; actors see only this interface.
 *
 * A subscriber judges each message. What it rejects is not passed on, and costs the peer that sent it: peers that send
 * enough of that are no longer listened to for a while. What it ignores (late, already known) costs nothing.
 */

/** Why a message was dropped, for the log and for the sender's score. */
export type DropReason =
  /** Longer than its topic allows. */
  | "oversized"
  /** More of a topic than a peer may send in a while. */
  | "flood"
  /** Bytes that are no message of the topic. */
  | "malformed"
  /** A signature that is not its signer's. */
  | "badSignature"
  /** Signed by somebody who has no say in it. */
  | "notEntitled"
  /** A claim that does not hold. */
  | "invalid"
  /** A second, different message where there may be one. */
  | "equivocation"
  /** Seen before. */
  | "duplicate"
  /** For a time that is over, or not yet there. */
  | "untimely"
  /** The peer is not listened to. */
  | "shunned";

/** What a subscriber makes of a message. */
export type Verdict = { type: "accept" } | DropVerdict;

export type DropVerdict =
  /** Of no use, and nobody's fault. */
  | { type: "ignore"; reason: DropReason }
  /** The sender should have known better. */
  | { type: "reject"; reason: DropReason };

export const ACCEPT: Verdict = { type: "accept" };

export function ignore(reason: DropReason): DropVerdict {
  return { type: "ignore", reason };
}

export function reject(reason: DropReason): DropVerdict {
  return { type: "reject", reason };
}

/** A message and the peer it came from, which need not be the one that made it. */
export interface GossipMessage {
  topic: string;
  data: Uint8Array;
  from: string;
}

export type GossipHandler = (message: GossipMessage) => Verdict | Promise<Verdict>;

/** Limits of one topic. */
export interface TopicLimits {
  maxBytes: number;
  /** Messages that one peer may send in `seconds`, on average and at once. */
  burst: number;
  seconds: number;
}

/** What is known of a peer. */
export interface PeerScore {
  /** 0 for a peer without fault, less with each fault, back towards 0 with time. */
  score: number;
  shunned: boolean;
  /** Messages dropped since the start, by reason. */
  dropped: Partial<Record<DropReason, number>>;
}

/** What passes messages on for others, as each peer of a network does. */
export interface Relay {
  /**
   * Passes a topic on, whether anybody in this process subscribes to it or not. The judge decides what is passed on;
   * subscribers see what it accepted, and nobody waits for them. What it rejects is the fault of the peer that sent it: it
   * may reject only what every other judge does. The result ends it.
   */
  relay(topic: string, judge: GossipHandler): () => void;
}

/** One member's connection. */
export interface Gossip {
  /** Name under which others see this member. */
  readonly id: string;
  /** Sends to every other subscriber of the topic; they get it later, never within the call. */
  publish(topic: string, data: Uint8Array): void;
  /** Receives what others publish; limits count for each peer alone. The result ends it. */
  subscribe(topic: string, limits: TopicLimits, handler: GossipHandler): () => void;
  /** Lowers a peer's score for a fault found after the verdict. */
  report(peer: string, reason: DropReason): void;
  scores(): ReadonlyMap<string, PeerScore>;
}

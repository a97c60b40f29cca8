/**
 * Gossip for members of one process: every message goes to every other member that is connected, each of which keeps
 * scores of its own. Nothing is lost and nothing is late, but for members that are cut off on purpose.
 */
import { sha256 } from "../../protocol/hash.ts";
import { messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { DropReason, Gossip, GossipHandler, GossipMessage, PeerScore, TopicLimits } from "./gossip.ts";
import { PeerScores } from "./peerScores.ts";

/** Parameters of {@link GossipHub}. */
export interface GossipHubOptions {
  logger: Logger;
  /** Seconds, never going back. Default: the process's own clock. */
  now?: () => number;
}

export class GossipHub {
  readonly #options: Required<GossipHubOptions>;
  readonly #members = new Map<string, Member>();

  constructor({ logger, now = () => performance.now() / 1000 }: GossipHubOptions) {
    this.#options = { logger, now };
  }

  /** A new member. @throws Error for a name that is taken */
  join(id: string): HubMember {
    if (this.#members.has(id)) throw new Error(`${id} has joined the hub already`);
    const member = new Member(id, this.#options, (topic, data) => this.#deliver(id, topic, data));
    this.#members.set(id, member);
    return member;
  }

  #deliver(from: string, topic: string, data: Uint8Array): void {
    const sender = this.#members.get(from)!;
    if (!sender.connected) return;
    for (const member of this.#members.values()) {
      if (member !== sender && member.connected) {
        // A copy each, as from a wire: no member can change what another reads.
        const message: GossipMessage = { topic, data: data.slice(), from };
        setImmediate(() => member.receive(message));
      }
    }
  }
}

/** A member of a hub. */
export interface HubMember extends Gossip {
  /** False: sends nothing, receives nothing. */
  connected: boolean;
}

interface Subscription {
  limits: TopicLimits;
  handler: GossipHandler;
}

/** Messages remembered so that they count once. */
const SEEN = 8_192;

class Member implements HubMember {
  readonly id: string;
  connected = true;
  readonly #logger: Logger;
  readonly #scores: PeerScores;
  readonly #send: (topic: string, data: Uint8Array) => void;
  readonly #subscriptions = new Map<string, Set<Subscription>>();
  readonly #seen = new Set<string>();

  constructor(
    id: string,
    { logger, now }: Required<GossipHubOptions>,
    send: (topic: string, data: Uint8Array) => void,
  ) {
    this.id = id;
    this.#logger = logger.child({ member: id });
    this.#scores = new PeerScores(now);
    this.#send = send;
  }

  publish(topic: string, data: Uint8Array): void {
    this.#send(topic, data);
  }

  subscribe(topic: string, limits: TopicLimits, handler: GossipHandler): () => void {
    const subscription = { limits, handler };
    const all = this.#subscriptions.get(topic) ?? new Set();
    this.#subscriptions.set(topic, all.add(subscription));
    return () => all.delete(subscription);
  }

  report(peer: string, reason: DropReason): void {
    this.#scores.drop(peer, reason);
    this.#logger.debug({ peer, reason }, "a peer's message was at fault");
  }

  scores(): ReadonlyMap<string, PeerScore> {
    return this.#scores.all();
  }

  /** Cheap checks first: a message that is dropped must cost less to drop than to send. */
  receive(message: GossipMessage): void {
    const { topic, data, from } = message;
    if (!this.connected) return;
    const subscriptions = [...(this.#subscriptions.get(topic) ?? [])];
    const [first] = subscriptions;
    if (!first) return;
    if (this.#scores.isShunned(from)) return this.#drop(message, "shunned");
    if (!this.#scores.take(from, topic, first.limits)) return this.#drop(message, "flood");
    if (data.length > first.limits.maxBytes) return this.#drop(message, "oversized");
    if (!this.#isNew(topic, data)) return this.#drop(message, "duplicate");
    for (const { handler } of subscriptions) void this.#judge(handler, message);
  }

  async #judge(handler: GossipHandler, message: GossipMessage): Promise<void> {
    try {
      const verdict = await handler(message);
      if (verdict.type === "reject") this.#drop(message, verdict.reason);
    } catch (error) {
      // Our fault, not the peer's.
      this.#logger.error({ topic: message.topic, error: messageOf(error) }, "a message could not be handled");
    }
  }

  #drop({ topic, from }: GossipMessage, reason: DropReason): void {
    this.#scores.drop(from, reason);
    this.#logger.debug({ topic, from, reason }, "message dropped");
  }

  #isNew(topic: string, data: Uint8Array): boolean {
    const id = `${topic} ${Buffer.from(sha256(data)).toString("base64")}`;
    if (this.#seen.has(id)) return false;
    if (this.#seen.size >= SEEN) this.#seen.delete(this.#seen.values().next().value!);
    this.#seen.add(id);
    return true;
  }
}

import type { DropReason, PeerScore, TopicLimits } from "./gossip.ts";

/** What a dropped message costs its sender. Duplicates and late messages happen to everybody. */
const COSTS: Readonly<Record<DropReason, number>> = {
  oversized: 20,
  flood: 2,
  malformed: 20,
  badSignature: 20,
  notEntitled: 10,
  invalid: 10,
  equivocation: 50,
  duplicate: 0,
  untimely: 0,
  shunned: 0,
};

/** Peers below are not listened to until time has brought them back. */
export const SHUN_BELOW = -100;
const LOWEST = -200;
/** Points that a second brings back. */
const RECOVERY = 0.5;

interface Peer {
  score: number;
  /** Seconds, when the score was brought up to date. */
  at: number;
  dropped: Partial<Record<DropReason, number>>;
  /** Messages that may still come, by topic, and when that was. */
  allowances: Map<string, { left: number; at: number }>;
}

/** Peers remembered: whoever comes under ever new names must not fill the memory. */
const MOST_PEERS = 4_096;

/** What one member knows of the others. */
export class PeerScores {
  readonly #peers = new Map<string, Peer>();
  readonly #now: () => number;

  /** @param now seconds, never going back */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** 0 for a peer that is not known. */
  scoreOf(id: string): number {
    return this.#peers.has(id) ? this.#peer(id).score : 0;
  }

  isShunned(id: string): boolean {
    return this.scoreOf(id) < SHUN_BELOW;
  }

  /** Of a peer that is gone: a faultless one leaves nothing behind. */
  forget(id: string): void {
    if (this.scoreOf(id) === 0) this.#peers.delete(id);
  }

  /** Counts a message against what its topic allows; false when it is too much. */
  take(id: string, topic: string, { burst, seconds }: TopicLimits): boolean {
    const { allowances } = this.#peer(id);
    const now = this.#now();
    const { left, at } = allowances.get(topic) ?? { left: burst, at: now };
    const allowed = Math.min(burst, left + ((now - at) * burst) / seconds);
    allowances.set(topic, { left: Math.max(0, allowed - 1), at: now });
    return allowed >= 1;
  }

  drop(id: string, reason: DropReason): void {
    const peer = this.#peer(id);
    peer.dropped[reason] = (peer.dropped[reason] ?? 0) + 1;
    peer.score = Math.max(LOWEST, peer.score - COSTS[reason]);
  }

  all(): Map<string, PeerScore> {
    const result = new Map<string, PeerScore>();
    for (const id of this.#peers.keys()) {
      const { score, dropped } = this.#peer(id);
      result.set(id, { score, shunned: score < SHUN_BELOW, dropped: { ...dropped } });
    }
    return result;
  }

  #peer(id: string): Peer {
    const now = this.#now();
    let peer = this.#peers.get(id);
    if (!peer) {
      if (this.#peers.size >= MOST_PEERS) this.#peers.delete(this.#peers.keys().next().value!);
      this.#peers.set(id, (peer = { score: 0, at: now, dropped: {}, allowances: new Map() }));
    }
    peer.score = Math.min(0, peer.score + (now - peer.at) * RECOVERY);
    peer.at = now;
    return peer;
  }
}

import type { DropReason } from "./gossip.ts";
import { subjectOf } from "./topics.ts";

/** What became of a message: sent by us; taken; dropped, and why; or not handled, by a fault of ours. */
export type GossipOutcome = "sent" | "accepted" | DropReason | "failed";

/** Messages since the start, by subject of the topic, then by outcome. */
export type GossipTotals = Record<string, Partial<Record<GossipOutcome, number>>>;

/** Counts what a process sends and receives. Copies that arrive on another way are not counted. */
export class GossipCounts {
  readonly #totals = new Map<string, Map<GossipOutcome, number>>();

  count(topic: string, outcome: GossipOutcome): void {
    const outcomes = this.#totals.get(topic) ?? new Map<GossipOutcome, number>();
    this.#totals.set(topic, outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1));
  }

  totals(): GossipTotals {
    return Object.fromEntries(
      [...this.#totals].map(([topic, outcomes]) => [subjectOf(topic), Object.fromEntries(outcomes)]),
    );
  }
}

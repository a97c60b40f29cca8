import { COMMITTEE_SIZE } from "../../protocol/sizes.ts";
import { ATTESTATION_BYTES, MAX_PROPOSAL_BYTES } from "../../protocol/gossip.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";
import type { TopicLimits } from "./gossip.ts";

/** A topic of one instance, with its limits. */
export interface Topic {
  name: string;
  limits: TopicLimits;
}

/** What actors of an instance talk about, but for quotes: see `quoteTopic`. */
export interface Topics {
  proposals: Topic;
  attestations: Topic;
  transactions: Topic;
}

/** A transaction's four words. */
export const TRANSACTION_BYTES = 128;

/** Name of an instance's topic: no other chain, and no other Rollup, has it. */
export function topicName(instance: { chainId: number; rollup: string }, subject: string): string {
  return `calpulli/1/${instance.chainId}/${instance.rollup.toLowerCase()}/${subject}`;
}

/** The last part of a name. */
export function subjectOf(topic: string): string {
  return topic.slice(topic.lastIndexOf("/") + 1);
}

/**
 * One honest proposal and one attestation a member in a slot; the rest is room for what peers pass on at once. Of
 * transactions a peer may send what fills sixteen blocks.
 */
export function topicsOf({ chainId, address, clock, sizes }: RollupParameters): Topics {
  const seconds = clock.slotDuration;
  const name = (subject: string): string => topicName({ chainId, rollup: address }, subject);
  return {
    proposals: { name: name("proposals"), limits: { maxBytes: MAX_PROPOSAL_BYTES, burst: 8, seconds } },
    attestations: {
      name: name("attestations"),
      limits: { maxBytes: ATTESTATION_BYTES, burst: 4 * COMMITTEE_SIZE, seconds },
    },
    transactions: {
      name: name("transactions"),
      limits: { maxBytes: TRANSACTION_BYTES, burst: 16 * sizes.transactions, seconds },
    },
  };
}

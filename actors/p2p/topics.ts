import { COMMITTEE_SIZE } from "../../protocol/sizes.ts";
import { ATTESTATION_BYTES, MAX_PROPOSAL_BYTES } from "../../protocol/gossip.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";
import type { TopicLimits } from "./gossip.ts";

/** A topic of one instance, with its limits. */
export interface Topic {
  name: string;
  limits: TopicLimits;
}

/** What committee members of an instance talk about. */
export interface Topics {
  proposals: Topic;
  attestations: Topic;
}

/** One honest proposal and one attestation a member in a slot; the rest is room for what peers pass on at once. */
export function topicsOf({ chainId, address, clock }: RollupParameters): Topics {
  const seconds = clock.slotDuration;
  const name = (subject: string): string => `calpulli/1/${chainId}/${address.toLowerCase()}/${subject}`;
  return {
    proposals: { name: name("proposals"), limits: { maxBytes: MAX_PROPOSAL_BYTES, burst: 8, seconds } },
    attestations: {
      name: name("attestations"),
      limits: { maxBytes: ATTESTATION_BYTES, burst: 4 * COMMITTEE_SIZE, seconds },
    },
  };
}

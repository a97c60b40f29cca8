/** The parts of one committee key: it signs once a slot, for others' blocks and for its own. */
import type { BlsKey } from "../bls/blst.ts";
import type { ActorJournal } from "../journal/actorJournal.ts";
import type { HeadFollower } from "../l1/headFollower.ts";
import type { Node } from "../node/node.ts";
import type { Gossip } from "../p2p/gossip.ts";
import { CommitteeAttester } from "../sequencer/committeeAttester.ts";
import type { Logger } from "../support/logger.ts";
import { CommitteeSigner } from "./committeeSigner.ts";
import type { Committees } from "./committees.ts";
import type { ProposalCheck } from "./proposalCheck.ts";
import { attestationDomain } from "./proposalIntake.ts";
import { ValidatorService } from "./validatorService.ts";

/** Parameters of {@link makeCommitteeMember}. */
export interface CommitteeMemberOptions {
  node: Node;
  heads: HeadFollower;
  gossip: Gossip;
  committees: Committees;
  key: BlsKey;
  /** The key's own. */
  journal: ActorJournal;
  check: ProposalCheck;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
  logger: Logger;
}

/** A member's parts; none of them runs yet. */
export interface CommitteeMemberParts {
  signer: CommitteeSigner;
  /** Attests what others propose. */
  validator: ValidatorService;
  /** Gathers signatures for what this member proposes. */
  attester: CommitteeAttester;
}

export function makeCommitteeMember(options: CommitteeMemberOptions): CommitteeMemberParts {
  const { node, heads, gossip, committees, key, journal, check, l1BlockTime, logger } = options;
  const { rollup, parameters } = node;
  const signer = new CommitteeSigner({ key, domain: attestationDomain(parameters), journal });
  return {
    signer,
    validator: new ValidatorService({
      rollup,
      heads,
      gossip,
      committees,
      signer,
      check,
      l1BlockTime,
      logger,
    }),
    attester: new CommitteeAttester({ parameters, gossip, committees, signer, logger }),
  };
}

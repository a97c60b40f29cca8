/** The proposer of a process. */
import { slotAt, toTimestamp } from "../../protocol/time.ts";
import type { ActorJournal } from "../journal/actorJournal.ts";
import { ProposalGuard } from "../journal/proposalGuard.ts";
import type { FeeCeiling } from "../l1/fees.ts";
import { readHead } from "../l1/provider.ts";
import { chainIdentity } from "../node/nodeStore.ts";
import type { PriceSource } from "../price/priceSource.ts";
import type { AttestationProvider } from "../sequencer/attestation.ts";
import type { Mempool } from "../sequencer/mempool.ts";
import { ProposerService } from "../sequencer/proposerService.ts";
import type { Logger } from "../support/logger.ts";
import type { FollowedRollup } from "./followedRollup.ts";

/** What a proposer is told. */
export interface ProposingOptions {
  /** Private key of the account that sends the blocks: a member of the validator set. */
  privateKey: string;
  /** Receives the sequencer's share of the fees. Default: the account. */
  coinbase?: string;
  /** Most that a proposal pays L1. Default: no limit. */
  feeCeiling?: FeeCeiling;
  /** Exchange rate that its blocks move towards. Default: they leave it as it is. */
  priceSource?: PriceSource;
}

/** Parameters of {@link openProposer}. */
export interface OpenProposerOptions extends ProposingOptions {
  journal: ActorJournal;
  attester: AttestationProvider;
  mempool: Mempool;
  l1BlockTime: number;
  logger: Logger;
}

/** Refuses the slots that a lost journal can have known of. */
export async function openProposer(
  followed: FollowedRollup,
  options: OpenProposerOptions,
): Promise<ProposerService> {
  const { journal, attester, mempool, coinbase, feeCeiling, priceSource, l1BlockTime, logger } = options;
  const { node, heads, verifySignature } = followed;
  const guard = new ProposalGuard({ journal, scope: chainIdentity(node.parameters) });
  if (!journal.isWhole) guard.refuseUpTo(await lastSlotKnown(followed, l1BlockTime));
  const account = followed.account(options.privateKey, journal);
  return new ProposerService({
    node,
    heads,
    account,
    mempool,
    attester,
    guard,
    logger,
    coinbase: coinbase ?? account.address,
    l1BlockTime,
    verifySignature,
    ...(feeCeiling ? { feeCeiling } : {}),
    ...(priceSource ? { priceSource } : {}),
  });
}

/** The last slot that a lost journal can have known of; -1 before genesis. */
export async function lastSlotKnown(
  { provider, rollup }: FollowedRollup,
  l1BlockTime: number,
): Promise<number> {
  const { clock } = rollup.parameters;
  const time = ((await readHead(provider))?.timestamp ?? 0) + l1BlockTime;
  return time < clock.genesisTime ? -1 : slotAt(clock, toTimestamp(time));
}

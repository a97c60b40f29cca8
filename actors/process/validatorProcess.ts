import { computeAddress } from "ethers";

import { BlsKey } from "../bls/blst.ts";
import type { PriceSource } from "../price/priceSource.ts";
import { opinionOf } from "../price/priceView.ts";
import type { ProposerService } from "../sequencer/proposerService.ts";
import { Registry, type RegistryDeployment, type ValidatorStatus } from "../staking/registry.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { makeCommitteeMember } from "../validator/committeeMember.ts";
import { sharedCheck } from "../validator/proposalCheck.ts";
import type { ValidatorService } from "../validator/validatorService.ts";
import { ActorProcess } from "./actorProcess.ts";
import { FollowedRollup, type FollowOptions } from "./followedRollup.ts";
import { watchAccount, watchProposer } from "./metrics.ts";
import { monitorOf } from "./monitor.ts";
import { openProcessGossip, type P2pOptions } from "./processGossip.ts";
import { lastSlotKnown, openProposer, type ProposingOptions } from "./proposing.ts";
import { openServing, type ServingOptions } from "./serving.ts";

/** Parameters of {@link openValidatorProcess}. */
export interface ValidatorProcessOptions extends FollowOptions, ServingOptions {
  /** BLS secret key, 32 bytes: no other process may hold it. */
  attesterKey: Uint8Array;
  p2p: P2pOptions;
  /** Where the key is registered, to say how it stands there. */
  deployment: FollowOptions["deployment"] & RegistryDeployment;
  /** Exchange rate that it holds proposers to, and moves its own blocks towards. Default: it has no opinion. */
  priceSource?: PriceSource;
  /** Proposes in its slots. Default: it attests only, and its slots stay empty. */
  proposing?: Omit<ProposingOptions, "priceSource">;
}

/** A validator with a node of its own. */
export interface ValidatorProcess {
  service: Service;
  followed: FollowedRollup;
  validator: ValidatorService;
  proposer: ProposerService | undefined;
}

/**
 * @throws see {@link FollowedRollup.open}; ActorError JOURNAL_LOCKED, JOURNAL_CORRUPT; StakingError NOT_STAKED;
 * `openProcessGossip`
 */
export async function openValidatorProcess(options: ValidatorProcessOptions): Promise<ValidatorProcess> {
  const { p2p, attesterKey, deployment, proposing, priceSource, l1BlockTime, logger } = options;
  const followed = await FollowedRollup.open(options);
  try {
    const { node, heads, verifySignature } = followed;
    const processGossip = await openProcessGossip(followed, { ...options, p2p });
    const { gossip, committees } = processGossip;
    const serving = await openServing(followed, options, {
      gossip: processGossip,
      takesTransactions: proposing !== undefined,
    });
    const journal = followed.openJournal("validator");
    const { signer, validator, attester } = makeCommitteeMember({
      node,
      heads,
      gossip,
      committees,
      key: new BlsKey(attesterKey),
      journal,
      check: sharedCheck({
        node,
        verifySignature,
        ...(priceSource ? { opinion: () => opinionOf({ source: priceSource }, logger) } : {}),
      }),
      l1BlockTime,
      logger,
    });
    const registry = new Registry({ provider: followed.provider, deployment });
    tellStanding(await registry.validator(signer.keyHash), proposing?.privateKey, logger);
    if (!journal.isWhole) signer.refuseUpTo(await lastSlotKnown(followed, l1BlockTime));
    const { mempool } = serving;
    const proposer =
      proposing && mempool
        ? await openProposer(followed, {
            ...proposing,
            ...(priceSource ? { priceSource } : {}),
            journal,
            attester,
            mempool,
            l1BlockTime,
            logger,
          })
        : undefined;
    const monitor = monitorOf({ ...options, followed }, (registry) => {
      if (proposing) watchAccount(registry, followed, computeAddress(proposing.privateKey));
      if (proposer && mempool) watchProposer(registry, proposer, mempool);
    });
    const services = [
      ...monitor,
      followed,
      ...processGossip.services,
      ...serving.services,
      validator,
      ...(proposer ? [proposer] : []),
    ];
    return { service: new ActorProcess(services), followed, validator, proposer };
  } catch (error) {
    await followed.stop();
    throw error;
  }
}

/** What an operator would look for when nothing happens. */
function tellStanding(
  { keyHash, state, proposer }: ValidatorStatus,
  privateKey: string | undefined,
  logger: Logger,
): void {
  const account = privateKey === undefined ? undefined : computeAddress(privateKey);
  const fields = { validator: keyHash, state, proposer };
  if (state !== "active") {
    logger.warn(fields, "the key is in no committee: see stake:status; it goes on until it is");
  } else if (account !== undefined && account !== proposer) {
    logger.warn({ ...fields, account }, "the account is not the key's proposer on L1: its slots stay empty");
  } else {
    logger.info({ ...fields, proposes: account !== undefined }, "the key is registered");
  }
}

import { computeAddress } from "ethers";

import { LocalAttester } from "../sequencer/attestation.ts";
import type { Mempool } from "../sequencer/mempool.ts";
import type { ProposerService } from "../sequencer/proposerService.ts";
import type { Service } from "../support/service.ts";
import { ActorProcess } from "./actorProcess.ts";
import { FollowedRollup, type FollowOptions } from "./followedRollup.ts";
import { watchAccount, watchProposer } from "./metrics.ts";
import { monitorOf } from "./monitor.ts";
import { openProcessGossip, type P2pOptions } from "./processGossip.ts";
import { openProposer, type ProposingOptions } from "./proposing.ts";
import { openServing, type ServingOptions } from "./serving.ts";

/** Parameters of {@link openSequencerProcess}. */
export interface SequencerProcessOptions extends FollowOptions, ProposingOptions, ServingOptions {
  /** BLS secret keys by committee position, 32 bytes each. */
  attesterKeys: readonly Uint8Array[];
  /** Exchanges transactions and quotes with other processes. Default: the API alone. */
  p2p?: P2pOptions | undefined;
}

/** A sequencer with a mempool of its own. */
export interface SequencerProcess {
  service: Service;
  followed: FollowedRollup;
  mempool: Mempool;
  proposer: ProposerService;
}

/** @throws see {@link FollowedRollup.open}; ActorError JOURNAL_LOCKED, JOURNAL_CORRUPT; `openProcessGossip` */
export async function openSequencerProcess(options: SequencerProcessOptions): Promise<SequencerProcess> {
  const { attesterKeys, p2p } = options;
  const followed = await FollowedRollup.open(options);
  try {
    const gossip = p2p && (await openProcessGossip(followed, { ...options, p2p }));
    const serving = await openServing(followed, options, { gossip, takesTransactions: true });
    const mempool = serving.mempool!;
    const journal = followed.openJournal("sequencer");
    const attester = new LocalAttester({ keys: attesterKeys });
    const proposer = await openProposer(followed, { ...options, journal, attester, mempool });
    const monitor = monitorOf({ ...options, followed }, (registry) => {
      watchAccount(registry, followed, computeAddress(options.privateKey));
      watchProposer(registry, proposer, mempool);
    });
    const services = [...monitor, followed, ...(gossip?.services ?? []), ...serving.services, proposer];
    return { service: new ActorProcess(services), followed, mempool, proposer };
  } catch (error) {
    await followed.stop();
    throw error;
  }
}

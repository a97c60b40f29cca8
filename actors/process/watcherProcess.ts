import { join } from "node:path";

import { Journal } from "../journal/journal.ts";
import type { Service } from "../support/service.ts";
import { Equivocations, type Equivocation } from "../watcher/equivocations.ts";
import { WatcherService } from "../watcher/watcherService.ts";
import { ActorProcess } from "./actorProcess.ts";
import { FollowedRollup, type FollowOptions } from "./followedRollup.ts";
import { watchAccount } from "./metrics.ts";
import { monitorOf } from "./monitor.ts";
import { openProcessGossip, type P2pOptions } from "./processGossip.ts";
import { openServing, type ServingOptions } from "./serving.ts";

/** Parameters of {@link openWatcherProcess}. */
export interface WatcherProcessOptions extends FollowOptions, ServingOptions {
  /** Private key of the account that challenges and fixes seeds. */
  privateKey: string;
  /** Whether the validator set draws committees by seeds that somebody has to fix. */
  hasSeeds: boolean;
  /** Where it hears of equivocations; without peers it sees what is on L1. */
  p2p: P2pOptions;
}

/**
 * A watcher with a node of its own.
 * @throws see {@link FollowedRollup.open}; ActorError JOURNAL_LOCKED, JOURNAL_CORRUPT; `openProcessGossip`
 */
export async function openWatcherProcess(
  options: WatcherProcessOptions,
): Promise<{ service: Service; followed: FollowedRollup; watcher: WatcherService }> {
  const { privateKey, p2p, hasSeeds, folder, l1BlockTime, logger } = options;
  const followed = await FollowedRollup.open(options);
  try {
    const { node, heads, provider } = followed;
    const { parameters } = node;
    const processGossip = await openProcessGossip(followed, { ...options, p2p });
    const serving = await openServing(followed, options, { gossip: processGossip, takesTransactions: false });
    const evidence = Journal.open<Equivocation>({ path: join(folder, "evidence.journal"), logger });
    const account = followed.account(privateKey, followed.openJournal("watcher"));
    const watcher = new WatcherService({
      node,
      heads,
      provider,
      account,
      committees: processGossip.committees,
      gossip: processGossip.gossip,
      equivocations: new Equivocations({ parameters, journal: evidence }),
      challenge: parameters.aggregateChallenge,
      hasSeeds,
      l1BlockTime,
      logger,
    });
    const closing: Service = {
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(evidence.close()),
    };
    const monitor = monitorOf({ ...options, followed }, (registry) =>
      watchAccount(registry, followed, account.address),
    );
    const services = [closing, ...monitor, followed, ...processGossip.services, ...serving.services, watcher];
    return { service: new ActorProcess(services), followed, watcher };
  } catch (error) {
    await followed.stop();
    throw error;
  }
}

import { join } from "node:path";

import type { CeilingRange } from "../prover/proofCeiling.ts";
import type { ProofMaker } from "../prover/proofMaker.ts";
import type { MarketDeployment } from "../market/marketContract.ts";
import type { MarketProver } from "../prover/marketProver.ts";
import { type OpenMarketProverOptions, openMarketProver } from "../prover/openMarketProver.ts";
import { ProofStore } from "../prover/proofStore.ts";
import { ProverService } from "../prover/proverService.ts";
import type { Service } from "../support/service.ts";
import { Committees } from "../validator/committees.ts";
import { ActorProcess } from "./actorProcess.ts";
import { FollowedRollup, type FollowOptions } from "./followedRollup.ts";
import { watchAccount, watchMarket, watchProver } from "./metrics.ts";
import { monitorOf } from "./monitor.ts";
import { openProcessGossip, type P2pOptions } from "./processGossip.ts";

/** Parameters of {@link openProverProcess}. */
export interface ProverProcessOptions extends FollowOptions {
  /** Private key of the account that submits the proofs. */
  privateKey: string;
  maker: ProofMaker;
  /** Sells its proofs in the deployment's proof market. Default: it proves every epoch, whoever is paid for it. */
  market?: ProverMarketOptions;
  /** Exchanges quotes with other processes. Default: by `quoteNodes` alone. */
  p2p?: P2pOptions | undefined;
  /** Most that a submission pays L1. Default: `DEFAULT_PROOF_CEILING`. */
  feeCeiling?: CeilingRange;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
}

/** What a prover in the market is told besides. */
export type ProverMarketOptions = Pick<
  OpenMarketProverOptions,
  "pricing" | "machines" | "secondsPerBlock" | "quoteNodes"
> & { deployment: MarketDeployment };

/** A prover with a node of its own. @throws see {@link FollowedRollup.open}; ActorError JOURNAL_LOCKED, JOURNAL_CORRUPT */
export async function openProverProcess(
  options: ProverProcessOptions,
): Promise<{ service: Service; followed: FollowedRollup; prover: ProverService; market?: MarketProver }> {
  const { privateKey, maker, market: marketOptions, p2p, feeCeiling, l1BlockTime, logger, folder } = options;
  const followed = await FollowedRollup.open(options);
  try {
    const { node, heads } = followed;
    const account = followed.account(privateKey, followed.openJournal("prover"));
    const store = new ProofStore({ folder: join(folder, "proofs") });
    // A machine that proves is a bad one to wait for: it passes nothing on for committees.
    const gossip = p2p && (await openProcessGossip(followed, { ...options, p2p, relaysCommittees: false }));
    const market =
      marketOptions &&
      (await openMarketProver({
        provider: followed.provider,
        node,
        heads,
        account,
        privateKey,
        l1BlockTime,
        logger,
        ...(gossip ? { gossip: gossip.gossip } : {}),
        ...(feeCeiling ? { feeCeiling } : {}),
        ...marketOptions,
      }));
    const prover = new ProverService({
      node,
      heads,
      account,
      maker,
      logger,
      store,
      committees:
        gossip?.committees ?? new Committees({ provider: followed.provider, parameters: node.parameters }),
      l1BlockTime,
      ...(feeCeiling ? { feeCeiling } : {}),
      ...(market ? { selection: market.market } : {}),
    });
    const monitor = monitorOf({ ...options, followed }, (registry) => {
      watchAccount(registry, followed, account.address);
      watchProver(registry, prover);
      if (market) watchMarket(registry, market.market);
    });
    const first = [...monitor, followed, ...(gossip?.services ?? [])];
    if (!market) return { service: new ActorProcess([...first, prover]), followed, prover };
    prover.on((event) => {
      if (event.type === "proved") market.market.measured(event);
    });
    const service = new ActorProcess([...first, market.service, prover]);
    return { service, followed, prover, market: market.market };
  } catch (error) {
    await followed.stop();
    throw error;
  }
}

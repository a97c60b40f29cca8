import { slotAt, toTimestamp } from "../../protocol/time.ts";
import { ProposalGuard } from "../journal/proposalGuard.ts";
import { type FeeCeiling, readL1Fees } from "../l1/fees.ts";
import { readHead } from "../l1/provider.ts";
import type { MarketDeployment } from "../market/marketContract.ts";
import { QuoteBoard } from "../market/quoteBoard.ts";
import type { PriceSource } from "../price/priceSource.ts";
import { NodeLedger } from "../rpc/nodeLedger.ts";
import { RpcServer } from "../rpc/rpcServer.ts";
import { LocalAttester } from "../sequencer/attestation.ts";
import type { Mempool } from "../sequencer/mempool.ts";
import { nodeMempool } from "../sequencer/nodeMempool.ts";
import { ProposerService } from "../sequencer/proposerService.ts";
import type { Service } from "../support/service.ts";
import { ActorProcess } from "./actorProcess.ts";
import { FollowedRollup, type FollowOptions } from "./followedRollup.ts";

/** Parameters of {@link openSequencerProcess}. */
export interface SequencerProcessOptions extends FollowOptions {
  /** Private key of the account that sends the blocks: a member of the validator set. */
  privateKey: string;
  /** BLS secret keys by committee position, 32 bytes each. */
  attesterKeys: readonly Uint8Array[];
  /** Receives the sequencer's share of the fees. Default: the account. */
  coinbase?: string;
  /** Port of the JSON API, which takes transactions too; 0 takes a free one. */
  port: number;
  /** Most that a proposal pays L1. Default: no limit. */
  feeCeiling?: FeeCeiling;
  /** Exchange rate that its blocks move towards. Default: they leave it as it is. */
  priceSource?: PriceSource;
  /** Keeps quotes of the deployment's proof market for others. Default: it keeps none. */
  market?: MarketDeployment;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
}

/** A sequencer with a mempool of its own. */
export interface SequencerProcess {
  service: Service;
  followed: FollowedRollup;
  mempool: Mempool;
  proposer: ProposerService;
}

/** @throws see {@link FollowedRollup.open}; ActorError JOURNAL_LOCKED, JOURNAL_CORRUPT */
export async function openSequencerProcess(options: SequencerProcessOptions): Promise<SequencerProcess> {
  const { privateKey, attesterKeys, port, market, l1BlockTime, logger } = options;
  const followed = await FollowedRollup.open(options);
  try {
    const { node, heads, rollup, provider, verifySignature } = followed;
    const { clock } = rollup.parameters;
    const mempool = nodeMempool(node, { verifySignature });
    const journal = followed.openJournal("sequencer");
    const guard = new ProposalGuard(journal);
    const account = followed.account(privateKey, journal);
    const proposer = new ProposerService({
      node,
      heads,
      account,
      mempool,
      attester: new LocalAttester({ keys: attesterKeys }),
      guard,
      logger,
      coinbase: options.coinbase ?? account.address,
      l1BlockTime,
      verifySignature,
      ...(options.feeCeiling ? { feeCeiling: options.feeCeiling } : {}),
      ...(options.priceSource ? { priceSource: options.priceSource } : {}),
    });
    if (!journal.isWhole) {
      // What a lost journal would have told can only be about slots up to now.
      const time = ((await readHead(provider))?.timestamp ?? 0) + l1BlockTime;
      if (time >= clock.genesisTime) guard.refuseUpTo(slotAt(clock, toTimestamp(time)));
    }
    const ledger = new NodeLedger({
      node,
      mempool,
      l1Head: () => heads.head?.number,
      l1Fees: () => readL1Fees(provider),
    });
    const board =
      market && (await QuoteBoard.open({ provider, deployment: market, node, heads, l1BlockTime, logger }));
    const api = new RpcServer({ ledger, port, logger, extensions: board ? [board.api] : [] });
    const services = [followed, ...(board ? [board] : []), api, proposer];
    return { service: new ActorProcess(services), followed, mempool, proposer };
  } catch (error) {
    await followed.stop();
    throw error;
  }
}

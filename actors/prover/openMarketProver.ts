/** Puts a market prover together: market, pool, schedule, prices, and the prover beside it. */
import { toAddress } from "../../protocol/address.ts";
import { hexToBytes, toHex } from "../../protocol/bytes.ts";
import { keccakWords } from "../../protocol/hash.ts";
import { encodeRecord } from "../../protocol/record.ts";
import { boundedAccount } from "../l1/boundedAccount.ts";
import { readMarket } from "../l1/fees.ts";
import type { HeadFollower } from "../l1/headFollower.ts";
import type { L1Account } from "../l1/l1Account.ts";
import type { MarketFollower } from "../market/marketFollower.ts";
import { type MarketViewOptions, openMarketView } from "../market/marketView.ts";
import { QuotePeers } from "../market/quotePeers.ts";
import type { QuotePool } from "../market/quotePool.ts";
import { QuoteGossip, quoteTopicOf } from "../market/quoteGossip.ts";
import { WorkSchedule } from "../market/workSchedule.ts";
import type { Gossip } from "../p2p/gossip.ts";
import { messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { ClaimEnder } from "./claimEnder.ts";
import { MarketProver } from "./marketProver.ts";
import { type CeilingRange, DEFAULT_PROOF_CEILING } from "./proofCeiling.ts";
import { type PricingOptions, costModelOf, gasPriceInToken, strategyOf } from "./pricingOptions.ts";

/** Parameters of {@link openMarketProver}. */
export interface OpenMarketProverOptions extends MarketViewOptions {
  heads: HeadFollower;
  account: Pick<L1Account, "address" | "send">;
  /** Signs the quotes: the account's. */
  privateKey: string;
  pricing: PricingOptions;
  /** Epochs that are proven at the same time. Default 1. */
  machines?: number;
  /** First estimate of what a block takes to prove; measured times replace it. Default 4. */
  secondsPerBlock?: number;
  /** Seconds kept for L1 in each promise. Default three L1 blocks. */
  submissionSeconds?: number;
  /** Seconds without promises after a failure. Default: two epochs. */
  breakSeconds?: number;
  /** See `MarketProverOptions`. */
  rescuePatience?: number;
  feeCeiling?: CeilingRange;
  /** Gossip that carries quotes. */
  gossip?: Gossip;
  /** APIs of nodes that quotes are exchanged with. Default none. */
  quoteNodes?: readonly string[];
  logger: Logger;
}

/** A prover's market side, and what others may ask of its pool. */
export interface OpenedMarketProver {
  /** Starts and stops all of it. */
  service: Service;
  market: MarketProver;
  pool: QuotePool;
  follower: MarketFollower;
}

/** @throws MarketError NO_MARKET */
export async function openMarketProver(options: OpenMarketProverOptions): Promise<OpenedMarketProver> {
  const { provider, node, heads, account, pricing, l1BlockTime, logger } = options;
  const { clock } = node.parameters;
  const epochSeconds = clock.slotDuration * clock.slotsPerEpoch;
  const { contract, follower, pool } = await openMarketView(options);
  const schedule = new WorkSchedule({
    machines: options.machines ?? 1,
    secondsPerBlock: options.secondsPerBlock ?? 4,
    submissionSeconds: options.submissionSeconds ?? 3 * l1BlockTime,
    breakSeconds: options.breakSeconds ?? 2 * epochSeconds,
    now: () => follower.now(),
  });
  const topic = quoteTopicOf(node.parameters);
  const gossip = options.gossip && new QuoteGossip({ gossip: options.gossip, topic, pool });
  const peers = new QuotePeers({ nodes: options.quoteNodes ?? [], pool, logger });
  const model = costModelOf(pricing, schedule);
  const { chain } = node;
  const { feeCeiling = DEFAULT_PROOF_CEILING } = options;
  const ender = new ClaimEnder({
    market: contract,
    account: boundedAccount(account, feeCeiling.start),
    prover: toAddress(account.address),
    isProven: (epoch) => chain.provenEpochs.some((proven) => proven.epoch === epoch),
    recordHash: (number) => {
      const block = chain.block(number);
      return block && toHex(keccakWords([...encodeRecord(block.record)]));
    },
    retrySeconds: 5 * l1BlockTime,
    logger,
  });
  let stopping = new AbortController();
  const market = new MarketProver({
    node,
    heads,
    account,
    market: contract,
    pool,
    key: hexToBytes(options.privateKey),
    prover: toAddress(account.address),
    domain: contract.domain,
    parameters: follower.parameters,
    model,
    strategy: strategyOf(pricing, model, follower.parameters),
    schedule,
    l1BlockTime,
    feeCeiling,
    ...(options.rescuePatience === undefined ? {} : { rescuePatience: options.rescuePatience }),
    logger,
    publish: async (signed) => {
      const result = await peers.publish(signed);
      if (result.added) gossip?.send(signed);
      return result;
    },
    refresh: async (head) => {
      await follower.refresh(head);
      ender.look({ state: follower.state, now: head.timestamp, signal: stopping.signal });
      await peers.pull(follower.oldestEpoch());
    },
    gasPrice: async () => gasPriceInToken(await readMarket(provider), node.chain.tip.record.oracle.price),
  });
  const service: Service = {
    start: async () => {
      stopping = new AbortController();
      await gossip?.start();
      const { head } = heads;
      // The prover asks again with the next head.
      if (head) {
        await follower.refresh(head).catch((error: unknown) => {
          logger.warn({ error: messageOf(error) }, "the market was not read; trying again");
        });
      }
      await market.start();
    },
    stop: async () => {
      stopping.abort();
      await market.stop();
      await ender.stop();
      await gossip?.stop();
    },
  };
  return { service, market, pool, follower };
}

/** The proof market as a process that trades or keeps quotes sees it: contract, follower, and a pool that follows both. */
import type { JsonRpcProvider } from "ethers";

import type { Node } from "../node/node.ts";
import { MarketContract, type MarketDeployment } from "./marketContract.ts";
import { MarketFollower } from "./marketFollower.ts";
import { QuotePool } from "./quotePool.ts";
import { QuoteVerifier } from "./quoteVerifier.ts";

/** Parameters of {@link openMarketView}. */
export interface MarketViewOptions {
  provider: JsonRpcProvider;
  deployment: MarketDeployment;
  node: Node;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
}

/** What was opened. */
export interface OpenedMarketView {
  contract: MarketContract;
  /** Knows no account before its first `refresh`. */
  follower: MarketFollower;
  pool: QuotePool;
}

/** @throws MarketError NO_MARKET */
export async function openMarketView(options: MarketViewOptions): Promise<OpenedMarketView> {
  const { provider, deployment, node, l1BlockTime } = options;
  const contract = new MarketContract({ provider, deployment });
  const startBlock = deployment.block;
  const follower = await MarketFollower.open({ provider, contract, startBlock, node, l1BlockTime });
  const verifier = new QuoteVerifier({ domain: contract.domain });
  return { contract, follower, pool: new QuotePool({ view: follower, verifier }) };
}

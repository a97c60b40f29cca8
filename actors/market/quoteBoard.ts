/** The quotes that a node's or a sequencer's process keeps for others: a pool that follows the market, and its API. */
import type { JsonRpcProvider } from "ethers";

import type { HeadFollower } from "../l1/headFollower.ts";
import type { L1Head } from "../l1/provider.ts";
import type { Node } from "../node/node.ts";
import type { RpcExtension } from "../rpc/rpcExtension.ts";
import { messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { MarketContract, type MarketDeployment } from "./marketContract.ts";
import { MarketFollower } from "./marketFollower.ts";
import { quoteApi } from "./quoteApi.ts";
import { QuotePool } from "./quotePool.ts";
import { QuoteVerifier } from "./quoteVerifier.ts";

/** Parameters of {@link QuoteBoard.open}. */
export interface QuoteBoardOptions {
  provider: JsonRpcProvider;
  deployment: MarketDeployment;
  node: Node;
  heads: HeadFollower;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
  logger: Logger;
}

/** Before `start` it knows no account of the market, and refuses every quote for want of a bond. */
export class QuoteBoard implements Service {
  /** For the process's API server. */
  readonly api: RpcExtension;
  readonly #options: QuoteBoardOptions;
  readonly #follower: MarketFollower;
  #unsubscribe: (() => void) | undefined;
  #refreshing: Promise<void> = Promise.resolve();

  private constructor(options: QuoteBoardOptions, follower: MarketFollower, pool: QuotePool) {
    this.#options = options;
    this.#follower = follower;
    this.api = quoteApi({ pool });
  }

  /** @throws MarketError NO_MARKET */
  static async open(options: QuoteBoardOptions): Promise<QuoteBoard> {
    const { provider, deployment, node, l1BlockTime } = options;
    const contract = new MarketContract({ provider, deployment });
    const startBlock = deployment.block;
    const follower = await MarketFollower.open({ provider, contract, startBlock, node, l1BlockTime });
    const verifier = new QuoteVerifier({ domain: contract.domain });
    return new QuoteBoard(options, follower, new QuotePool({ view: follower, verifier }));
  }

  async start(): Promise<void> {
    if (this.#unsubscribe) return;
    const { heads } = this.#options;
    this.#unsubscribe = heads.onHead((head) => this.#follow(head));
    if (heads.head) this.#follow(heads.head);
    await this.#refreshing;
  }

  async stop(): Promise<void> {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    await this.#refreshing;
  }

  /** What fails is made up for with the next head. */
  #follow(head: L1Head): void {
    this.#refreshing = this.#follower
      .refresh(head)
      .catch((error: unknown) =>
        this.#options.logger.warn({ error: messageOf(error) }, "the market was not read"),
      );
  }
}

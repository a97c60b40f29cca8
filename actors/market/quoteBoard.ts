/** The quotes that a node's or a sequencer's process keeps for others: a pool that follows the market, and its API. */
import type { HeadFollower } from "../l1/headFollower.ts";
import type { L1Head } from "../l1/provider.ts";
import type { Gossip } from "../p2p/gossip.ts";
import type { RpcExtension } from "../rpc/rpcExtension.ts";
import { messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import type { MarketFollower } from "./marketFollower.ts";
import { type MarketViewOptions, openMarketView } from "./marketView.ts";
import { quoteApi } from "./quoteApi.ts";
import { QuoteGossip, quoteTopicOf } from "./quoteGossip.ts";
import type { QuotePool } from "./quotePool.ts";

/** Parameters of {@link QuoteBoard.open}. */
export interface QuoteBoardOptions extends MarketViewOptions {
  heads: HeadFollower;
  /** Exchanges quotes with other processes. Default: the API alone. */
  gossip?: Gossip | undefined;
  logger: Logger;
}

/** Before `start` it knows no account of the market, and refuses every quote for want of a bond. */
export class QuoteBoard implements Service {
  /** For the process's API server. */
  readonly api: RpcExtension;
  readonly #options: QuoteBoardOptions;
  readonly #follower: MarketFollower;
  readonly #gossip: QuoteGossip | undefined;
  #unsubscribe: (() => void) | undefined;
  #refreshing: Promise<void> = Promise.resolve();

  private constructor(options: QuoteBoardOptions, follower: MarketFollower, pool: QuotePool) {
    this.#options = options;
    this.#follower = follower;
    const { gossip, node } = options;
    this.#gossip = gossip && new QuoteGossip({ gossip, topic: quoteTopicOf(node.parameters), pool });
    this.api = quoteApi({
      pool,
      ...(this.#gossip ? { submit: (signed) => this.#gossip!.publish(signed) } : {}),
    });
  }

  /** @throws MarketError NO_MARKET */
  static async open(options: QuoteBoardOptions): Promise<QuoteBoard> {
    const { follower, pool } = await openMarketView(options);
    return new QuoteBoard(options, follower, pool);
  }

  async start(): Promise<void> {
    if (this.#unsubscribe) return;
    const { heads } = this.#options;
    this.#unsubscribe = heads.onHead((head) => this.#follow(head));
    if (heads.head) this.#follow(heads.head);
    await this.#refreshing;
    await this.#gossip?.start();
  }

  async stop(): Promise<void> {
    await this.#gossip?.stop();
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

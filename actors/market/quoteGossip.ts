/** Quotes between processes: a topic of the instance's gossip, whose messages end in the pool or cost their sender. */
import { decodeQuote, encodeQuote, MAX_QUOTE_BYTES, type SignedQuote } from "../../protocol/quote.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";
import { ACCEPT, type Gossip, ignore, reject, type Verdict } from "../p2p/gossip.ts";
import { type Topic, topicName } from "../p2p/topics.ts";
import type { Service } from "../support/service.ts";
import type { QuotePool, QuoteRefusal, QuoteResult } from "./quotePool.ts";

/** The instance that a topic is of, and the seconds of its epoch. */
export interface QuoteTopicRequest {
  chainId: number;
  rollup: string;
  epochSeconds: number;
}

/** A prover sends a quote or a few for an epoch; a peer may pass on those of many at once. */
export function quoteTopic({ epochSeconds, ...instance }: QuoteTopicRequest): Topic {
  return {
    name: topicName(instance, "quotes"),
    limits: { maxBytes: MAX_QUOTE_BYTES, burst: 256, seconds: epochSeconds },
  };
}

/** The same of a Rollup's parameters. */
export function quoteTopicOf({ chainId, address, clock }: RollupParameters): Topic {
  const epochSeconds = clock.slotDuration * clock.slotsPerEpoch;
  return quoteTopic({ chainId, rollup: address, epochSeconds });
}

/** What a refusal says about the sender. A quote may become invalid on its way: only what never was valid is a fault. */
const VERDICTS: Readonly<Record<QuoteRefusal, Verdict>> = {
  epoch: ignore("untimely"),
  expired: ignore("untimely"),
  tooLong: reject("invalid"),
  nonce: ignore("untimely"),
  fee: reject("invalid"),
  bond: ignore("notEntitled"),
  notListed: reject("notEntitled"),
  signature: reject("badSignature"),
  notBetter: ignore("duplicate"),
  full: ignore("duplicate"),
};

/** Parameters of {@link QuoteGossip}. */
export interface QuoteGossipOptions {
  gossip: Gossip;
  topic: Topic;
  pool: QuotePool;
  /** Told of every quote that got in. */
  onQuote?: (signed: SignedQuote) => void;
}

export class QuoteGossip implements Service {
  readonly #options: QuoteGossipOptions;
  #stop: (() => void) | undefined;

  constructor(options: QuoteGossipOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    const { gossip, topic } = this.#options;
    this.#stop ??= gossip.subscribe(topic.name, topic.limits, ({ data }) => this.#judge(data));
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#stop?.();
    this.#stop = undefined;
    return Promise.resolve();
  }

  /** Puts an own quote, or one that came by HTTP, into the pool, and sends it if it got in. */
  async publish(signed: SignedQuote): Promise<QuoteResult> {
    const result = await this.#options.pool.add(signed);
    if (result.added) {
      this.send(signed);
      this.#options.onQuote?.(signed);
    }
    return result;
  }

  /** Sends a quote that is in the pool already. */
  send(signed: SignedQuote): void {
    this.#options.gossip.publish(this.#options.topic.name, encodeQuote(signed));
  }

  async #judge(data: Uint8Array): Promise<Verdict> {
    const signed = decodeQuote(data);
    if (!signed) return reject("malformed");
    const result = await this.#options.pool.add(signed);
    if (!result.added) return VERDICTS[result.reason];
    this.#options.onQuote?.(signed);
    return ACCEPT;
  }
}

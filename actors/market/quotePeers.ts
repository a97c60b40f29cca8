/** Quotes exchanged with nodes over HTTP, for a process that is not in the gossip. */
import type { SignedQuote } from "../../protocol/quote.ts";
import { RpcError } from "../rpc/rpcError.ts";
import { messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import { fetchQuotes, postQuote } from "./quoteClient.ts";
import type { QuotePool, QuoteResult } from "./quotePool.ts";

/** Parameters of {@link QuotePeers}. */
export interface QuotePeersOptions {
  /** Addresses of nodes' APIs. */
  nodes: readonly string[];
  pool: QuotePool;
  logger: Logger;
}

export class QuotePeers {
  readonly #options: QuotePeersOptions;
  /** Those that failed when they were last asked: said once. */
  readonly #failing = new Set<string>();

  constructor(options: QuotePeersOptions) {
    this.#options = options;
  }

  /** Puts an own quote into the pool, and hands it to every node. A node that does not answer is passed over. */
  async publish(signed: SignedQuote): Promise<QuoteResult> {
    const { nodes, pool } = this.#options;
    const result = await pool.add(signed);
    if (result.added) await Promise.all(nodes.map((node) => this.#ask(node, () => postQuote(node, signed))));
    return result;
  }

  /** Takes the nodes' quotes of an epoch into the pool, which checks each. */
  async pull(epoch: number): Promise<void> {
    const { nodes, pool } = this.#options;
    const answers = await Promise.all(nodes.map((node) => this.#ask(node, () => fetchQuotes(node, epoch))));
    for (const signed of answers.flatMap((quotes) => quotes ?? [])) await pool.add(signed);
  }

  async #ask<T>(node: string, question: () => Promise<T>): Promise<T | undefined> {
    const { logger } = this.#options;
    try {
      const answer = await question();
      if (this.#failing.delete(node)) logger.info({ node }, "quotes are exchanged again");
      return answer;
    } catch (error) {
      // A refusal of a quote is an answer.
      const isRefusal = error instanceof RpcError && error.code === "QUOTE_REFUSED";
      if (!isRefusal && !this.#failing.has(node)) {
        this.#failing.add(node);
        logger.warn({ node, error: messageOf(error) }, "quotes are not exchanged");
      }
      return undefined;
    }
  }
}

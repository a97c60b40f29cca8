import type { JsonRpcProvider } from "ethers";

import { messageOf } from "../support/actorError.ts";
import { Emitter } from "../support/emitter.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { sleep } from "../support/sleep.ts";
import { type L1Head, readHead } from "./provider.ts";

/** Answers in a row after which a lower head is believed. */
const LOWER_ANSWERS = 3;

/** Parameters of {@link HeadFollower}. */
export interface HeadFollowerOptions {
  provider: JsonRpcProvider;
  logger: Logger;
  /** Milliseconds between questions. */
  pollInterval: number;
}

/**
 * The one clock of the actors: L1's head. Time is the head's timestamp, never the machine's, so a skewed clock
 * does no harm and a test moves time by mining.
 */
export class HeadFollower implements Service {
  readonly #options: HeadFollowerOptions;
  readonly #heads: Emitter<L1Head>;
  #head: L1Head | undefined;
  /** Answers in a row that were lower. */
  #lower = 0;
  #abort: AbortController | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: HeadFollowerOptions) {
    this.#options = options;
    this.#heads = new Emitter((error) =>
      options.logger.error({ error: messageOf(error) }, "a head listener failed"),
    );
  }

  /** The newest head seen. */
  get head(): L1Head | undefined {
    return this.#head;
  }

  /** Calls `listener` with every new head; skips those between two questions. The result removes it. */
  onHead(listener: (head: L1Head) => void): () => void {
    return this.#heads.on(listener);
  }

  /**
   * Asks now instead of at the next question's time. A head lower than the last one counts once it was the answer so many
   * times in a row: where several servers share an address, one that lags is no reorg, and time does not go back.
   */
  async refresh(): Promise<L1Head | undefined> {
    const head = await readHead(this.#options.provider);
    if (head === undefined) return this.#head;
    this.#lower = head.number < (this.#head?.number ?? 0) ? this.#lower + 1 : 0;
    if (head.hash === this.#head?.hash || (this.#lower > 0 && this.#lower < LOWER_ANSWERS)) return this.#head;
    this.#lower = 0;
    this.#head = head;
    this.#heads.emit(head);
    return head;
  }

  async start(): Promise<void> {
    if (this.#abort) return;
    this.#abort = new AbortController();
    await this.refresh();
    this.#loop = this.#run(this.#abort.signal);
  }

  async stop(): Promise<void> {
    this.#abort?.abort();
    this.#abort = undefined;
    await this.#loop;
  }

  async #run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      // An endpoint that fails is asked less and less often, up to every 32nd time.
      await sleep(this.#options.pollInterval * 2 ** Math.min(failures, 5), signal);
      if (signal.aborted) return;
      try {
        await this.refresh();
        failures = 0;
      } catch (error) {
        failures++;
        if (!signal.aborted)
          this.#options.logger.warn({ error: messageOf(error), failures }, "L1 does not answer");
      }
    }
  }
}

import type { HeadFollower } from "../l1/headFollower.ts";
import { messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import type { Node } from "./node.ts";

/** Keeps a node at L1's head. A sync that fails is tried again at the next head. */
export class NodeService implements Service {
  readonly #node: Node;
  readonly #heads: HeadFollower;
  readonly #logger: Logger;
  #abort: AbortController | undefined;
  #stopListening: () => void = () => undefined;
  #running: Promise<unknown> = Promise.resolve();
  #busy = false;

  constructor({ node, heads, logger }: { node: Node; heads: HeadFollower; logger: Logger }) {
    this.#node = node;
    this.#heads = heads;
    this.#logger = logger;
  }

  /** Resolves when the node has reached the head. */
  async start(): Promise<void> {
    if (this.#abort) return;
    const { signal } = (this.#abort = new AbortController());
    this.#stopListening = this.#heads.onHead(() => this.#follow(signal));
    await this.#node.sync(signal);
  }

  async stop(): Promise<void> {
    this.#stopListening();
    this.#abort?.abort();
    this.#abort = undefined;
    await this.#running;
  }

  #follow(signal: AbortSignal): void {
    if (this.#busy || signal.aborted) return;
    this.#busy = true;
    this.#running = this.#node
      .sync(signal)
      .catch((error: unknown) => {
        if (!signal.aborted)
          this.#logger.warn({ error: messageOf(error) }, "the node could not follow; trying again");
      })
      .finally(() => (this.#busy = false));
  }
}

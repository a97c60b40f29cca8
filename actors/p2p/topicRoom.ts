/** A topic as one process hears it: who subscribes, who judges for others, and what they make of a message. */
import type { Logger } from "../support/logger.ts";
import { messageOf } from "../support/actorError.ts";
import type { DropReason, GossipHandler, GossipMessage, Verdict } from "./gossip.ts";

/** A verdict, or that our own code failed: nobody's fault among peers. */
export type RoomVerdict = Verdict | { type: "failed" };

/** Parameters of {@link TopicRoom}. */
export interface TopicRoomOptions {
  logger: Logger;
  /** Told of what a subscriber rejects after the message was passed on. */
  onFault: (peer: string, reason: DropReason) => void;
}

export class TopicRoom {
  readonly #options: TopicRoomOptions;
  readonly #handlers = new Set<GossipHandler>();
  #judge: GossipHandler | undefined;

  constructor(options: TopicRoomOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#handlers.size === 0 && !this.#judge;
  }

  /** The result takes it out again. */
  add(handler: GossipHandler): () => void {
    // One of its own, so that a handler that is added twice leaves once.
    const own: GossipHandler = (message) => handler(message);
    this.#handlers.add(own);
    return () => void this.#handlers.delete(own);
  }

  /** Decides alone what is passed on; subscribers see what it accepts. The result ends it. */
  setJudge(judge: GossipHandler): () => void {
    this.#judge = judge;
    return () => {
      if (this.#judge === judge) this.#judge = undefined;
    };
  }

  /** What is to become of a message. Without a judge, one subscriber's rejection outweighs the others' acceptance. */
  async consider(message: GossipMessage): Promise<RoomVerdict> {
    if (this.#judge) {
      const verdict = await this.#ask(this.#judge, message);
      // Others wait for the message while subscribers work on it.
      if (verdict.type === "accept") void this.#tell(message);
      return verdict;
    }
    const verdicts = await this.#askAll(message);
    const [first = { type: "failed" }] = verdicts;
    return (
      verdicts.find(({ type }) => type === "reject") ??
      verdicts.find(({ type }) => type === "accept") ??
      first
    );
  }

  async #tell(message: GossipMessage): Promise<void> {
    for (const verdict of await this.#askAll(message)) {
      if (verdict.type === "reject") this.#options.onFault(message.from, verdict.reason);
    }
  }

  #askAll(message: GossipMessage): Promise<RoomVerdict[]> {
    return Promise.all([...this.#handlers].map((handler) => this.#ask(handler, message)));
  }

  async #ask(handler: GossipHandler, message: GossipMessage): Promise<RoomVerdict> {
    try {
      return await handler(message);
    } catch (error) {
      const { topic } = message;
      this.#options.logger.error({ topic, error: messageOf(error) }, "a message could not be handled");
      return { type: "failed" };
    }
  }
}

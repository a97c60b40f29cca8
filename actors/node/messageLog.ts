import type { Message } from "../../protocol/message.ts";
import { ActorError } from "../support/actorError.ts";

/** Messages from L1, numbered from 0 in the order in which they were sent. An array is one, too. */
export interface Messages {
  readonly length: number;
  /** Those of a range that does not begin before the oldest one kept. */
  slice(from: number, to?: number): Message[];
}

/** All messages that L1 has, of which the oldest are forgotten: what is long consumed at a proven block, nobody asks for. */
export class MessageLog implements Messages {
  readonly #kept: Message[] = [];
  #forgotten = 0;

  get length(): number {
    return this.#forgotten + this.#kept.length;
  }

  /** How many are in memory. */
  get kept(): number {
    return this.#kept.length;
  }

  /** @throws ActorError STATE_UNAVAILABLE when one of them is forgotten */
  slice(from: number, to = this.length): Message[] {
    if (from < this.#forgotten) {
      throw new ActorError("STATE_UNAVAILABLE", `message ${from + 1} is no longer kept`, "read it from L1");
    }
    return this.#kept.slice(from - this.#forgotten, Math.max(from, to) - this.#forgotten);
  }

  push(message: Message): void {
    this.#kept.push(message);
  }

  /** Takes the newest back. */
  pop(): void {
    this.#kept.pop();
  }

  /** Forgets all before the message of a number. */
  forget(before: number): void {
    if (before <= this.#forgotten) return;
    this.#kept.splice(0, before - this.#forgotten);
    this.#forgotten = before;
  }
}

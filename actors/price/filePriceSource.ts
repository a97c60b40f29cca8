import { open } from "node:fs/promises";

import { messageOf } from "../support/actorError.ts";
import { PriceError } from "./priceError.ts";
import type { PriceSource } from "./priceSource.ts";
import { type PriceBounds, checkAge, parsePrice, textAt } from "./priceText.ts";

/** Parameters of {@link FilePriceSource}. */
export interface FilePriceOptions {
  path: string;
  bounds?: PriceBounds;
  /** Seconds since its last change after which the file says nothing any more. */
  maxAge: number;
  /** Seconds. */
  now?: () => number;
}

/**
 * A price that somebody writes into a file, `{"price": "0.0001"}`: ether for one TST. Read anew each time. Replace the
 * file by renaming another over it, so that no half of it is read.
 */
export class FilePriceSource implements PriceSource {
  readonly #options: FilePriceOptions;

  constructor(options: FilePriceOptions) {
    this.#options = options;
  }

  async read(): Promise<bigint> {
    const { bounds, maxAge, now = () => Date.now() / 1_000 } = this.#options;
    const { text, time } = await this.#readFile();
    checkAge({ time, now: now(), maxAge });
    return parsePrice(textAt(text, "price"), bounds);
  }

  /** Text and time of the same file, also when another takes its name in between. */
  async #readFile(): Promise<{ text: string; time: number }> {
    const { path } = this.#options;
    try {
      const file = await open(path);
      try {
        return { text: await file.readFile("utf8"), time: (await file.stat()).mtimeMs / 1_000 };
      } finally {
        await file.close();
      }
    } catch (error) {
      throw new PriceError(
        "PRICE_UNREACHABLE",
        `${path} cannot be read: ${messageOf(error)}`,
        "check the name",
        error,
      );
    }
  }
}

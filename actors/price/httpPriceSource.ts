import { messageOf } from "../support/actorError.ts";
import { readText } from "../support/readBody.ts";
import { PriceError } from "./priceError.ts";
import type { PriceSource } from "./priceSource.ts";
import { type PriceBounds, checkAge, parsePrice, textAt } from "./priceText.ts";

/** Parameters of {@link HttpPriceSource}. */
export interface HttpPriceOptions {
  url: string;
  /** Where the answer has ether for one TST, such as `data.0.price`. */
  pricePath: string;
  /** Where it has the price's time, in seconds since 1970. Absent: it is taken to be of the moment. */
  timePath?: string;
  /** Seconds after which a price says nothing any more. */
  maxAge: number;
  bounds?: PriceBounds;
  /** Milliseconds to wait for an answer. Default 2,000: a proposal waits for it. */
  timeout?: number;
  /** Milliseconds for which an answer, or its absence, is kept. Default 10,000. */
  keepFor?: number;
  /** Milliseconds. */
  now?: () => number;
}

/** Most bytes of an answer. */
const MOST_BYTES = 65_536;

/** A price that a web address tells as JSON. Asked when it is needed, at most once in `keepFor`. */
export class HttpPriceSource implements PriceSource {
  readonly #options: HttpPriceOptions;
  #last: { time: number; answer: Promise<bigint> } | undefined;

  constructor(options: HttpPriceOptions) {
    this.#options = options;
  }

  read(): Promise<bigint> {
    const { keepFor = 10_000, now = Date.now } = this.#options;
    const time = now();
    if (this.#last && time - this.#last.time < keepFor) return this.#last.answer;
    const answer = this.#ask();
    this.#last = { time, answer };
    return answer;
  }

  async #ask(): Promise<bigint> {
    const { pricePath, timePath, bounds, maxAge, now = Date.now } = this.#options;
    const text = await this.#fetch();
    if (timePath !== undefined) {
      const time = textAt(text, timePath);
      if (!/^\d{1,12}(\.\d+)?$/.test(time)) throw unusable("PRICE_MALFORMED", `no time at ${timePath}`);
      checkAge({ time: Number(time), now: now() / 1_000, maxAge });
    }
    return parsePrice(textAt(text, pricePath), bounds);
  }

  async #fetch(): Promise<string> {
    const { url, timeout = 2_000 } = this.#options;
    // An address may have a key in its query: messages name the host alone.
    const { host } = new URL(url);
    try {
      const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(timeout) });
      if (!response.ok) throw new Error(`status ${response.status}`);
      return await readText(response, MOST_BYTES);
    } catch (error) {
      const reason = messageOf((error as { cause?: unknown }).cause ?? error);
      throw unusable("PRICE_UNREACHABLE", `${host} gives no price (${reason})`, error);
    }
  }
}

function unusable(code: "PRICE_UNREACHABLE" | "PRICE_MALFORMED", what: string, cause?: unknown): PriceError {
  return new PriceError(code, what, "check the price source's address and paths", cause);
}

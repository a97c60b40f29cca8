/** Prices in JSON that somebody else wrote: found by a path, read to the digit, held to bounds. */
import { MAX_PRICE, MIN_PRICE } from "../../protocol/fees.ts";
import { PriceError } from "./priceError.ts";

/** Decimals of ether that the record's unit has. */
const DECIMALS = 12;

/** What a price is held to, both ends included. */
export interface PriceBounds {
  least: bigint;
  most: bigint;
}

/** All that a record can hold. */
export const WIDEST_BOUNDS: PriceBounds = { least: MIN_PRICE, most: MAX_PRICE };

/**
 * Ether for one TST as a decimal number, such as `0.0001` or `1e-4`, in the record's unit, rounded down.
 * @throws PriceError PRICE_MALFORMED, PRICE_OUT_OF_BOUNDS
 */
export function parsePrice(text: string, { least, most }: PriceBounds = WIDEST_BOUNDS): bigint {
  const match = /^(\d{1,40})(?:\.(\d{1,80}))?(?:e([+-]?\d{1,2}))?$/i.exec(text);
  if (!match) throw malformed(`"${text.slice(0, 40)}" is no price`);
  const [, whole = "", fraction = "", exponent = "0"] = match;
  const digits = BigInt(whole + fraction);
  const shift = DECIMALS + Number(exponent) - fraction.length;
  const price = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  if (price >= least && price <= most) return price;
  throw new PriceError(
    "PRICE_OUT_OF_BOUNDS",
    `a price of ${text.slice(0, 40)} ETH is outside of the bounds`,
    "check the source, its unit (ether for one TST) and the bounds",
  );
}

/**
 * The text at a path such as `data.0.price` of a JSON document. Numbers come as they are written, not as the nearest
 * float.
 * @throws PriceError PRICE_MALFORMED
 */
export function textAt(json: string, path: string): string {
  let value: unknown;
  try {
    value = JSON.parse(json, (_key, parsed: unknown, context?: { source?: string }) =>
      typeof parsed === "number" ? context?.source : parsed,
    );
  } catch {
    throw malformed("the answer is no JSON");
  }
  for (const step of path.split(".")) {
    const holder = typeof value === "object" && value !== null ? value : {};
    value = Object.hasOwn(holder, step) ? (holder as Record<string, unknown>)[step] : undefined;
  }
  if (typeof value === "string") return value;
  throw malformed(`there is no number at ${path}`);
}

/**
 * Holds a time to the present, in seconds.
 * @throws PriceError PRICE_STALE
 */
export function checkAge({ time, now, maxAge }: { time: number; now: number; maxAge: number }): void {
  const age = now - time;
  // A clock may be a little behind that of the source.
  if (age <= maxAge && age >= -maxAge) return;
  const what = age > 0 ? `${Math.round(age)} s old` : `${Math.round(-age)} s in the future`;
  throw new PriceError("PRICE_STALE", `the price is ${what}`, `feed a new one every ${maxAge} s`);
}

function malformed(message: string): PriceError {
  return new PriceError("PRICE_MALFORMED", message, "check the source and the path to its price");
}

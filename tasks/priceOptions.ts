/** Options that name a sequencer's source of the exchange rate. */
import { ArgumentType } from "hardhat/types/arguments";

import type { PriceSource } from "../actors/price/priceSource.ts";
import type { PriceBounds } from "../actors/price/priceText.ts";
import { OptionError, text } from "./ledgerOptions.ts";

export const PRICE = text("price", "Ether for one TST that blocks move the exchange rate towards");
export const PRICE_FILE = text("priceFile", 'File with that price, {"price": "0.0001"}, read for each block');
export const PRICE_URL = text("priceUrl", "Web address that tells it as JSON");
export const PRICE_PATH = {
  name: "pricePath" as const,
  description: "Where that answer has the price, such as data.0.price",
  type: ArgumentType.STRING as const,
  defaultValue: "price",
};
export const PRICE_TIME_PATH = text(
  "priceTimePath",
  "Where it has the price's time in seconds; default: it is taken to be of the moment",
);
export const PRICE_BOUNDS = text(
  "priceBounds",
  "Least and most that a price of a file or address can be, by a comma; default: what a record holds",
);
export const PRICE_MAX_AGE = {
  name: "priceMaxAge" as const,
  description: "Seconds after which a price of a file or address says nothing",
  type: ArgumentType.INT as const,
  defaultValue: 3_600,
};

/** Values of those options. */
export interface PriceOptions {
  price: string | undefined;
  priceFile: string | undefined;
  priceUrl: string | undefined;
  pricePath: string;
  priceTimePath: string | undefined;
  priceBounds: string | undefined;
  priceMaxAge: number;
}

/** The source that the options name; undefined when they name none. @throws OptionError, PriceError */
export async function priceSourceOf(options: PriceOptions): Promise<PriceSource | undefined> {
  const { price, priceFile: path, priceUrl: url, pricePath, priceTimePath, priceMaxAge: maxAge } = options;
  const named = [price, path, url].filter((option) => option !== undefined);
  if (named.length > 1) {
    throw new OptionError("more than one price source", "give --price, --price-file or --price-url");
  }
  if (maxAge < 1) throw new OptionError(`--price-max-age ${maxAge}`, "give a whole number of seconds from 1");
  const { fixedPrice } = await import("../actors/price/priceSource.ts");
  const { parsePrice } = await import("../actors/price/priceText.ts");
  if (price !== undefined) return fixedPrice(parsePrice(price));
  const bounds = boundsOf(options.priceBounds, parsePrice);
  if (path !== undefined) {
    const { FilePriceSource } = await import("../actors/price/filePriceSource.ts");
    return new FilePriceSource({ path, maxAge, ...bounds });
  }
  if (url === undefined) return undefined;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new OptionError("--price-url is no web address", "give one that begins with https://");
  }
  const { HttpPriceSource } = await import("../actors/price/httpPriceSource.ts");
  const timePath = priceTimePath === undefined ? {} : { timePath: priceTimePath };
  return new HttpPriceSource({ url, pricePath, maxAge, ...timePath, ...bounds });
}

function boundsOf(
  text: string | undefined,
  parse: (price: string) => bigint,
): { bounds: PriceBounds } | undefined {
  if (text === undefined) return undefined;
  const [least, most, ...rest] = text.split(",").map((price) => parse(price.trim()));
  if (least !== undefined && most !== undefined && least <= most && rest.length === 0) {
    return { bounds: { least, most } };
  }
  throw new OptionError(`--price-bounds ${text}`, "give the least and the most, such as 0.00005,0.0002");
}

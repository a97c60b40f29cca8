/** Where a proposer and a validator get the exchange rate from that they move towards, or hold others to. */
import { messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";

/** An exchange rate of somewhere else: wei of ether for 10^12 base units of fee juice, as the record counts it. */
export interface PriceSource {
  /** @throws PriceError when there is no price that can be used now */
  read(): Promise<bigint>;
}

/** A source that never changes its mind. */
export function fixedPrice(price: bigint): PriceSource {
  return { read: () => Promise.resolve(price) };
}

/** What a source says; undefined, no opinion, without a source and when it fails. Never throws. */
export async function priceOf(source: PriceSource | undefined, logger: Logger): Promise<bigint | undefined> {
  try {
    return await source?.read();
  } catch (error) {
    logger.warn({ reason: messageOf(error) }, "no opinion on the price");
    return undefined;
  }
}

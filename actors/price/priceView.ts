import type { Logger } from "../support/logger.ts";
import { type PriceSource, priceOf } from "./priceSource.ts";
import { DEFAULT_TOLERANCE, type PriceOpinion } from "./priceStep.ts";

/** A price source, and how far from it a step may end. */
export interface PriceView {
  source: PriceSource;
  /** Basis points. Default {@link DEFAULT_TOLERANCE}. */
  tolerance?: number;
}

/** What a validator holds a step to now; undefined while its source says nothing. */
export async function opinionOf(
  { source, tolerance = DEFAULT_TOLERANCE }: PriceView,
  logger: Logger,
): Promise<PriceOpinion | undefined> {
  const market = await priceOf(source, logger);
  return market === undefined ? undefined : { market, tolerance };
}

/** What can go wrong when one works with the market, as one catalogue. */
export type MarketErrorCode =
  | "NO_MARKET"
  | "AMOUNT_INVALID"
  | "CANNOT_PAY"
  | "NOTHING_TO_WITHDRAW"
  | "WITHDRAWAL_TOO_EARLY"
  | "NOTHING_TO_PROVE"
  | "EPOCH_NOT_COMPLETE"
  | "NO_QUOTE"
  | "NO_CLAIM"
  | "NOT_SLASHABLE"
  | "NOT_PROVEN";

/** An error with a remedy: the message says both. */
export class MarketError extends Error {
  override readonly name = "MarketError";
  readonly code: MarketErrorCode;
  readonly remedy: string;

  constructor(code: MarketErrorCode, message: string, remedy: string, cause?: unknown) {
    super(`${message}; ${remedy}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
  }
}

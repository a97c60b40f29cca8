/** Why a price source has no answer that can be used. */
export type PriceErrorCode =
  /** No answer, or none in time. */
  | "PRICE_UNREACHABLE"
  /** An answer without a price where one should be. */
  | "PRICE_MALFORMED"
  /** A price that cannot be right: outside of the operator's bounds, or of what the record can hold. */
  | "PRICE_OUT_OF_BOUNDS"
  /** A price that was right too long ago, or is said to be of the future. */
  | "PRICE_STALE";

/** A price that cannot be used, with its remedy. Whoever asked then has no opinion. */
export class PriceError extends Error {
  override readonly name = "PriceError";
  readonly code: PriceErrorCode;
  readonly remedy: string;

  constructor(code: PriceErrorCode, message: string, remedy: string, cause?: unknown) {
    super(`${message}; ${remedy}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
  }
}

/** What can go wrong in a wallet, as one catalogue. */
export type WalletErrorCode =
  | "KEY_FILE_EXISTS"
  | "KEY_FILE_MISSING"
  | "KEY_FILE_INVALID"
  | "KEY_FILE_READABLE"
  | "KEY_FILE_PLAIN"
  | "PASSPHRASE_WRONG"
  | "PASSPHRASE_MISSING"
  | "WRONG_ROLLUP"
  | "NOT_REGISTERED"
  | "NOT_IN_LEDGER"
  | "AMOUNT_INVALID"
  | "CANNOT_PAY"
  | "EARLIER_TRANSACTION_WAITS"
  | "UNCLEAR"
  | "WITHDRAWAL_UNKNOWN"
  | "WITHDRAWAL_DELAYED"
  | "WAIT_ENDED";

/** An error with a remedy: the message says both. */
export class WalletError extends Error {
  override readonly name = "WalletError";
  readonly code: WalletErrorCode;
  readonly remedy: string;

  constructor(code: WalletErrorCode, message: string, remedy: string, cause?: unknown) {
    super(`${message}; ${remedy}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
  }
}

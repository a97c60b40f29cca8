/** What can go wrong when a validator is run, as one catalogue. */
export type StakingErrorCode =
  | "KEYSTORE_EXISTS"
  | "KEYSTORE_MISSING"
  | "KEYSTORE_INVALID"
  | "KEYSTORE_READABLE"
  | "PASSWORD_MISSING"
  | "PASSWORD_WRONG"
  | "NOT_STAKED"
  | "AMOUNT_INVALID"
  | "CANNOT_PAY"
  | "ALREADY_REGISTERED"
  | "KEY_USED"
  | "NOT_REGISTERED"
  | "NOT_WITHDRAWER"
  | "BOOTSTRAP_INCOMPLETE"
  | "UNKNOWN_INSTANCE"
  | "NOT_FOLLOWING"
  | "ALREADY_EXITING"
  | "EXITS_EXHAUSTED"
  | "NOT_EXITING"
  | "NOT_PAYABLE";

/** An error with a remedy: the message says both. */
export class StakingError extends Error {
  override readonly name = "StakingError";
  readonly code: StakingErrorCode;
  readonly remedy: string;

  constructor(code: StakingErrorCode, message: string, remedy: string, cause?: unknown) {
    super(`${message}; ${remedy}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
  }
}

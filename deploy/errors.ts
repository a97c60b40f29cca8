/** What can go wrong in a deployment before or between transactions. */
export type DeployErrorCode =
  | "PRESET_UNKNOWN"
  | "PRESET_INVALID"
  | "CHAIN_NOT_IN_PRESET"
  | "DEVELOPMENT_VERIFIER"
  | "VERIFIER_MISSING"
  | "MEMBERS_INVALID"
  | "OWNER_INVALID"
  | "ASSET_INVALID"
  | "GENESIS_TOO_SOON"
  | "PLAN_BROKEN"
  | "NO_SIGNER"
  | "NO_FUNDS"
  | "PLAN_CHANGED"
  | "CREATION_REVERTED"
  | "NOT_SENT"
  | "NOT_MINED"
  | "EXPLORER_KEY_MISSING"
  | "EXPLORER_UNREACHABLE"
  | "EXPLORER_UNSUITABLE"
  | "NETWORK_UNKNOWN"
  | "L1_UNREACHABLE"
  | "ACCOUNT_BUSY"
  | "NOT_CONFIRMED"
  | "REHEARSAL_FAILED"
  | "JOURNAL_INVALID"
  | "ALREADY_DEPLOYED"
  | "RECORD_MISSING"
  | "RECORD_INVALID"
  | "ASSERTION_FAILED";

/** An error with a remedy: the message says both. */
export class DeployError extends Error {
  override readonly name = "DeployError";
  readonly code: DeployErrorCode;
  readonly remedy: string;

  constructor(code: DeployErrorCode, message: string, remedy: string) {
    super(`${message}; ${remedy}`);
    this.code = code;
    this.remedy = remedy;
  }
}

/** What can go wrong in an actor, as one catalogue. */
export type ActorErrorCode =
  | "ANVIL_MISSING"
  | "ANVIL_PORT_TAKEN"
  | "ANVIL_FAILED"
  | "ANVIL_TIMEOUT"
  | "BLOB_NOT_FOUND"
  | "BLOB_SOURCE_FAILED"
  | "BLOB_SOURCE_LIED"
  | "BLOB_WRAPPER"
  | "CHAIN_MISMATCH"
  | "INTERCHANGE_INVALID"
  | "JOURNAL_CORRUPT"
  | "JOURNAL_CLOSED"
  | "JOURNAL_LOCKED"
  | "SLOT_SIGNED"
  | "NOT_IN_COMMITTEE"
  | "QUORUM_MISSED"
  | "TRANSACTION_REVERTED"
  | "TRANSACTION_REFUSED"
  | "TRANSACTION_NOT_MINED"
  | "KEY_UNUSABLE"
  | "P2P_ADDRESS_INVALID"
  | "P2P_LISTEN_FAILED"
  | "P2P_PORT_TAKEN"
  | "FEE_CEILING"
  | "L1_BEHIND"
  | "L1_REORG_TOO_DEEP"
  | "L1_UNREACHABLE"
  | "L1_EVENT_UNEXPECTED"
  | "PORT_TAKEN"
  | "STATE_UNAVAILABLE"
  | "STORE_LOCKED"
  | "STORE_UNWRITABLE"
  | "NETWORK_STALLED";

/** An error with a remedy: the message says both. */
export class ActorError extends Error {
  override readonly name: string = "ActorError";
  readonly code: ActorErrorCode;
  readonly remedy: string;

  constructor(code: ActorErrorCode, message: string, remedy: string, cause?: unknown) {
    super(`${message}; ${remedy}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
  }
}

/** True when `error` is an {@link ActorError} of the given code. */
export function isActorError(error: unknown, code: ActorErrorCode): error is ActorError {
  return error instanceof ActorError && error.code === code;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

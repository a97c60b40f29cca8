/** Why the protocol library refused something. One code a cause; the message carries the values. */
export type ProtocolErrorCode =
  | "out-of-range"
  | "wrong-length"
  | "not-hex"
  | "not-canonical"
  | "unknown-size"
  | "invalid-key"
  | "invalid-transaction-encoding"
  | "invalid-message-encoding"
  | "invalid-record-encoding"
  | "too-many-transactions"
  | "too-many-messages"
  | "malformed-blob"
  | "balance-overflow"
  | "before-genesis"
  | "unknown-leaf";

/** Base of every error thrown by `protocol/`. Programs branch on `code`; people read `message` and `remedy`. */
export class ProtocolError extends Error {
  override readonly name: string = "ProtocolError";
  readonly code: ProtocolErrorCode;
  /** What the caller can do about it. */
  readonly remedy: string;

  constructor({ code, message, remedy }: { code: ProtocolErrorCode; message: string; remedy: string }) {
    super(`${message}. ${remedy}.`);
    this.code = code;
    this.remedy = remedy;
  }
}

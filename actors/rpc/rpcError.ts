import { MempoolError, type MempoolRefusal } from "../sequencer/mempool.ts";
import { isActorError } from "../support/actorError.ts";

/** Why a node refuses a request, or why its answer cannot be used. A refusal of its mempool keeps its code. */
export type RpcErrorCode =
  | MempoolRefusal
  | "UNKNOWN_PATH"
  | "METHOD_NOT_ALLOWED"
  | "HOST_REFUSED"
  | "NOT_JSON"
  | "BODY_TOO_LARGE"
  | "INPUT_INVALID"
  | "ACCOUNT_UNKNOWN"
  | "NO_MEMPOOL"
  | "STATE_UNAVAILABLE"
  | "INTERNAL"
  | "NODE_UNREACHABLE"
  | "NODE_ANSWER_INVALID";

/** A refusal as it travels. `message` and `remedy` are apart here, one sentence in {@link RpcError}. */
export interface Refusal {
  code: string;
  message: string;
  remedy: string;
}

/** A refusal of a node with its remedy. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  /** An {@link RpcErrorCode}, or one that a newer node knows. */
  readonly code: RpcErrorCode | (string & {});
  readonly remedy: string;

  constructor(code: RpcErrorCode | (string & {}), message: string, remedy: string, cause?: unknown) {
    super(`${message}; ${remedy}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
  }
}

/** The refusal in what a ledger threw; undefined for what is no refusal but a fault. */
export function refusalOf(error: unknown): Refusal | undefined {
  const known =
    error instanceof RpcError || error instanceof MempoolError || isActorError(error, "STATE_UNAVAILABLE");
  if (!known) return undefined;
  const { code, message, remedy } = error;
  return { code, message: message.slice(0, -`; ${remedy}`.length), remedy };
}

/** HTTP status of a refusal. */
export function statusOf(code: string): number {
  switch (code) {
    case "INPUT_INVALID":
    case "NOT_JSON":
      return 400;
    case "HOST_REFUSED":
      return 403;
    case "UNKNOWN_PATH":
    case "ACCOUNT_UNKNOWN":
    case "STATE_UNAVAILABLE":
      return 404;
    case "METHOD_NOT_ALLOWED":
      return 405;
    case "BODY_TOO_LARGE":
      return 413;
    case "INTERNAL":
      return 500;
    case "NO_MEMPOOL":
    case "POOL_FULL":
      return 503;
    default:
      return 422; // understood, and refused by the mempool
  }
}

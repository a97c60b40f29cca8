/** What goes wrong with a transaction on its way into an L1 block. */
import { ActorError, messageOf } from "../support/actorError.ts";
import type { ContractError } from "./contractErrors.ts";

/** A transaction was mined and reverted, or would revert if sent. */
export class RevertError extends ActorError {
  override readonly name = "RevertError";
  readonly contractError: ContractError | undefined;

  constructor(
    code: "TRANSACTION_REVERTED" | "TRANSACTION_REFUSED",
    purpose: string,
    error: ContractError | undefined,
    cause?: unknown,
  ) {
    const what = code === "TRANSACTION_REVERTED" ? "reverted" : "would revert";
    super(
      code,
      `${purpose} ${what}: ${error?.text ?? messageOf(cause ?? "no reason given")}`,
      "derive the state again and retry",
      cause,
    );
    this.contractError = error;
  }
}

/** Why a node does not take a transaction. */
export type Refusal = "underpriced" | "nonce" | "wrapper" | "funds" | "outbid" | "other";

/** Undefined for what is no refusal: the pool has it already, or nobody knows whether the message arrived. */
export function refusalOf(error: unknown): Refusal | undefined {
  const text = textOf(error);
  if (KNOWN.test(text)) return undefined;
  if (/less than (the )?block (blob )?(base|gas) ?fee|fee cap (too low|less)/i.test(text)) return "outbid";
  if (/underpriced|replacement/i.test(text)) return "underpriced";
  if (/nonce too low|nonce has already|nonce is too low|nonce expired/i.test(text)) return "nonce";
  if (/insufficient funds/i.test(text)) return "funds";
  if (
    /wrapper|sidecar|cell proof|rlp|decode|blob.*proof|EIP-?7594|unexpected list|Failed to decode/i.test(text)
  )
    return "wrapper";
  return isLost(error) ? undefined : "other";
}

/** Whether L1's server did not answer: the message may have arrived, or not. */
export function isLost(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  if (KNOWN.test(textOf(error))) return false;
  if (code === "TIMEOUT" || code === "NETWORK_ERROR" || code === "SERVER_ERROR") return true;
  return /ECONN|socket|fetch failed|timeout/i.test(textOf(error));
}

const KNOWN = /already known|already imported|known transaction/i;

function textOf(error: unknown): string {
  return `${messageOf(error)} ${JSON.stringify((error as { error?: unknown }).error ?? "")}`;
}

export function notAsked(purpose: string, cause: unknown): ActorError {
  return new ActorError(
    "L1_UNREACHABLE",
    `${purpose} was not sent: L1 does not answer (${messageOf(cause).slice(0, 200)})`,
    "try again",
    cause,
  );
}

export function notMined(purpose: string, reason: string): ActorError {
  return new ActorError(
    "TRANSACTION_NOT_MINED",
    `${purpose} was not mined: ${reason}`,
    "derive the state again and retry",
  );
}

export function overCeiling(purpose: string, what: string): ActorError {
  return new ActorError(
    "FEE_CEILING",
    `${purpose} was not sent, and nothing is lost: ${what}`,
    "wait for lower fees on L1, or raise the ceiling",
  );
}

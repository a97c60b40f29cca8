import { z } from "zod";

import { encodeTransaction, type Transaction } from "../../protocol/transaction.ts";
import { messageOf } from "../support/actorError.ts";
import { readText } from "../support/readBody.ts";
import {
  type AccountQuery,
  type AccountView,
  accountSchema,
  type FeeOffer,
  feeOfferSchema,
  keySchema,
  type LedgerApi,
  type LedgerStatus,
  ledgerStatusSchema,
  type MessageStatus,
  messageStatusSchema,
  refusalSchema,
  submissionSchema,
  submittedSchema,
  type TransactionStatus,
  transactionStatusSchema,
  type WithdrawalView,
  withdrawalsSchema,
} from "./ledgerApi.ts";
import { RpcError } from "./rpcError.ts";

/** Bytes of a node's longest answer. */
const MOST_BYTES = 2 ** 24;

/** Parameters of {@link RpcClient}. */
export interface RpcClientOptions {
  url: string;
  /** Milliseconds to wait for an answer. Default 10,000. */
  timeout?: number;
}

/**
 * The ledger as a node tells it through its JSON API.
 *
 * Every method throws RpcError: with the node's own code for a refusal; NODE_UNREACHABLE when no answer came, and then
 * nobody knows whether a transaction arrived; NODE_ANSWER_INVALID for an answer of another form.
 *
 * @example
 * const ledger = new RpcClient({ url: "http://127.0.0.1:8560" });
 * const { balance } = await ledger.account({ leaf: 3 });
 */
export class RpcClient implements LedgerApi {
  readonly #url: string;
  readonly #timeout: number;

  /** @throws RpcError NODE_UNREACHABLE for what is no HTTP address */
  constructor({ url, timeout = 10_000 }: RpcClientOptions) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new RpcError(
        "NODE_UNREACHABLE",
        `"${url}" is no HTTP address`,
        "give one such as http://127.0.0.1:8560",
      );
    }
    this.#url = url.replace(/\/$/, "");
    this.#timeout = timeout;
  }

  status(): Promise<LedgerStatus> {
    return this.#ask("/status", ledgerStatusSchema);
  }

  feeOffer(within: number): Promise<FeeOffer> {
    return this.#ask(`/fees/${within}`, feeOfferSchema);
  }

  account(query: AccountQuery): Promise<AccountView> {
    const path = "leaf" in query ? `/${query.leaf}` : `?key=${z.encode(keySchema, query.key)}`;
    return this.#ask(`/accounts${path}`, accountSchema);
  }

  async submit(transaction: Transaction): Promise<string> {
    const words: [bigint, bigint, bigint, bigint] = [...encodeTransaction(transaction)];
    const body = JSON.stringify(z.encode(submissionSchema, { words }));
    return (await this.#ask("/transactions", submittedSchema, body)).id;
  }

  transaction(id: string): Promise<TransactionStatus> {
    return this.#ask(`/transactions/${id}`, transactionStatusSchema);
  }

  message(index: number): Promise<MessageStatus> {
    return this.#ask(`/messages/${index}`, messageStatusSchema);
  }

  withdrawals(epoch: number): Promise<WithdrawalView[]> {
    return this.#ask(`/epochs/${epoch}/withdrawals`, withdrawalsSchema);
  }

  async #ask<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    body?: string,
  ): Promise<z.output<Schema>> {
    const { ok, value } = await this.#fetch(path, body);
    if (!ok) {
      const refusal = refusalSchema.safeParse(value);
      if (!refusal.success) throw this.#invalid(path);
      const { code, message, remedy } = refusal.data.error;
      throw new RpcError(code, message, remedy);
    }
    const answer = schema.safeParse(value);
    if (!answer.success) throw this.#invalid(path, z.prettifyError(answer.error));
    return answer.data;
  }

  async #fetch(path: string, body: string | undefined): Promise<{ ok: boolean; value: unknown }> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.#url}${path}`, {
        ...(body === undefined
          ? {}
          : { method: "POST", headers: { "content-type": "application/json" }, body }),
        redirect: "error",
        signal: AbortSignal.timeout(this.#timeout),
      });
      text = await readText(response, MOST_BYTES);
    } catch (error) {
      const reason = messageOf((error as { cause?: unknown }).cause ?? error);
      throw new RpcError(
        "NODE_UNREACHABLE",
        `no node answers at ${this.#url} (${reason})`,
        "start one (npm start -- --watch), or name its address with --node",
        error,
      );
    }
    try {
      return { ok: response.ok, value: JSON.parse(text) as unknown };
    } catch {
      throw this.#invalid(path);
    }
  }

  #invalid(path: string, detail = "it is no JSON of a node"): RpcError {
    return new RpcError(
      "NODE_ANSWER_INVALID",
      `${this.#url}${path.split("?")[0]} gave an unusable answer: ${detail}`,
      "check that a node of this release listens there",
    );
  }
}

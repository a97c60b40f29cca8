/**
 * A node's JSON API on this machine:
 *
 *     GET  /status                         tips, prices, pool, Inbox, L1 blocks
 *     GET  /fees/BLOCKS                    max fees to offer for inclusion within so many blocks
 *     GET  /accounts/LEAF                  one account; or /accounts?key=0x… (x and y, 64 bytes)
 *     GET  /transactions/ID                pooled, included, proven, skipped with its reason
 *     POST /transactions                   {"words": ["0x…", "0x…", "0x…", "0x…"]}, answers {"id"}
 *     GET  /messages/NUMBER                what became of a message from L1
 *     GET  /epochs/NUMBER/withdrawals      messages to L1 of a proven epoch, with Merkle paths
 *
 * A refusal is {"error": {"code", "message", "remedy"}} with a status of 400 or more. It listens on 127.0.0.1 only, and
 * answers only requests that name this machine as their host, so that no web page can reach it through a name of its
 * own; a POST must be application/json, which a page cannot send elsewhere without asking.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";

import { ProtocolError } from "../../protocol/errors.ts";
import { decodeTransaction, type TransactionWords } from "../../protocol/transaction.ts";
import { messageOf } from "../support/actorError.ts";
import { HttpService } from "../support/httpService.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import {
  accountSchema,
  feeOfferSchema,
  keySchema,
  leafSchema,
  type LedgerApi,
  ledgerStatusSchema,
  messageStatusSchema,
  submissionSchema,
  submittedSchema,
  transactionIdSchema,
  transactionStatusSchema,
  wholeSchema,
  withdrawalsSchema,
  withinSchema,
} from "./ledgerApi.ts";
import { refusalOf, RpcError, statusOf } from "./rpcError.ts";
import type { RpcExtension } from "./rpcExtension.ts";

/** Parameters of {@link RpcServer}. */
export interface RpcServerOptions {
  ledger: LedgerApi;
  /** 0: any free one. */
  port: number;
  logger: Logger;
  /** Resources of other parts of the process. */
  extensions?: readonly RpcExtension[];
  /** Most bytes of a request's body. Default 4,096; a transaction has about 300. */
  bodyLimit?: number;
}

const HOST = "127.0.0.1";
export class RpcServer implements Service {
  readonly #options: RpcServerOptions;
  readonly #http: HttpService;

  constructor(options: RpcServerOptions) {
    this.#options = options;
    const { port, logger } = options;
    this.#http = new HttpService({
      name: "the node's API",
      host: HOST,
      port,
      logger,
      handle: (request, response) => this.#handle(request, response),
    });
  }

  /** Where it listens; undefined while it does not. */
  get url(): string | undefined {
    return this.#http.url;
  }

  /** @throws ActorError PORT_TAKEN */
  async start(): Promise<void> {
    if (this.url !== undefined) return;
    await this.#http.start();
    this.#options.logger.info({ url: this.url }, "the node answers");
  }

  /** Takes no more requests, and lets those under way end. */
  stop(): Promise<void> {
    return this.#http.stop();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      checkHost(request);
      answer(response, 200, await this.#route(request));
    } catch (error) {
      const refusal = refusalOf(error);
      if (!refusal)
        this.#options.logger.error({ url: request.url, error: messageOf(error) }, "a request failed");
      const shown = refusal ?? { code: "INTERNAL", message: "the node failed", remedy: "see its log" };
      // What is left of a body that was refused is in the way of the connection's next request.
      response.setHeader("connection", "close");
      request.resume();
      answer(response, statusOf(shown.code), { error: shown });
    }
  }

  async #route(request: IncomingMessage): Promise<unknown> {
    const { ledger } = this.#options;
    const url = targetOf(request);
    const [resource, argument, part, ...rest] = url.pathname.split("/").slice(1);
    const path = `${resource}${argument === undefined ? "" : "/*"}${part === undefined ? "" : `/${part}`}`;
    if (rest.length > 0) throw unknownPath(url);

    switch (path) {
      case "status":
        allow(request, "GET");
        return z.encode(ledgerStatusSchema, await ledger.status());
      case "fees/*": {
        allow(request, "GET");
        const within = parse("blocks", withinSchema, argument);
        return z.encode(feeOfferSchema, await ledger.feeOffer(within));
      }
      case "accounts": {
        allow(request, "GET");
        const key = parse("key", keySchema, url.searchParams.get("key"));
        return z.encode(accountSchema, await ledger.account({ key }));
      }
      case "accounts/*": {
        allow(request, "GET");
        const leaf = parse("leaf", leafSchema, argument);
        return z.encode(accountSchema, await ledger.account({ leaf }));
      }
      case "transactions": {
        allow(request, "POST");
        const { words } = parse("body", submissionSchema, await this.#readBody(request));
        return z.encode(submittedSchema, { id: await ledger.submit(transactionOf(words)) });
      }
      case "transactions/*": {
        allow(request, "GET");
        const id = parse("id", transactionIdSchema, argument?.toLowerCase());
        return z.encode(transactionStatusSchema, await ledger.transaction(id));
      }
      case "messages/*": {
        allow(request, "GET");
        const index = parse("number", wholeSchema, argument);
        return z.encode(messageStatusSchema, await ledger.message(index));
      }
      case "epochs/*/withdrawals": {
        allow(request, "GET");
        const epoch = parse("epoch", wholeSchema, argument);
        return z.encode(withdrawalsSchema, await ledger.withdrawals(epoch));
      }
      default: {
        const extension = this.#options.extensions?.find((candidate) => candidate.resource === resource);
        if (!extension || part !== undefined) throw unknownPath(url);
        if (argument !== undefined) allow(request, "GET");
        return request.method === "POST"
          ? extension.post(await this.#readBody(request))
          : (allow(request, "GET"), extension.get(argument));
      }
    }
  }

  async #readBody(request: IncomingMessage): Promise<unknown> {
    const { bodyLimit = 4_096 } = this.#options;
    const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
    if (type !== "application/json") {
      throw new RpcError("NOT_JSON", `the body is ${type ?? "of no type"}`, "send application/json");
    }
    const tooLarge = new RpcError(
      "BODY_TOO_LARGE",
      `the body has more than ${bodyLimit} bytes`,
      "send one transaction",
    );
    if (Number(request.headers["content-length"] ?? 0) > bodyLimit) throw tooLarge;
    const chunks: Buffer[] = [];
    let size = 0;
    // The stream stays open behind a refusal: its answer would not arrive through a connection cut short.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length;
      if (size > bodyLimit) throw tooLarge;
      chunks.push(chunk as Buffer);
    }
    try {
      return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
    } catch {
      throw new RpcError("NOT_JSON", "the body is not JSON", "send an object with four words");
    }
  }
}

/** A page in a browser can make a name of its own point to this machine; then the name stands in `Host`. */
function checkHost({ headers: { host } }: IncomingMessage): void {
  if (host !== undefined && /^(127\.0\.0\.1|localhost)(:\d+)?$/i.test(host)) return;
  throw new RpcError("HOST_REFUSED", `this node does not answer as "${host ?? ""}"`, "ask it as 127.0.0.1");
}

function targetOf({ url = "/" }: IncomingMessage): URL {
  if (URL.canParse(url, `http://${HOST}`)) return new URL(url, `http://${HOST}`);
  throw new RpcError(
    "INPUT_INVALID",
    `the path "${url.slice(0, 80)}" is none`,
    "see docs/ledger.md for what there is",
  );
}

function allow(request: IncomingMessage, method: string): void {
  if (request.method === method) return;
  throw new RpcError("METHOD_NOT_ALLOWED", `${request.method} is not possible here`, `use ${method}`);
}

function parse<Schema extends z.ZodType>(name: string, schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const at = [name, ...(issue?.path ?? [])].join(".");
  throw new RpcError(
    "INPUT_INVALID",
    `${at}: ${issue?.message ?? "invalid"}`,
    "see docs/ledger.md for its form",
  );
}

function transactionOf(words: TransactionWords): ReturnType<typeof decodeTransaction> {
  try {
    return decodeTransaction(words);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new RpcError("ENCODING", error.message.replace(/\.$/, ""), "encode it by the rules");
  }
}

function unknownPath({ pathname }: URL): RpcError {
  return new RpcError(
    "UNKNOWN_PATH",
    `there is no ${pathname.slice(0, 80)}`,
    "see docs/ledger.md for what there is",
  );
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(text);
}

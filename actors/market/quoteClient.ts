/** Quotes of a node, asked for through its API. */
import { z } from "zod";

import type { SignedQuote } from "../../protocol/quote.ts";
import { RpcError } from "../rpc/rpcError.ts";
import { readText } from "../support/readBody.ts";
import { quoteFromJson, quoteSchema, quoteToJson } from "./quoteApi.ts";

/** Bytes of a node's longest answer. */
const MOST_BYTES = 2 ** 22;

const refusalSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string() }),
});

/** Hands a quote to a node. @throws RpcError with the node's code, NODE_UNREACHABLE, NODE_ANSWER_INVALID */
export async function postQuote(node: string, signed: SignedQuote): Promise<void> {
  await ask(`${node}/quotes`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(quoteToJson(signed)),
  });
}

/** A node's valid quotes of an epoch, cheapest first. @throws RpcError */
export async function fetchQuotes(node: string, epoch: number): Promise<SignedQuote[]> {
  const answer = z.object({ quotes: z.array(quoteSchema) }).safeParse(await ask(`${node}/quotes/${epoch}`));
  if (answer.success) return answer.data.quotes.map(quoteFromJson);
  throw new RpcError("NODE_ANSWER_INVALID", `${node} answers with no quotes`, "ask a node of this version");
}

async function ask(url: string, request: RequestInit = {}): Promise<unknown> {
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(url, { ...request, signal: AbortSignal.timeout(10_000) });
    answer = JSON.parse(await readText(response, MOST_BYTES));
  } catch (error) {
    throw new RpcError("NODE_UNREACHABLE", `no node answers at ${url}`, "start one, or name another", error);
  }
  if (response.ok) return answer;
  const refusal = refusalSchema.safeParse(answer);
  if (!refusal.success) {
    throw new RpcError(
      "NODE_ANSWER_INVALID",
      `${url} answers with status ${response.status}`,
      "ask a node of this version",
    );
  }
  const { code, message, remedy } = refusal.data.error;
  throw new RpcError(code, message, remedy);
}

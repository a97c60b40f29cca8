/**
 * HTTP for ethers with bounds: an answer has so many milliseconds from the first byte sent to the last one received,
 * and so many bytes. ethers' own waits as long as something trickles in, and keeps the sockets it has given up.
 */
import { type FetchRequest, type GetUrlResponse, makeError } from "ethers";

import { messageOf } from "../support/actorError.ts";
import { readBody } from "../support/readBody.ts";

/** Bytes of an L1 server's longest answer. */
const MOST_BYTES = 2 ** 27;

/** Seconds that a question waits for a server that limits the rate, before it asks again. */
const LONGEST_PAUSE = 5;

/** For `FetchRequest.getUrlFunc`. @throws Error of ethers with the code TIMEOUT or NETWORK_ERROR */
export async function boundedGetUrl(request: FetchRequest): Promise<GetUrlResponse> {
  const { body } = request;
  const { url, headers } = withoutCredentials(request.url, request.headers);
  try {
    const response = await fetch(url, {
      method: request.method,
      headers,
      // A copy: what ethers gives may be a view of a longer memory.
      ...(body === null ? {} : { body: new Uint8Array(body) }),
      redirect: "manual",
      signal: AbortSignal.timeout(request.timeout),
    });
    const answer = await readBody(response, MOST_BYTES);
    return {
      statusCode: response.status,
      statusMessage: response.statusText,
      headers: headersOf(response),
      body: new Uint8Array(answer),
    };
  } catch (error) {
    if (error instanceof Error && error.name === "TimeoutError") {
      throw makeError("request timeout", "TIMEOUT", {
        operation: "request.send",
        reason: "timeout",
        request,
      });
    }
    throw makeError(`no answer: ${reasonOf(error)}`, "NETWORK_ERROR", { event: "request" });
  }
}

/** `fetch` takes no name and password in an address. */
function withoutCredentials(
  address: string,
  given: Record<string, string>,
): { url: URL; headers: Record<string, string> } {
  const url = new URL(address);
  // Their length is that of the body sent, which `fetch` counts itself.
  const { "content-length": _counted, ...headers } = given;
  if (url.username === "" && url.password === "") return { url, headers };
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = url.password = "";
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  return { url, headers: { ...headers, authorization } };
}

/**
 * Without those that belong to what `fetch` has unpacked already. A server that limits the rate says in seconds how long it
 * wants to be left alone, which ethers reads as milliseconds: it would use up its tries at once.
 */
function headersOf(response: Response): Record<string, string> {
  const headers = Object.fromEntries(response.headers);
  delete headers["content-encoding"];
  const seconds = Number(headers["retry-after"]);
  if (seconds > 0) headers["retry-after"] = String(1_000 * Math.min(Math.ceil(seconds), LONGEST_PAUSE));
  return headers;
}

/** What `fetch` wraps is the reason. Of a name with several addresses it has one for each, and only a code for all. */
function reasonOf(error: unknown): string {
  const cause = error instanceof TypeError && error.cause !== undefined ? error.cause : error;
  return messageOf(cause) || String((cause as { code?: unknown }).code);
}

import { FetchRequest, type JsonRpcProvider, Network } from "ethers";

import { ActorError, messageOf } from "../support/actorError.ts";
import { withoutSecrets } from "../support/secrets.ts";
import { boundedGetUrl } from "./httpRequest.ts";
import { L1Provider } from "./l1Provider.ts";

/** A block header as the actors need it. */
export interface L1Head {
  number: number;
  hash: string;
  parentHash: string;
  /** Seconds since 1970. */
  timestamp: number;
}

/** Milliseconds for an answer to be there as a whole. */
const TIMEOUT = 30_000;

/**
 * A JSON-RPC provider without caches, so that every answer is the chain's present state. It gives up an answer that takes
 * too long, and asks for logs in ranges that the server takes.
 * @throws ActorError CHAIN_MISMATCH when the endpoint serves another chain, L1_UNREACHABLE when none answers
 */
export async function connectL1({
  url,
  chainId,
  timeout = TIMEOUT,
}: {
  url: string;
  chainId: number;
  /** Milliseconds. Default 30,000. */
  timeout?: number;
}): Promise<JsonRpcProvider> {
  const request = new FetchRequest(url);
  request.timeout = timeout;
  request.getUrlFunc = boundedGetUrl;
  const network = Network.from(chainId);
  const provider = new L1Provider(request, network, {
    staticNetwork: network,
    cacheTimeout: -1,
    batchMaxCount: 1,
  });
  const actual = await provider.send("eth_chainId", []).then(Number, (error: unknown) => {
    provider.destroy();
    throw new ActorError(
      "L1_UNREACHABLE",
      withoutSecrets(`no L1 answers at ${url}: ${messageOf(error)}`),
      "start one, or name its address with --rpc",
      error,
    );
  });
  if (actual !== chainId) {
    provider.destroy();
    throw new ActorError(
      "CHAIN_MISMATCH",
      `${withoutSecrets(url)} serves chain ${actual}, not ${chainId}`,
      "check the RPC address",
    );
  }
  return provider;
}

/** The newest head, or the head at a height; undefined when there is none. */
export async function readHead(
  provider: JsonRpcProvider,
  at: number | "latest" = "latest",
): Promise<L1Head | undefined> {
  const tag = at === "latest" ? at : `0x${at.toString(16)}`;
  const block = (await provider.send("eth_getBlockByNumber", [tag, false])) as Record<string, string> | null;
  if (block === null) return undefined;
  return {
    number: Number(block["number"]),
    hash: block["hash"]!,
    parentHash: block["parentHash"]!,
    timestamp: Number(block["timestamp"]),
  };
}

import { FetchRequest, JsonRpcProvider, Network } from "ethers";

import { ActorError } from "../support/actorError.ts";

/** A block header as the actors need it. */
export interface L1Head {
  number: number;
  hash: string;
  parentHash: string;
  /** Seconds since 1970. */
  timestamp: number;
}

/**
 * A JSON-RPC provider without caches, so that every answer is the chain's present state.
 * @throws ActorError CHAIN_MISMATCH when the endpoint serves another chain
 */
export async function connectL1({
  url,
  chainId,
}: {
  url: string;
  chainId: number;
}): Promise<JsonRpcProvider> {
  const request = new FetchRequest(url);
  request.timeout = 30_000;
  const network = Network.from(chainId);
  const provider = new JsonRpcProvider(request, network, {
    staticNetwork: network,
    cacheTimeout: -1,
    batchMaxCount: 1,
  });
  const actual = Number(BigInt((await provider.send("eth_chainId", [])) as string));
  if (actual !== chainId) {
    provider.destroy();
    throw new ActorError(
      "CHAIN_MISMATCH",
      `${url} serves chain ${actual}, not ${chainId}`,
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

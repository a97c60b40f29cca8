/**
 * A process's gossip over HTTP, for its operator:
 *
 *     GET  /p2p    {"id", "addresses", "peers": [{"id", "connected", "score", "shunned", "dropped"}], "messages": {SUBJECT: {OUTCOME: n}}}
 */
import { RpcError } from "../rpc/rpcError.ts";
import type { RpcExtension } from "../rpc/rpcExtension.ts";
import type { Libp2pGossip } from "./libp2pGossip.ts";

/** The handler that a process's API server takes. */
export function gossipApi(gossip: Pick<Libp2pGossip, "status" | "scores">): RpcExtension {
  return {
    resource: "p2p",
    get() {
      const { peers, ...status } = gossip.status();
      const scores = gossip.scores();
      const faultless = { score: 0, shunned: false, dropped: {} };
      const shown = new Set([...peers, ...scores.keys()]);
      return Promise.resolve({
        ...status,
        peers: [...shown].map((id) => ({
          id,
          connected: peers.includes(id),
          ...(scores.get(id) ?? faultless),
        })),
      });
    },
    post: () => Promise.reject(new RpcError("METHOD_NOT_ALLOWED", "POST is not possible here", "use GET")),
  };
}

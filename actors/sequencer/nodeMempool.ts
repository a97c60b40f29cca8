import { truncatedToField } from "../../protocol/hash.ts";
import { nextPrices } from "../node/nextPrices.ts";
import type { Node } from "../node/node.ts";
import { Mempool, type MempoolOptions } from "./mempool.ts";

/** The mempool of a node's ledger: room for 64 full blocks, judged by the pending tip and its next block's prices. */
export function nodeMempool(
  node: Node,
  rules: Pick<MempoolOptions, "verifySignature" | "refuseSenders">,
): Mempool {
  const { parameters } = node;
  return new Mempool({
    capacity: 64 * parameters.sizes.transactions,
    nonceWindow: 64,
    domain: truncatedToField(parameters.genesisHash),
    view: () => ({
      state: node.chain.tip.state,
      prices: nextPrices(parameters, node.chain.tip.record),
    }),
    ...rules,
  });
}

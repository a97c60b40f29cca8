import { readL1Fees } from "../l1/fees.ts";
import type { MarketDeployment } from "../market/marketContract.ts";
import { QuoteBoard } from "../market/quoteBoard.ts";
import { NodeLedger } from "../rpc/nodeLedger.ts";
import { RpcServer } from "../rpc/rpcServer.ts";
import type { Service } from "../support/service.ts";
import { ActorProcess } from "./actorProcess.ts";
import { FollowedRollup, type FollowOptions } from "./followedRollup.ts";

/** Parameters of {@link openNodeProcess}. */
export interface NodeProcessOptions extends FollowOptions {
  /** Port of the JSON API; 0 takes a free one. */
  port: number;
  /** Keeps quotes of the deployment's proof market for others. Default: it keeps none. */
  market?: MarketDeployment;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
}

/** A node that others can ask: it follows the rollup and takes no transactions. @throws see {@link FollowedRollup.open} */
export async function openNodeProcess(
  options: NodeProcessOptions,
): Promise<{ service: Service; followed: FollowedRollup; api: RpcServer }> {
  const { port, market, l1BlockTime, logger } = options;
  const followed = await FollowedRollup.open(options);
  try {
    const { node, heads, provider } = followed;
    const ledger = new NodeLedger({
      node,
      l1Head: () => heads.head?.number,
      l1Fees: () => readL1Fees(provider),
    });
    const board =
      market && (await QuoteBoard.open({ provider, deployment: market, node, heads, l1BlockTime, logger }));
    const api = new RpcServer({ ledger, port, logger, extensions: board ? [board.api] : [] });
    return { followed, api, service: new ActorProcess([followed, ...(board ? [board] : []), api]) };
  } catch (error) {
    await followed.stop();
    throw error;
  }
}

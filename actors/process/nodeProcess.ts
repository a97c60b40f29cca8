import { readL1Fees } from "../l1/fees.ts";
import { NodeLedger } from "../rpc/nodeLedger.ts";
import { RpcServer } from "../rpc/rpcServer.ts";
import type { Service } from "../support/service.ts";
import { ActorProcess } from "./actorProcess.ts";
import { FollowedRollup, type FollowOptions } from "./followedRollup.ts";

/** Parameters of {@link openNodeProcess}. */
export interface NodeProcessOptions extends FollowOptions {
  /** Port of the JSON API; 0 takes a free one. */
  port: number;
}

/** A node that others can ask: it follows the rollup and takes no transactions. @throws see {@link FollowedRollup.open} */
export async function openNodeProcess(
  options: NodeProcessOptions,
): Promise<{ service: Service; followed: FollowedRollup }> {
  const { port, logger } = options;
  const followed = await FollowedRollup.open(options);
  const { node, heads } = followed;
  const ledger = new NodeLedger({
    node,
    l1Head: () => heads.head?.number,
    l1Fees: () => readL1Fees(followed.provider),
  });
  return { followed, service: new ActorProcess([followed, new RpcServer({ ledger, port, logger })]) };
}

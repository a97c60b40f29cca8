import type { RpcServer } from "../rpc/rpcServer.ts";
import type { Service } from "../support/service.ts";
import { ActorProcess } from "./actorProcess.ts";
import { monitorOf } from "./monitor.ts";
import { FollowedRollup, type FollowOptions } from "./followedRollup.ts";
import { openProcessGossip, type P2pOptions } from "./processGossip.ts";
import { openServing, type ServingOptions } from "./serving.ts";

/** Parameters of {@link openNodeProcess}. */
export interface NodeProcessOptions extends FollowOptions, ServingOptions {
  /** Takes transactions and hands them, and quotes, to other processes. Default: it takes none. */
  p2p?: P2pOptions | undefined;
}

/**
 * A node that others can ask: it follows the rollup.
 * @throws see {@link FollowedRollup.open}; `openProcessGossip`
 */
export async function openNodeProcess(
  options: NodeProcessOptions,
): Promise<{ service: Service; followed: FollowedRollup; api: RpcServer }> {
  const { p2p } = options;
  const followed = await FollowedRollup.open(options);
  try {
    const gossip = p2p && (await openProcessGossip(followed, { ...options, p2p }));
    const serving = await openServing(followed, options, {
      gossip,
      takesTransactions: gossip !== undefined,
    });
    const monitor = monitorOf({ ...options, followed });
    const services = [...monitor, followed, ...(gossip?.services ?? []), ...serving.services];
    return { followed, api: serving.api, service: new ActorProcess(services) };
  } catch (error) {
    await followed.stop();
    throw error;
  }
}

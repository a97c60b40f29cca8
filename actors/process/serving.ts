/** What a process that answers users has besides its node: the API, a mempool and a board of quotes behind it. */
import { feesAtHead } from "../l1/feesAtHead.ts";
import type { MarketDeployment } from "../market/marketContract.ts";
import { QuoteBoard } from "../market/quoteBoard.ts";
import { topicsOf } from "../p2p/topics.ts";
import { NodeLedger } from "../rpc/nodeLedger.ts";
import { RpcServer } from "../rpc/rpcServer.ts";
import type { Mempool } from "../sequencer/mempool.ts";
import { nodeMempool } from "../sequencer/nodeMempool.ts";
import { TransactionGossip } from "../sequencer/transactionGossip.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import type { FollowedRollup } from "./followedRollup.ts";
import type { ProcessGossip } from "./processGossip.ts";

/** How a process serves users. */
export interface ServingOptions {
  /** Port of the JSON API; 0 takes a free one. */
  port: number;
  /** Keeps quotes of the deployment's proof market for others. Default: it keeps none. */
  market?: MarketDeployment | undefined;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
  logger: Logger;
}

/** An API with what stands behind it. */
export interface Serving {
  api: RpcServer;
  /** Undefined where no transactions are taken. */
  mempool: Mempool | undefined;
  /** In the order in which they need each other, the API last. */
  services: Service[];
}

/** The API of a process, and of what it exchanges with others when it is in the gossip. */
export async function openServing(
  followed: FollowedRollup,
  { port, market, l1BlockTime, logger }: ServingOptions,
  { gossip, takesTransactions }: { gossip: ProcessGossip | undefined; takesTransactions: boolean },
): Promise<Serving> {
  const { node, heads, provider, verifySignature } = followed;
  const mempool = takesTransactions ? nodeMempool(node, { verifySignature }) : undefined;
  const transactions =
    mempool && gossip
      ? new TransactionGossip({
          gossip: gossip.gossip,
          topic: topicsOf(node.parameters).transactions,
          mempool,
        })
      : undefined;
  const ledger = new NodeLedger({
    node,
    ...(mempool ? { mempool } : {}),
    ...(transactions ? { onSubmitted: (transaction) => transactions.send(transaction) } : {}),
    l1Head: () => heads.head?.number,
    l1Fees: feesAtHead({ provider, heads }),
  });
  const board =
    market &&
    (await QuoteBoard.open({
      provider,
      deployment: market,
      node,
      heads,
      gossip: gossip?.gossip,
      l1BlockTime,
      logger,
    }));
  const extensions = [...(board ? [board.api] : []), ...(gossip ? [gossip.api] : [])];
  const api = new RpcServer({ ledger, port, logger, extensions });
  const services = [transactions, board, api].filter((service) => service !== undefined);
  return { api, mempool, services };
}

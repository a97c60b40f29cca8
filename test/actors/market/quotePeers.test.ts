import { expect } from "chai";

import { QuotePeers } from "../../../actors/market/quotePeers.ts";
import type { QuotePool } from "../../../actors/market/quotePool.ts";
import { RpcServer } from "../../../actors/rpc/rpcServer.ts";
import { type Logger, silentLogger } from "../../../actors/support/logger.ts";
import { quoteApi } from "../../../actors/market/quoteApi.ts";

describe("Nodes that quotes are exchanged with", () => {
  it("are named once when they stop answering, and when they answer again", async () => {
    const said: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      info: (_fields, message) => void said.push(message),
      warn: (_fields, message) => void said.push(message),
      child: () => logger,
    };
    const pool = { quotes: () => [], add: () => Promise.resolve({ added: true }) } as unknown as QuotePool;
    const extensions = [quoteApi({ pool })];
    const serve = async (port: number): Promise<RpcServer> => {
      const server = new RpcServer({ ledger: {} as never, port, logger: silentLogger, extensions });
      await server.start();
      return server;
    };
    const first = await serve(0);
    const url = first.url!;
    const peers = new QuotePeers({ nodes: [url], pool, logger });
    await peers.pull(1);
    await first.stop();
    for (let i = 0; i < 3; i++) await peers.pull(1);
    const second = await serve(Number(new URL(url).port));
    for (let i = 0; i < 3; i++) await peers.pull(1);
    await second.stop();
    expect(said).to.deep.equal(["quotes are not exchanged", "quotes are exchanged again"]);
  });
});

import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { JsonRpcProvider, Log } from "ethers";
import { expect } from "chai";

import { connectL1, type L1Head } from "../../../actors/l1/provider.ts";
import { readLogs } from "../../../actors/l1/readLogs.ts";
import { refusalOf } from "../../../actors/l1/sendErrors.ts";
import { ActorError, isActorError, messageOf } from "../../../actors/support/actorError.ts";
import { sleep } from "../../../actors/support/sleep.ts";

const HEAD = 10_000;

interface Question {
  id: number;
  method: string;
  params: [{ fromBlock: string; toBlock: string; blockHash?: string }];
}
type Answer = { result: unknown } | { error: { code: number; message: string } };

/** A log in each of these blocks. */
const FULL = [1, 700, 2_500, 2_501, 9_999, HEAD];

function logsOf({ fromBlock, toBlock }: Omit<Question["params"][0], "blockHash">): unknown[] {
  return FULL.filter((number) => number >= Number(fromBlock) && number <= Number(toBlock)).map((number) => ({
    address: `0x${"aa".repeat(20)}`,
    blockHash: `0x${String(number).padStart(64, "0")}`,
    blockNumber: `0x${number.toString(16)}`,
    data: "0x",
    logIndex: "0x0",
    topics: [],
    transactionHash: `0x${"11".repeat(32)}`,
    transactionIndex: "0x0",
    removed: false,
  }));
}

describe("Connection to an L1 server", () => {
  let server: Server;
  let provider: JsonRpcProvider | undefined;
  let asked: Question[];
  /** How the server treats a question about logs. */
  let logs: (question: Question) => Answer;
  let respond: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  let sockets: number;

  beforeEach(async () => {
    asked = [];
    sockets = 0;
    respond = undefined;
    logs = ({ params: [filter] }) => ({ result: logsOf(filter) });
    server = createServer((request, response) => {
      if (respond) return respond(request, response);
      void answer(request, response);
    });
    server.on("connection", (socket) => {
      sockets++;
      socket.on("close", () => sockets--);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  afterEach(async () => {
    provider?.destroy();
    provider = undefined;
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const question = JSON.parse(text) as Question;
    const { id, method } = question;
    if (method === "eth_getLogs") asked.push(question);
    const answers: Record<string, () => Answer> = {
      eth_chainId: () => ({ result: "0x1" }),
      eth_blockNumber: () => ({ result: `0x${HEAD.toString(16)}` }),
      eth_getLogs: () => logs(question),
    };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ jsonrpc: "2.0", id, ...answers[method]!() }));
  }

  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connect = async (timeout?: number): Promise<JsonRpcProvider> =>
    (provider = await connectL1({ url: url(), chainId: 1, ...(timeout === undefined ? {} : { timeout }) }));
  const numbers = async (from: number, to?: number): Promise<number[]> => {
    const range = to === undefined ? { fromBlock: from } : { fromBlock: from, toBlock: to };
    return (await provider!.getLogs(range)).map(({ blockNumber }) => blockNumber);
  };
  const width = ({ params: [{ fromBlock, toBlock }] }: Question): number =>
    Number(toBlock) - Number(fromBlock) + 1;

  /** But for one that may be used again. */
  async function expectSocketsClosed(): Promise<void> {
    for (let waits = 0; sockets > 1 && waits < 60; waits++) await sleep(50);
    expect(sockets).to.be.lessThan(2);
  }

  for (const message of [
    "query exceeds max block range 500",
    "eth_getLogs is limited to a 500 range",
    "Under the Free tier plan, you can make eth_getLogs requests with up to a 500 block range",
    "query returned more than 10000 results. Try with this block range [0x1, 0x2]",
    "Log response size exceeded",
    "ranges over 500 blocks are not supported on freetier",
  ]) {
    it(`asks in parts for logs of which it says "${message}"`, async () => {
      await connect();
      logs = (question) =>
        width(question) > 500 ? { error: { code: -32005, message } } : { result: logsOf(question.params[0]) };
      expect(await numbers(1, HEAD)).to.deep.equal(FULL);
      // What it takes is known by then.
      const refused = asked.filter((question) => width(question) > 500).length;
      expect(await numbers(1)).to.deep.equal(FULL);
      expect(asked.filter((question) => width(question) > 500)).to.have.length(refused);
    });
  }

  it("tries wider ranges again, since a limit may be of what the blocks hold", async () => {
    await connect();
    const most = (from: number): number => (from < 1_000 ? 10 : HEAD);
    logs = (question) =>
      width(question) > most(Number(question.params[0].fromBlock))
        ? { error: { code: -32005, message: "query returned more than 10000 results" } }
        : { result: logsOf(question.params[0]) };
    expect(await numbers(1, HEAD)).to.deep.equal(FULL);
    expect(asked.length).to.be.lessThan(400);
  });

  for (const message of [
    "daily request count exceeded, request rate limited",
    "Your app has exceeded its compute units per second capacity",
    "block range extends beyond current head block",
    "invalid params",
  ]) {
    it(`does not ask in parts when it says "${message}"`, async () => {
      await connect();
      logs = () => ({ error: { code: -32005, message } });
      const error = await numbers(1, HEAD).catch(messageOf);
      expect(error).to.include(message);
      expect(asked).to.have.length(1);
    });
  }

  it("is refused by a server that does not have the newest block yet, instead of told that it has no logs", async () => {
    const l1 = await connect();
    // A head that another server behind the same address has shown.
    const head = HEAD + 1;
    const readBlock = (number: number): Promise<L1Head> =>
      Promise.resolve({
        number,
        hash: `0x${String(number).padStart(64, "0")}`,
        parentHash: "0x",
        timestamp: 0,
      });
    logs = ({ params: [{ blockHash, ...range }] }) => {
      if (blockHash === undefined) return { result: logsOf(range) };
      const number = `0x${BigInt(Number(blockHash.slice(2))).toString(16)}`;
      if (Number(number) > HEAD) return { error: { code: -32000, message: "unknown block" } };
      return { result: logsOf({ fromBlock: number, toBlock: number }) };
    };
    const read = (to: number): Promise<Log[]> =>
      readLogs({ provider: l1, address: `0x${"aa".repeat(20)}`, from: 2_400, to, head, readBlock });
    const blocks = (await read(HEAD)).map(({ blockNumber }) => blockNumber);
    expect(blocks).to.deep.equal([2_500, 2_501, 9_999, HEAD]);
    expect(await read(head).catch(messageOf)).to.include("unknown block");
  });

  it("gives up an answer that trickles in for ever, and keeps no socket of it", async () => {
    const l1 = await connect(300);
    respond = (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const timer = setInterval(() => response.write(" "), 50);
      response.on("close", () => clearInterval(timer));
    };
    const began = performance.now();
    const failures = await Promise.all([1, 2, 3].map(() => l1.send("eth_blockNumber", []).catch(messageOf)));
    for (const failure of failures) expect(failure).to.match(/timeout/);
    expect(performance.now() - began).to.be.lessThan(2_000);
    await expectSocketsClosed();
  });

  it("gives up a server that takes a question and says nothing", async () => {
    const l1 = await connect(300);
    respond = () => undefined;
    expect(await l1.send("eth_blockNumber", []).catch(messageOf)).to.match(/timeout/);
    await expectSocketsClosed();
  });

  it("does not know whether a question arrived when the connection ends before its answer", async () => {
    const l1 = await connect();
    respond = (request) => request.socket.destroy();
    const error: unknown = await l1.send("eth_sendRawTransaction", ["0x"]).catch((thrown: unknown) => thrown);
    expect(messageOf(error)).to.match(/^no answer: /);
    expect(refusalOf(error)).to.equal(undefined);
  });

  it("leaves a server that limits the rate alone for as long as it says", async () => {
    const l1 = await connect();
    let refused = 0;
    const began = performance.now();
    respond = (request, response) => {
      if (performance.now() - began > 900) return void answer(request, response);
      refused++;
      response.writeHead(429, { "retry-after": "1" }).end("slow down");
    };
    expect(await l1.getBlockNumber()).to.equal(HEAD);
    expect(refused).to.equal(1);
  });

  it("takes an address with a name and a password", async () => {
    let authorization: string | undefined;
    server.prependListener("request", ({ headers }: IncomingMessage) => {
      authorization = headers.authorization;
    });
    provider = await connectL1({ url: url().replace("//", "//me:p%40ss@"), chainId: 1 });
    expect(authorization).to.equal(`Basic ${Buffer.from("me:p@ss").toString("base64")}`);
  });

  it("says in one sentence when nobody answers, without the key in the address", async () => {
    const address = url();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
    const error: unknown = await connectL1({ url: `${address}/v3/0123456789abcdef`, chainId: 1 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(isActorError(error, "L1_UNREACHABLE")).to.equal(true);
    expect(messageOf(error)).to.match(
      /^no L1 answers at [^ ]+\/v3\/…: no answer: .*ECONNREFUSED.*; start one/,
    );
  });

  it("does not show the key in an address of another chain's server", async () => {
    const error: unknown = await connectL1({ url: `${url()}/v3/0123456789abcdef0123`, chainId: 2 }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(ActorError);
    expect(messageOf(error)).to.include(`${url()}/v3/…`).and.not.include("0123456789abcdef");
  });
});

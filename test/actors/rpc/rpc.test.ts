import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";

import { forceTransaction, type Message } from "../../../protocol/message.ts";
import { schnorrVerify } from "../../../protocol/schnorr.ts";
import { signTransaction, type Transaction, type TransactionBody } from "../../../protocol/transaction.ts";
import type { ChainPoint } from "../../../actors/node/chainState.ts";
import { Node } from "../../../actors/node/node.ts";
import { NodeLedger } from "../../../actors/rpc/nodeLedger.ts";
import { RpcClient } from "../../../actors/rpc/rpcClient.ts";
import { RpcError } from "../../../actors/rpc/rpcError.ts";
import { RpcServer } from "../../../actors/rpc/rpcServer.ts";
import { Mempool } from "../../../actors/sequencer/mempool.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { depositsOf, DOMAIN, FakeL1, keyPair, PRICES } from "../support/fakeL1.ts";

interface Answer {
  status: number;
  body: { error?: { code: string; message: string; remedy: string } };
}

describe("A node's JSON API", () => {
  let l1: FakeL1;
  let node: Node;
  let mempool: Mempool;
  let ledger: NodeLedger;
  let server: RpcServer;
  let client: RpcClient;
  let inbox: Message[];
  let tip: ChainPoint;

  beforeEach(async () => {
    l1 = new FakeL1();
    node = new Node({ provider: l1.provider, rollup: l1.rollup, blobs: l1, logger: silentLogger });
    inbox = [...depositsOf(0), ...depositsOf(1)];
    l1.send(inbox);
    tip = l1.propose({ parent: node.chain.genesis, slot: 1, inbox }).point;
    tip = l1.propose({ parent: tip, slot: 2, inbox }).point;
    mempool = new Mempool({
      capacity: 4,
      nonceWindow: 8,
      domain: DOMAIN,
      view: () => ({ state: node.chain.tip.state, prices: PRICES }),
      verifySignature: schnorrVerify,
    });
    ledger = new NodeLedger({ node, mempool });
    server = new RpcServer({ ledger, port: 0, logger: silentLogger, bodyLimit: 1_000 });
    await Promise.all([node.sync(), server.start()]);
    client = new RpcClient({ url: server.url! });
  });
  afterEach(() => server.stop());

  function transfer(changes: Partial<TransactionBody> = {}): Transaction {
    const body: TransactionBody = {
      kind: 1,
      from: 1,
      to: 0n,
      nonce: 0,
      amount: 10n,
      maxFeePerL2Gas: PRICES.feePerL2Gas,
      maxFeePerDaGas: PRICES.feePerDaGas,
      ...changes,
    };
    return signTransaction({ domain: DOMAIN, keyPair: keyPair(body.from), body });
  }

  /** A request as any program may send it. */
  async function ask(
    path: string,
    options: { method?: string; body?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const { method = "GET", body, headers = {} } = options;
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(server.url!);
      const sent = request({ hostname, port, path, method, headers }, (response) => {
        let text = "";
        response.on("data", (part) => (text += String(part)));
        response.on("end", () =>
          resolve({ status: response.statusCode!, body: JSON.parse(text) as Answer["body"] }),
        );
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }

  const codeOf = (answer: Promise<unknown>): Promise<string> =>
    answer.then(
      () => "none",
      (error: unknown) => (error instanceof RpcError ? error.code : String(error)),
    );

  it("tells the state", async () => {
    const status = await client.status();
    expect(status.pending).to.deep.equal({ number: 2, slot: 2, stateRoot: node.chain.tip.state.root() });
    expect(status.proven.number).to.equal(0);
    expect(status.genesisHash).to.equal(node.parameters.genesisHash);
    expect(status).to.deep.include({
      invalidBlocks: 0,
      prices: PRICES,
      pool: { size: 0, capacity: 4 },
      inbox: { sent: 4, consumed: 4 },
      l1: { synced: l1.head.number, head: l1.head.number },
    });
  });

  it("tells what to offer, never less than the prices nor less for a longer wait", async () => {
    const offers = await Promise.all([1, 8, 64].map((within) => client.feeOffer(within)));
    expect(offers[0]).to.deep.equal({
      maxFeePerL2Gas: PRICES.feePerL2Gas,
      maxFeePerDaGas: PRICES.feePerDaGas,
    });
    expect(offers[1]!.maxFeePerL2Gas > offers[0]!.maxFeePerL2Gas).to.equal(true);
    expect(offers[2]!.maxFeePerL2Gas > offers[1]!.maxFeePerL2Gas).to.equal(true);
    for (const within of [0, 65]) expect(await codeOf(client.feeOffer(within))).to.equal("INPUT_INVALID");
  });

  it("tells an account by leaf and by key", async () => {
    const { publicKey } = keyPair(1);
    const account = await client.account({ leaf: 1 });
    expect(account).to.deep.include({
      key: publicKey,
      state: "active",
      balance: 1_000n,
      feeBalance: 10n ** 9n,
    });
    expect(account.proven).to.deep.equal({ balance: 0n, feeBalance: 0n, nonce: 0 });
    expect(await client.account({ key: publicKey })).to.deep.equal(account);
    expect(await codeOf(client.account({ leaf: 7 }))).to.equal("ACCOUNT_UNKNOWN");
    expect(await codeOf(client.account({ key: keyPair(7).publicKey }))).to.equal("ACCOUNT_UNKNOWN");
  });

  it("tells an account that waits, and is not misled by deposits in its name", async () => {
    const mine = depositsOf(2);
    const foreign = { ...mine[0]!, index: 0 } as Message;
    l1.send([foreign, ...mine], inbox);
    await node.sync();
    expect(await client.account({ key: keyPair(2).publicKey })).to.include({
      leaf: 2,
      state: "waiting",
      nextNonce: 0,
    });

    const all = [...inbox, foreign, ...mine];
    tip = l1.propose({ parent: tip, slot: 3, inbox: all }).point;
    l1.propose({ parent: tip, slot: 4, inbox: all });
    await node.sync();
    expect(await client.account({ key: keyPair(2).publicKey })).to.include({ leaf: 2, state: "active" });
    expect(await client.message(5)).to.deep.equal({ state: "returned", block: 3, proven: false });
    expect(await client.message(6)).to.deep.equal({ state: "included", block: 3, proven: false });
    expect(await client.message(7)).to.deep.equal({ state: "included", block: 4, proven: false });
    expect(await client.message(8)).to.deep.equal({ state: "unknown" });
  });

  it("follows a transaction from the pool into a block, and back after a reorg", async () => {
    const id = await client.submit(transfer());
    expect(await client.transaction(id)).to.deep.equal({ state: "pooled" });
    expect(await client.account({ leaf: 1 })).to.include({ nonce: 0, nextNonce: 1 });

    l1.propose({ parent: tip, slot: 3, inbox, candidates: mempool.candidates(tip.state) });
    await node.sync();
    const status = await client.transaction(id);
    const fee = 10_000n * PRICES.feePerL2Gas + 128n * PRICES.feePerDaGas;
    expect(status).to.deep.equal({ state: "included", block: 3, proven: false, fee });

    l1.reorg(1);
    l1.mine([]);
    await node.sync();
    expect(await client.transaction(id)).to.deep.equal({ state: "pooled" });
    mempool.remove(id);
    expect(await client.transaction(id)).to.deep.equal({ state: "unknown" });
  });

  it("counts a forced transaction that waits only when the ledger will apply it", async () => {
    const force = (changes: Partial<TransactionBody>, signer = 1): Message => {
      const body = { ...transfer(changes), maxFeePerL2Gas: 0n, maxFeePerDaGas: 0n };
      const { signature } = signTransaction({ domain: DOMAIN, keyPair: keyPair(signer), body });
      return forceTransaction({ body, signature });
    };
    const nextForcedNonce = async () => (await client.account({ leaf: 1 })).nextForcedNonce;
    expect(await nextForcedNonce()).to.equal(0);

    const strangers = [force({}, 0), force({ nonce: 1 }, 0)];
    l1.send(strangers, inbox);
    await node.sync();
    expect(await nextForcedNonce()).to.equal(0);

    const own = [force({ amount: 1_001n }), force({}), force({ nonce: 1 })];
    l1.send(own, [...inbox, ...strangers]);
    await node.sync();
    expect(await nextForcedNonce()).to.equal(2);

    const all = [...inbox, ...strangers, ...own];
    let point = tip;
    for (let slot = 3; point.record.messageCount < all.length; slot++) {
      ({ point } = l1.propose({ parent: point, slot, inbox: all }));
    }
    await node.sync();
    expect(await client.account({ leaf: 1 })).to.include({ nonce: 2, nextForcedNonce: 2 });
  });

  for (const [code, make] of [
    ["FEE_TOO_LOW", () => transfer({ maxFeePerL2Gas: 0n })],
    ["CANNOT_PAY", () => transfer({ amount: 1_001n })],
    ["NONCE_TOO_FAR", () => transfer({ nonce: 8 })],
    ["BAD_SIGNATURE", () => ({ ...transfer(), amount: 11n })],
    ["UNKNOWN_KIND", () => transfer({ kind: 3 })],
  ] as const) {
    it(`refuses a transaction with the mempool's ${code}`, async () => {
      expect(await codeOf(client.submit(make()))).to.equal(code);
      expect(mempool.size).to.equal(0);
    });
  }

  it("gives a refusal as code, message and remedy", async () => {
    await client.submit(transfer());
    const error = await client.submit(transfer()).catch((thrown: unknown) => thrown as RpcError);
    expect(error).to.include({ code: "DUPLICATE", remedy: "wait for its block" });
    expect((error as RpcError).message).to.match(
      /^transaction 0x[0-9a-f]{64} is in the pool already; wait for its block$/,
    );
  });

  const json = { "content-type": "application/json" };
  const words = (values: unknown): string => JSON.stringify({ words: values });
  const zero = `0x${"0".repeat(64)}`;
  const large = `0x${"f".repeat(64)}`;
  const post = { method: "POST", headers: json };
  const badRequests: [string, string, Parameters<typeof ask>[1], number, string][] = [
    ["a path that does not exist", "/nothing", {}, 404, "UNKNOWN_PATH"],
    ["a target that is no path", "//", {}, 400, "INPUT_INVALID"],
    ["a longer path", "/epochs/1/withdrawals/2", {}, 404, "UNKNOWN_PATH"],
    ["another method", "/status", { method: "DELETE" }, 405, "METHOD_NOT_ALLOWED"],
    ["a leaf that is no number", "/accounts/x", {}, 400, "INPUT_INVALID"],
    ["an empty leaf", "/accounts/", {}, 400, "INPUT_INVALID"],
    ["a leaf beyond the tree", `/accounts/${2 ** 20}`, {}, 400, "INPUT_INVALID"],
    ["a key that is too short", "/accounts?key=0x12", {}, 400, "INPUT_INVALID"],
    ["a missing key", "/accounts", {}, 400, "INPUT_INVALID"],
    ["an id that is none", "/transactions/12", {}, 400, "INPUT_INVALID"],
    ["an epoch that is none", "/epochs/-1/withdrawals", {}, 400, "INPUT_INVALID"],
    ["an epoch that is not proven", "/epochs/0/withdrawals", {}, 404, "STATE_UNAVAILABLE"],
    ["a body that is no JSON", "/transactions", { ...post, body: "{" }, 400, "NOT_JSON"],
    [
      "a body of another type",
      "/transactions",
      { method: "POST", body: words([zero, zero, zero, zero]) },
      400,
      "NOT_JSON",
    ],
    ["three words", "/transactions", { ...post, body: words([zero, zero, zero]) }, 400, "INPUT_INVALID"],
    ["words that are numbers", "/transactions", { ...post, body: words([0, 0, 0, 0]) }, 400, "INPUT_INVALID"],
    ["null", "/transactions", { ...post, body: "null" }, 400, "INPUT_INVALID"],
    [
      "a word over 248 bits",
      "/transactions",
      { ...post, body: words([large, zero, zero, zero]) },
      422,
      "ENCODING",
    ],
    ["a body over the limit", "/transactions", { ...post, body: " ".repeat(1_001) }, 413, "BODY_TOO_LARGE"],
    [
      "a name that is not this machine's",
      "/status",
      { headers: { host: "calpulli.example" } },
      403,
      "HOST_REFUSED",
    ],
  ];
  for (const [what, path, options, status, code] of badRequests) {
    it(`refuses ${what}`, async () => {
      const answer = await ask(path, options);
      expect(answer.body.error?.code).to.equal(code);
      expect(answer.status).to.equal(status);
      expect(answer.body.error?.remedy).not.to.equal("");
      // The server goes on.
      expect((await ask("/status")).status).to.equal(200);
    });
  }

  it("refuses a body without a length that grows over the limit", async () => {
    const headers = { ...json, "transfer-encoding": "chunked" };
    const answer = await ask("/transactions", { method: "POST", headers, body: "x".repeat(200_000) });
    expect(answer.body.error?.code).to.equal("BODY_TOO_LARGE");
  });

  it("tells nothing of a fault inside", async () => {
    ledger.status = () => Promise.reject(new Error("secret"));
    const answer = await ask("/status");
    expect(answer.status).to.equal(500);
    expect(JSON.stringify(answer.body)).not.to.contain("secret");
  });

  it("says in one sentence that its port is taken", async () => {
    const port = Number(new URL(server.url!).port);
    const second = new RpcServer({ ledger, port, logger: silentLogger });
    const error = await second.start().catch((thrown: unknown) => thrown as Error);
    expect((error as Error).message).to.equal(
      `port ${port} of the node's API is taken; stop the other program, or choose another port`,
    );
    await second.stop();
  });

  it("lets a request under way end when it stops, and starts again", async () => {
    let finish: (() => void) | undefined;
    const status = ledger.status.bind(ledger);
    ledger.status = () => new Promise((resolve) => (finish = () => resolve(status())));
    const asked = client.status();
    while (!finish) await new Promise((done) => setTimeout(done, 5));
    const stopped = server.stop();
    expect(server.url).to.equal(undefined);
    finish();
    expect((await asked).pending.number).to.equal(2);
    await stopped;
    expect(await codeOf(client.status())).to.equal("NODE_UNREACHABLE");
    await server.start();
    await server.start();
    expect((await ask("/messages/1")).status).to.equal(200);
  });

  it("takes no transactions without a mempool", async () => {
    const readOnly = new NodeLedger({ node });
    expect((await readOnly.status()).pool).to.equal(null);
    expect(await codeOf(readOnly.submit(transfer()))).to.equal("NO_MEMPOOL");
  });

  describe("its client", () => {
    let fake: Server;
    let text: string;
    let url: string;

    beforeEach(async () => {
      fake = createServer((_, response) => response.end(text));
      await new Promise<void>((done) => fake.listen(0, "127.0.0.1", done));
      url = `http://127.0.0.1:${(fake.address() as AddressInfo).port}`;
    });
    afterEach(() => fake.close());

    for (const [what, answer] of [
      ["text", "hello"],
      ["another object", "{}"],
      ["a list", "[]"],
      ["an amount as a number", JSON.stringify({ id: 1 })],
    ] as const) {
      it(`refuses an answer that is ${what}`, async () => {
        text = answer;
        expect(await codeOf(new RpcClient({ url }).submit(transfer()))).to.equal("NODE_ANSWER_INVALID");
      });
    }

    it("refuses what is no address", () => {
      expect(() => new RpcClient({ url: "localhost" })).to.throw(RpcError, "is no HTTP address");
      expect(() => new RpcClient({ url: "file:///etc/passwd" })).to.throw(RpcError, "is no HTTP address");
    });
  });
});

import { createServer, request as forward } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { Interface, type JsonRpcProvider } from "ethers";

import type { FeeCeiling } from "../../../actors/l1/fees.ts";
import type { L1Account, SendRequest } from "../../../actors/l1/l1Account.ts";
import { connectL1 } from "../../../actors/l1/provider.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { type AnvilBench, GWEI, rejection, startAnvilBench } from "../support/anvilAccount.ts";

const blob = new Uint8Array(131_072);

/** Runtime code that reverts with `Late(time, versioned hash of the first blob)`. */
const errors = new Interface(["error Late(uint256 time, bytes32 blob)"]);
const selector = errors.getError("Late")!.selector.slice(2);
const LATE = `63${selector}60e01b6000524260045260004960245260446000fd`;

describe("Transactions that L1 does not take in time", function () {
  this.timeout(300_000); // cell proofs take seconds, on a busy machine many
  let bench: AnvilBench;

  before(async () => {
    bench = await startAnvilBench([errors]);
  });
  after(() => bench.stop());
  beforeEach(() => bench.nextUser());

  const request = (account: L1Account, changes: Partial<SendRequest> = {}): SendRequest => ({
    purpose: "work",
    to: account.address,
    data: "0x",
    gasLimit: 30_000n,
    ...changes,
  });
  const ceiling = (gas: bigint) => ({
    ceiling: (): FeeCeiling => ({ maxFeePerGas: gas, maxFeePerBlobGas: 100n * GWEI }),
  });
  const count = (account: L1Account) => bench.provider.getTransactionCount(account.address);

  /** A blob transaction that expired in the pool. */
  async function leaveBehind(account: L1Account, changes: Partial<SendRequest> = {}): Promise<void> {
    const expiry = new AbortController();
    const sent = bench.journal().entries.length;
    const work = rejection(
      account.send(request(account, { blobs: [blob], expires: expiry.signal, ...changes })),
    );
    await bench.untilSent(sent + 1);
    expiry.abort();
    expect(isActorError(await work, "TRANSACTION_NOT_MINED")).to.equal(true);
    expect(await account.hasLeftBehind()).to.equal(true);
  }

  it("ends the wait when its time is over; the next one takes the nonce over with twice the fees", async () => {
    const account = bench.account();
    await leaveBehind(account);
    const before = await bench.transaction((await bench.untilSent(1))[0]!.hash);

    const next = account.send(request(account, { blobs: [new Uint8Array(131_072)], purpose: "next" }));
    const after = await bench.transaction((await bench.untilSent(2))[1]!.hash);
    for (const fee of ["maxFeePerGas", "maxPriorityFeePerGas", "maxFeePerBlobGas"]) {
      expect(BigInt(after[fee]!) >= 2n * BigInt(before[fee]!), fee).to.equal(true);
    }
    await bench.mine();
    expect((await next).receipt.hash).to.equal(after["hash"]);
    expect(await count(account)).to.equal(1);
    expect(await account.hasLeftBehind()).to.equal(false);
  });

  it("is released by a blob transfer of nothing to itself", async () => {
    const account = bench.account();
    await leaveBehind(account, { to: "0x00000000000000000000000000000000000000aa" });
    const released = account.release();
    await bench.untilSent(2);
    await bench.mine();
    await released;
    const [, entry] = await bench.untilSent(2);
    const receipt = (await bench.provider.getTransactionReceipt(entry!.hash))!;
    expect(receipt.to).to.equal(account.address);
    expect(receipt.gasUsed).to.equal(21_000n);
    expect(receipt.type).to.equal(3);
    expect(await account.hasLeftBehind()).to.equal(false);
    await account.release(); // nothing left to do
    expect(await count(account)).to.equal(1);
  });

  it("is released when its old version was faster", async () => {
    const account = bench.account();
    await leaveBehind(account);
    await bench.mine();
    expect(await account.hasLeftBehind()).to.equal(false);
    await account.release();
    expect(await count(account)).to.equal(1);
  });

  it("is known after a restart, and replaced at the first try", async () => {
    await leaveBehind(bench.account());
    const restarted = bench.account();
    expect(await restarted.hasLeftBehind()).to.equal(true);
    const next = restarted.send(request(restarted, { blobs: [blob], purpose: "next" }));
    await bench.untilSent(2);
    await bench.mine();
    expect((await next).attempts).to.equal(1);
    expect(await count(restarted)).to.equal(1);
  });

  it("is released before a transaction of the other kind, which no pool would take beside it", async () => {
    const account = bench.account();
    await leaveBehind(account);
    const ordinary = account.send(request(account, { purpose: "ordinary" }));
    expect((await bench.untilSent(2)).map(({ purpose }) => purpose)).to.deep.equal(["work", "release-0"]);
    await bench.mine();
    await bench.untilSent(3);
    await bench.mine();
    expect((await ordinary).receipt.type).to.equal(2);
    expect(await count(account)).to.equal(2);
  });

  it("is taken over though later ones are under way", async () => {
    const account = bench.account();
    const expiry = new AbortController();
    const first = rejection(account.send(request(account, { expires: expiry.signal })));
    await bench.untilSent(1);
    const second = account.send(request(account));
    await bench.untilSent(2);
    expiry.abort();
    await first;
    const third = account.send(request(account));
    const sends = await bench.untilSent(3);
    expect(sends.map(({ nonce }) => nonce)).to.deep.equal([0, 1, 0]);
    const fourth = account.send(request(account));
    expect((await bench.untilSent(4)).at(-1)!.nonce).to.equal(2);
    await bench.mine();
    await Promise.all([second, third, fourth]);
    expect(await count(account)).to.equal(3);
  });

  it("leaves no gap when L1 refuses one of several", async () => {
    const account = bench.account();
    const first = account.send(request(account));
    await bench.untilSent(1);
    const refusal = await rejection(account.send(request(account, { value: 10n ** 30n })));
    expect(isActorError(refusal, "TRANSACTION_REFUSED")).to.equal(true);
    const second = account.send(request(account));
    expect((await bench.untilSent(3)).map(({ nonce }) => nonce)).to.deep.equal([0, 1, 1]);
    await bench.mine();
    await Promise.all([first, second]);
    expect(await count(account)).to.equal(2);
  });

  it("is not sent at all while L1 asks for more than the ceiling", async () => {
    const account = bench.account();
    await bench.mine({ baseFee: 30n * GWEI });
    const refusal = await rejection(account.send(request(account, ceiling(20n * GWEI))));
    expect(isActorError(refusal, "FEE_CEILING")).to.equal(true);
    expect((refusal as Error).message).to.include("nothing is lost");
    expect(bench.journal().entries).to.be.empty;

    await bench.mine({ baseFee: GWEI });
    const sent = account.send(request(account, ceiling(20n * GWEI)));
    await bench.untilSent(1);
    await bench.mine();
    await sent;
  });

  for (const blobs of [undefined, [blob]]) {
    it(`${blobs ? "with blobs " : ""}is bumped as soon as L1 asks for more than it offers, up to the ceiling`, async () => {
      const account = bench.account({ bumpAfterBlocks: 1_000 });
      const limit = 40n * GWEI;
      const work = account.send(request(account, { ...(blobs ? { blobs } : {}), ...ceiling(limit) }));
      await bench.untilSent(1);
      await bench.mine({ baseFee: 10n * GWEI });
      const [, second] = await bench.untilSent(2);
      const offer = BigInt((await bench.transaction(second!.hash))["maxFeePerGas"]!);
      expect(offer <= limit && offer >= 10n * GWEI).to.equal(true);
      // Far above the ceiling nothing more is sent, however long it lasts; anvil drops what it cannot mine.
      for (let i = 0; i < 5; i++) {
        await bench.mine({ baseFee: 500n * GWEI });
        await new Promise((done) => setTimeout(done, 60));
      }
      expect(bench.journal().entries).to.have.length(2);
      let mined = false;
      void work.finally(() => (mined = true));
      while (!mined) {
        await bench.mine({ baseFee: GWEI });
        await new Promise((done) => setTimeout(done, 60));
      }
      expect((await work).receipt.status).to.equal(1);
    });
  }

  it("is mined once when it is sent again with its nonce", async () => {
    const account = bench.account();
    const expiry = new AbortController();
    const first = rejection(account.send(request(account, { value: 1n, expires: expiry.signal })));
    await bench.untilSent(1);
    expiry.abort();
    await first;
    const again = account.send(request(account, { value: 1n, nonce: 0 }));
    await bench.untilSent(2);
    await bench.mine({ blocks: 2 });
    await again;
    expect(await count(account)).to.equal(1);
    const late = await rejection(account.send(request(account, { value: 1n, nonce: 0 })));
    expect(isActorError(late, "TRANSACTION_NOT_MINED")).to.equal(true);
    expect(await count(account)).to.equal(1);
  });

  it("is mined once through a proxy that drops the answers to what it sends", async () => {
    let dropped = 0;
    const proxy = createServer((incoming, outgoing) => {
      const parts: Buffer[] = [];
      incoming.on("data", (part: Buffer) => parts.push(part));
      incoming.on("end", () => {
        const body = Buffer.concat(parts);
        const drops = body.includes("eth_sendRawTransaction");
        const headers = { "content-type": "application/json" };
        forward(bench.url, { method: "POST", headers }, (answer) => {
          if (!drops) return void answer.pipe(outgoing);
          answer.resume().on("end", () => {
            dropped++;
            incoming.socket.destroy();
          });
        }).end(body);
      });
    });
    await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const provider = await connectL1({ url, chainId: 31337 });
    try {
      const account = bench.account({ provider });
      const work = account.send(request(account, { value: 5n }));
      while (dropped === 0) await new Promise((done) => setTimeout(done, 10));
      await bench.mine();
      expect((await work).receipt.status).to.equal(1);
      await bench.mine({ blocks: 5 });
      expect(await count(account)).to.equal(1);
    } finally {
      provider.destroy();
      proxy.close();
    }
  });

  it("is simulated with its blobs, at the time of its block", async () => {
    const account = bench.account();
    const to = "0x00000000000000000000000000000000000000bb";
    await bench.rpc("anvil_setCode", [to, `0x${LATE}`]);
    const error = await account.simulate({ to, data: "0x", blobs: [blob], timestamp: 5_000_000_000 });
    expect(error?.name).to.equal("Late");
    expect(error?.args["time"]).to.equal(5_000_000_000n);
    expect(error?.args["blob"]).to.match(/^0x01[0-9a-f]{62}$/);
    expect(await account.simulate({ to: account.address, data: "0x", timestamp: 5_000_000_000 })).to.equal(
      undefined,
    );
    // A node that does not know blobs in calls tells nothing.
    const refuses = bench.account({ provider: refusing(bench.provider, "eth_call") });
    expect(await refuses.simulate({ to, data: "0x", blobs: [blob], timestamp: 1 })).to.equal(undefined);
  });
});

/** A provider without one method. */
function refusing(provider: JsonRpcProvider, refused: string): JsonRpcProvider {
  return new Proxy(provider, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key !== "send") return typeof value === "function" ? (value.bind(target) as unknown) : value;
      return (method: string, params: unknown[]): Promise<unknown> =>
        method === refused
          ? Promise.reject(new Error("unknown field blobVersionedHashes"))
          : (target.send(method, params) as Promise<unknown>);
    },
  });
}

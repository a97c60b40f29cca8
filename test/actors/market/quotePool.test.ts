import { expect } from "chai";

import { quoteApi, quoteToJson } from "../../../actors/market/quoteApi.ts";
import { QuoteGossip, quoteTopic } from "../../../actors/market/quoteGossip.ts";
import { QuotePool } from "../../../actors/market/quotePool.ts";
import { QuoteVerifier } from "../../../actors/market/quoteVerifier.ts";
import { GossipHub } from "../../../actors/p2p/hub.ts";
import { RpcError } from "../../../actors/rpc/rpcError.ts";
import { createLogger } from "../../../actors/support/logger.ts";
import { bytesToHex, hexToBytes, toHex } from "../../../protocol/bytes.ts";
import { decodeQuote, encodeQuote, recoverQuoteSigner } from "../../../protocol/quote.ts";
import { toEpoch } from "../../../protocol/time.ts";
import { domain, FakeMarket, signedQuote, testProvers, type TestProver } from "./support.ts";

const [alice, bob, carol] = testProvers(3) as [TestProver, TestProver, TestProver];

function setUp(perEpoch = 64) {
  const market = new FakeMarket();
  const pool = new QuotePool({ view: market, verifier: new QuoteVerifier({ domain }), perEpoch });
  return { market, pool };
}

describe("actors/market/quoteVerifier", () => {
  it("agrees with the protocol library on good and bad signatures", async () => {
    const verifier = new QuoteVerifier({ domain });
    const good = signedQuote(alice);
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const high =
      good.signature.slice(0, 66) +
      toHex(order - BigInt(`0x${good.signature.slice(66, 130)}`)).slice(2) +
      (good.signature.endsWith("1b") ? "1c" : "1b");
    for (const [signed, valid] of [
      [good, true],
      [signedQuote(alice, {}, { ...domain, chainId: 1n }), false],
      [signedQuote(alice, {}, { ...domain, rollup: domain.market }), false],
      [signedQuote(alice, {}, { ...domain, verifierKeyHash: 1n }), false],
      [{ ...good, signature: high as typeof good.signature }, false],
      [{ ...good, signature: "0x" as const }, false],
      [{ ...good, signature: `0x${"00".repeat(65)}` as const }, false],
      [{ quote: { ...good.quote, prover: bob.address }, signature: good.signature }, false],
    ] as const) {
      expect(await verifier.verify(signed)).to.equal(valid);
      expect(recoverQuoteSigner({ domain, ...signed }) === signed.quote.prover).to.equal(valid);
    }
  });

  it("asks the contract of a prover that has one, every time", async () => {
    let asked = 0;
    const verifier = new QuoteVerifier({ domain, contract: () => Promise.resolve(++asked > 1) });
    const quote = { ...signedQuote(alice), signature: "0x1234" as const };
    expect(await verifier.verify(quote)).to.equal(false);
    expect(await verifier.verify(quote)).to.equal(true);
  });

  it("checks at least 2,000 quotes in a second of processor time", async function () {
    this.timeout(30_000);
    const verifier = new QuoteVerifier({ domain });
    const quotes = Array.from({ length: 200 }, (_, i) => signedQuote(alice, { nonce: BigInt(i) }));
    await verifier.verify(signedQuote(bob));
    const before = process.cpuUsage();
    for (let round = 0; round < 5; ++round) {
      const fresh = new QuoteVerifier({ domain });
      for (const quote of quotes) expect(await fresh.verify(quote)).to.equal(true);
    }
    const { user, system } = process.cpuUsage(before);
    const rate = 1_000 / ((user + system) / 1e6);
    console.log(`        ${Math.round(rate)} quotes a second of processor time`);
    expect(rate).to.be.greaterThan(2_000);
  });
});

describe("actors/market/quotePool", () => {
  it("keeps valid quotes, cheapest first", async () => {
    const { pool } = setUp();
    expect(await pool.add(signedQuote(alice, { fee: 900 }))).to.deep.equal({ added: true });
    expect(await pool.add(signedQuote(bob, { fee: 700 }))).to.deep.equal({ added: true });
    expect(await pool.add(signedQuote(carol, { fee: 800 }))).to.deep.equal({ added: true });
    expect(pool.quotes(5).map(({ quote }) => quote.fee)).to.deep.equal([700, 800, 900]);
    expect(pool.best(5)!.quote.prover).to.equal(bob.address);
    expect(pool.best(5, 699)).to.equal(undefined);
    expect(pool.best(6)).to.equal(undefined);
  });

  it("refuses what the market would refuse, with the reason", async () => {
    const { market, pool } = setUp();
    market.pots.set(5, 1_000_000n);
    market.accounts.set(bob.address, { available: 2_399_999n, nonce: 7n, mayClaim: true });
    market.accounts.set(carol.address, { available: 10n ** 9n, nonce: 0n, mayClaim: false });
    const refused = async (signed: ReturnType<typeof signedQuote>) => {
      const result = await pool.add(signed);
      return result.added ? undefined : result.reason;
    };
    expect(await refused(signedQuote(alice, { epoch: toEpoch(4) }))).to.equal("epoch");
    expect(await refused(signedQuote(alice, { epoch: toEpoch(14) }))).to.equal("epoch");
    expect(await refused(signedQuote(alice, { validUntil: 999 }))).to.equal("expired");
    expect(await refused(signedQuote(alice, { validUntil: 1_000_000 }))).to.equal("tooLong");
    expect(await refused(signedQuote(alice, { fee: 8_001 }))).to.equal("fee");
    expect(await refused(signedQuote(alice, { bond: 2_399_999n }))).to.equal("bond");
    expect(await refused(signedQuote(bob, { nonce: 6n }))).to.equal("nonce");
    expect(await refused(signedQuote(bob, { nonce: 7n }))).to.equal("bond");
    expect(await refused(signedQuote(carol))).to.equal("notListed");
    expect(await refused(signedQuote(alice, {}, { ...domain, chainId: 2n }))).to.equal("signature");
    expect(await refused(signedQuote(alice))).to.equal(undefined);
    expect(pool.size).to.equal(1);
  });

  it("a prover's quote is replaced by its own cheaper one only, by a step at least", async () => {
    const { pool } = setUp();
    await pool.add(signedQuote(alice, { fee: 900 }));
    expect(await pool.add(signedQuote(alice, { fee: 900, nonce: 1n }))).to.include({ reason: "notBetter" });
    expect(await pool.add(signedQuote(alice, { fee: 891, nonce: 1n }))).to.include({ reason: "notBetter" });
    expect(await pool.add(signedQuote(alice, { fee: 890, nonce: 1n }))).to.deep.equal({ added: true });
    expect(pool.size).to.equal(1);
  });

  it("forgets quotes that time, a withdrawal or a cancellation made void", async () => {
    const { market, pool } = setUp();
    await pool.add(signedQuote(alice, { fee: 500, validUntil: 1_100 }));
    await pool.add(signedQuote(bob, { fee: 600 }));
    await pool.add(signedQuote(carol, { fee: 700 }));
    market.time = 1_101;
    expect(pool.best(5)!.quote.prover).to.equal(bob.address);
    market.accounts.set(bob.address, { available: 0n, nonce: 0n, mayClaim: true });
    expect(pool.best(5)!.quote.prover).to.equal(carol.address);
    market.accounts.set(carol.address, { available: 10n ** 9n, nonce: 1n, mayClaim: true });
    expect(pool.best(5)).to.equal(undefined);
  });

  it("a full pool takes cheaper quotes only, and drops the dearest", async () => {
    const { pool } = setUp(2);
    await pool.add(signedQuote(alice, { fee: 500 }));
    await pool.add(signedQuote(bob, { fee: 600 }));
    expect(await pool.add(signedQuote(carol, { fee: 600 }))).to.include({ reason: "full" });
    expect(await pool.add(signedQuote(carol, { fee: 400 }))).to.deep.equal({ added: true });
    expect(pool.quotes(5).map(({ quote }) => quote.fee)).to.deep.equal([400, 500]);
  });

  it("drops the epochs that are proven", async () => {
    const { market, pool } = setUp();
    await pool.add(signedQuote(alice));
    market.oldest = 6;
    await pool.add(signedQuote(alice, { epoch: toEpoch(6) }));
    expect(pool.size).to.equal(1);
  });
});

describe("actors/market/quoteGossip", () => {
  const logger = createLogger({ level: "silent" });
  const topic = quoteTopic({ chainId: 31_337, rollup: "0x222", epochSeconds: 100 });

  it("a quote has one encoding", () => {
    const signed = signedQuote(alice, { fee: 4_321, nonce: 77n });
    expect(decodeQuote(encodeQuote(signed))).to.deep.equal(signed);
    expect(decodeQuote(new Uint8Array(50))).to.equal(undefined);
    expect(decodeQuote(new Uint8Array(2_000))).to.equal(undefined);
    expect(bytesToHex(encodeQuote(signed)).endsWith(signed.signature.slice(2))).to.equal(true);
    expect(hexToBytes(signed.signature).length).to.equal(65);
  });

  it("a published quote reaches every pool; a bad one costs its sender", async () => {
    const hub = new GossipHub({ logger });
    const members = await Promise.all(
      ["a", "b", "c"].map(async (id) => {
        const { pool } = setUp();
        const gossip = hub.join(id);
        const quotes = new QuoteGossip({ gossip, topic, pool });
        await quotes.start();
        return { pool, gossip, quotes };
      }),
    );
    const [a, b, c] = members as [(typeof members)[0], (typeof members)[0], (typeof members)[0]];
    await a.quotes.publish(signedQuote(alice));
    a.gossip.publish(topic.name, encodeQuote(signedQuote(bob, {}, { ...domain, chainId: 9n })));
    a.gossip.publish(topic.name, new Uint8Array(9));
    await new Promise((done) => setTimeout(done, 50));
    for (const { pool, gossip } of [b, c]) {
      expect(pool.quotes(5).length).to.equal(1);
      expect(gossip.scores().get("a")!.dropped).to.deep.equal({ badSignature: 1, malformed: 1 });
    }
    await c.quotes.stop();
    await a.quotes.publish(signedQuote(alice, { fee: 10 }));
    await new Promise((done) => setTimeout(done, 50));
    expect(c.pool.best(5)!.quote.fee).to.equal(1_000);
    expect(b.pool.best(5)!.quote.fee).to.equal(10);
  });
});

describe("actors/market/quoteApi", () => {
  it("takes quotes and shows them", async () => {
    const { pool } = setUp();
    const api = quoteApi({ pool });
    expect(await api.post(quoteToJson(signedQuote(alice)))).to.deep.equal({ added: true });
    expect(await api.get("5")).to.deep.equal({ quotes: [quoteToJson(signedQuote(alice))] });
    for (const [body, code] of [
      [{}, "INPUT_INVALID"],
      [{ ...quoteToJson(signedQuote(alice)), fee: 10_001 }, "INPUT_INVALID"],
      [quoteToJson(signedQuote(alice)), "QUOTE_REFUSED"],
    ] as const) {
      const error = await api.post(body).then(
        () => undefined,
        (refusal: unknown) => refusal,
      );
      expect(error).to.be.instanceOf(RpcError);
      expect((error as RpcError).code).to.equal(code);
    }
  });
});

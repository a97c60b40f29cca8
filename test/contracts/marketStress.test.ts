/**
 * The field's stress target on the contract itself: 20 provers quote over the gossip of 300 nodes, and many of these
 * bring what they think is best to the market at the same time.
 */
import { expect } from "chai";
import type { Wallet } from "ethers";

import { QuoteGossip, quoteTopic } from "../../actors/market/quoteGossip.ts";
import { type MarketView, QuotePool } from "../../actors/market/quotePool.ts";
import { QuoteVerifier } from "../../actors/market/quoteVerifier.ts";
import { GossipHub } from "../../actors/p2p/hub.ts";
import { silentLogger } from "../../actors/support/logger.ts";
import { hexToBytes } from "../../protocol/bytes.ts";
import { type SignedQuote, signQuote } from "../../protocol/quote.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import { deployMarket, type MarketDriver } from "../helpers/market.ts";
import { refusal } from "../helpers/refusal.ts";

const BOND = 10n ** 18n;
/** What the market may answer to a quote that is not better, or late. */
const REFUSALS = ["Market__NoImprovement", "Market__ClaimIsFirm"];

describe("ProofMarket under the field's stress target", function () {
  this.timeout(300_000);
  const random = seededRandom("market/contract stress");
  let driver: MarketDriver;
  let provers: Wallet[];
  let nodes: QuotePool[];
  let publishers: QuoteGossip[];
  let oldest = 0;
  let time = 0;

  before(async () => {
    driver = await deployMarket();
    provers = [];
    for (let i = 0; i < 20; ++i) provers.push(await driver.prover(`prover ${i}`, BOND));
    const view: MarketView = {
      parameters: driver.parameters,
      now: () => time,
      oldestEpoch: () => oldest,
      account: () => ({ available: BOND, nonce: 0n, mayClaim: true }),
      pot: () => undefined,
    };
    const hub = new GossipHub({ logger: silentLogger });
    const topic = quoteTopic({ chainId: 31_337, rollup: "0x222", epochSeconds: 288 });
    const verifier = new QuoteVerifier({ domain: driver.domain, remembered: 100_000 });
    const join = async (id: string) => {
      const pool = new QuotePool({ view, verifier });
      const gossip = new QuoteGossip({ gossip: hub.join(id), topic, pool });
      await gossip.start();
      return { pool, gossip };
    };
    nodes = [];
    for (let i = 0; i < 300; ++i) nodes.push((await join(`node ${i}`)).pool);
    publishers = [];
    for (let i = 0; i < 20; ++i) publishers.push((await join(`prover ${i}`)).gossip);
  });

  /** Sends a quote to the market, and says whether it was taken. */
  const bring = async ({ quote, signature }: SignedQuote, prover: Wallet): Promise<boolean> => {
    const [, , end, next, word] = driver.claimArguments(prover, quote);
    const sent = driver.market
      .claim({ ...quote, prover: prover.address }, signature, end, next, word)
      .then((transaction) => transaction.wait());
    try {
      await sent;
      return true;
    } catch {
      const { name } = await refusal(sent, driver.market.interface);
      expect(REFUSALS).to.include(name);
      // Refused before it was sent: its second passes all the same.
      await driver.chain.connection.networkHelpers.mine();
      return false;
    }
  };
  const reserved = async (): Promise<bigint> => {
    const accounts = await Promise.all(provers.map(({ address }) => driver.market.accountOf(address)));
    return accounts.reduce((sum, account) => sum + account.reserved, 0n);
  };
  const winner = (signed: SignedQuote): Wallet =>
    provers.find(({ address }) => BigInt(address) === BigInt(signed.quote.prover))!;

  it("holds one bond an epoch, for the best quote that anybody saw in the window, and is firm after it", async () => {
    const { networkHelpers } = driver.chain.connection;
    const { improvementWindow, improvementStep } = driver.parameters;
    let taken = 0;
    for (let epoch = 0; epoch < 3; ++epoch) {
      oldest = epoch;
      await driver.epoch(epoch);
      time = Number(await networkHelpers.time.latest());
      const seen: SignedQuote[] = [];
      let claimedAt: number | undefined;
      const offer = async (i: number, fee: number) => {
        const quote = driver.quote(provers[i]!, epoch, fee, { bond: BOND, validUntil: time + 4_000 });
        const key = hexToBytes(provers[i]!.privateKey);
        const signed = signQuote({ domain: driver.domain, quote, key });
        if ((await publishers[i]!.publish(signed)).added) seen.push(signed);
        await new Promise((done) => setTimeout(done, 20));
      };
      // The window ends with its last second.
      while (claimedAt === undefined || time < claimedAt + Number(improvementWindow)) {
        for (let i = 0; i < provers.length; ++i) {
          if (random.below(6) === 0) await offer(i, 500 + random.below(1_500));
        }
        for (let i = 0; i < 4; ++i) {
          const best = random.pick(nodes).best(epoch);
          if (
            best === undefined ||
            (claimedAt !== undefined && time >= claimedAt + Number(improvementWindow))
          )
            continue;
          await networkHelpers.time.setNextBlockTimestamp(++time);
          if (await bring(best, winner(best))) {
            claimedAt ??= time;
            ++taken;
          }
          time = Number(await networkHelpers.time.latest());
          // Whoever was outbid is free again, in the same transaction.
          const live = await driver.market.claimOf(epoch);
          expect(await reserved()).to.equal(live.bond);
          expect(Number(live.claimedAt)).to.equal(claimedAt ?? 0);
        }
      }
      const claim = await driver.market.claimOf(epoch);
      const cheapest = Math.min(...seen.map(({ quote }) => quote.fee));
      // Closer than a step nothing improves.
      expect(Number(claim.fee) - cheapest).to.be.lessThan(Number(improvementStep));

      // Cheaper, and too late.
      const late = driver.quote(provers[0]!, epoch, 1, { bond: BOND });
      const key = hexToBytes(provers[0]!.privateKey);
      await networkHelpers.time.setNextBlockTimestamp(claimedAt + Number(improvementWindow) + 1);
      expect(await bring(signQuote({ domain: driver.domain, quote: late, key }), provers[0]!)).to.equal(
        false,
      );
      expect((await driver.market.claimOf(epoch)).prover).to.equal(claim.prover);

      await driver.prove(epoch, claim.prover);
      await driver.settle();
      expect(await reserved()).to.equal(0n);
    }
    // Some were outbid.
    expect(taken).to.be.greaterThan(3);
  });
});

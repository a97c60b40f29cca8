/**
 * The market at the field's own stress target: 20 provers and 300 nodes on the simulated hub, several of which bring
 * quotes to a market that follows the contract's rules. Seeded: the same run every time.
 */
import { expect } from "chai";

import { QuoteGossip, quoteTopic } from "../../../actors/market/quoteGossip.ts";
import { QuotePool } from "../../../actors/market/quotePool.ts";
import { QuoteVerifier } from "../../../actors/market/quoteVerifier.ts";
import {
  type CostModel,
  costPlus,
  type PricingStrategy,
  undercutWithFloor,
} from "../../../actors/market/pricing.ts";
import { GossipHub } from "../../../actors/p2p/hub.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import type { Address } from "../../../protocol/address.ts";
import { bondOf, reserveAt } from "../../../protocol/market.ts";
import type { SignedQuote } from "../../../protocol/quote.ts";
import { toEpoch } from "../../../protocol/time.ts";
import { seededRandom } from "../../../protocol/vectors/random.ts";
import { domain, FakeMarket, parameters, signedQuote, testProvers, type TestProver } from "./support.ts";

const POT = 1_000_000n;

/** One epoch's turn under the contract's rules for claims. */
class Turn {
  readonly since: number;
  claim: { quote: SignedQuote; claimedAt: number } | undefined;
  claims = 0;
  constructor(since: number) {
    this.since = since;
  }

  /** True when the market takes the quote. */
  bring(signed: SignedQuote, time: number): boolean {
    const { quote } = signed;
    if (BigInt(quote.fee) > reserveAt({ parameters, since: this.since, time })) return false;
    if (quote.validUntil < time || quote.bond < bondOf(parameters, POT)) return false;
    if (this.claim) {
      if (time > this.claim.claimedAt + Number(parameters.improvementWindow)) return false;
      if (quote.fee + Number(parameters.improvementStep) > this.claim.quote.quote.fee) return false;
      this.claim = { quote: signed, claimedAt: this.claim.claimedAt };
      return true;
    }
    this.claim = { quote: signed, claimedAt: time };
    this.claims += 1;
    return true;
  }
}

describe("the market under stress", () => {
  it("20 provers, 300 nodes: at most one claim an epoch, and always by the best quote seen in the window", async function () {
    this.timeout(120_000);
    const random = seededRandom("market/stress");
    const market = new FakeMarket();
    market.oldest = 0;
    const hub = new GossipHub({ logger: silentLogger });
    const topic = quoteTopic({ chainId: 31_337, rollup: "0x222", epochSeconds: 100 });
    // One process: the nodes share the verdicts on signatures, as a node does between gossip and HTTP.
    const verifier = new QuoteVerifier({ domain, remembered: 100_000 });
    const join = async (id: string) => {
      const pool = new QuotePool({ view: market, verifier });
      const gossip = new QuoteGossip({ gossip: hub.join(id), topic, pool });
      await gossip.start();
      return { pool, gossip };
    };
    const nodes = await Promise.all(Array.from({ length: 300 }, (_, i) => join(`node ${i}`)));
    const provers = await Promise.all(
      testProvers(20).map(async (prover, i) => ({ prover, ...(await join(`prover ${i}`)) })),
    );

    const settle = () => new Promise((done) => setTimeout(done, 20));
    let nonce = 0n;
    for (let epoch = 0; epoch < 4; ++epoch) {
      market.oldest = epoch;
      const since = market.time;
      const turn = new Turn(since);
      const seen: SignedQuote[] = [];
      const window = Number(parameters.improvementWindow);
      for (; turn.claim === undefined || market.time <= turn.claim.claimedAt + window; ++market.time) {
        for (const { prover, gossip } of provers) {
          if (random.below(6) !== 0) continue;
          const quote = signedQuote(prover, {
            epoch: toEpoch(epoch),
            fee: 500 + random.below(4_000),
            validUntil: market.time + 200,
            nonce: nonce++,
          });
          const { added } = await gossip.publish(quote);
          if (added) seen.push(quote);
        }
        await settle();
        // Several nodes compete to bring what they think is best; the order is the L1 proposer's.
        for (let i = 0; i < 8; ++i) {
          const { pool } = random.pick(nodes);
          const best = pool.best(epoch);
          if (best) turn.bring(best, market.time);
        }
      }
      expect(turn.claims).to.equal(1);
      const cheapest = Math.min(...seen.map(({ quote }) => quote.fee));
      const { fee } = turn.claim.quote.quote;
      // Closer than a step nothing improves.
      expect(fee - cheapest).to.be.lessThan(Number(parameters.improvementStep));
    }
    for (const { pool } of nodes) expect(pool.size).to.be.greaterThan(0);
  });

  it("5 provers of different costs: the cheapest wins more than 95 % of the epochs", async function () {
    this.timeout(60_000);
    const random = seededRandom("market/costs");
    const market = new FakeMarket();
    market.oldest = 0;
    const pool = new QuotePool({ view: market, verifier: new QuoteVerifier({ domain }) });
    const rivals = testProvers(5).map((prover, i) => ({ prover, strategy: strategyOf(i) }));
    const wins = new Map<Address, number>();
    const epochs = 100;
    let nonce = 0n;
    for (let epoch = 0; epoch < epochs; ++epoch) {
      market.oldest = epoch;
      const turn = new Turn(market.time);
      const blocks = 16 + random.below(17);
      const window = Number(parameters.improvementWindow);
      for (; turn.claim === undefined || market.time <= turn.claim.claimedAt + window; ++market.time) {
        // Any order, and some miss a round.
        const order = [...rivals].sort(() => random.below(3) - 1);
        for (const { prover, strategy } of order) {
          if (random.below(4) === 0) continue;
          const fee = feeOf(pool, epoch, prover, strategy, blocks);
          if (fee === undefined) continue;
          const validUntil = market.time + 200;
          const added = await pool.add(
            signedQuote(prover, { epoch: toEpoch(epoch), fee, validUntil, nonce: nonce++ }),
          );
          const best = added.added ? pool.best(epoch) : undefined;
          if (best) turn.bring(best, market.time);
        }
      }
      const winner = turn.claim.quote.quote.prover;
      wins.set(winner, (wins.get(winner) ?? 0) + 1);
    }
    const share = (wins.get(rivals[0]!.prover.address) ?? 0) / epochs;
    console.log(`      the cheapest of five won ${(share * 100).toFixed(1)} % of ${epochs} epochs`);
    expect(share).to.be.greaterThan(0.95);
  });
});

/** Costs rise by a sixth from prover to prover; every second one undercuts. */
function strategyOf(i: number): PricingStrategy {
  const model: CostModel = {
    secondsPerBlock: 10,
    machineHour: BigInt(1_800_000 + 300_000 * i),
    gas: 1_000n,
    bondCost: 10n,
  };
  return i % 2 === 0
    ? undercutWithFloor(model, { wantedBps: 4_000n, floorBps: 300n, step: 10 })
    : costPlus(model, 500n);
}

function feeOf(
  pool: QuotePool,
  epoch: number,
  prover: TestProver,
  strategy: PricingStrategy,
  blocks: number,
): number | undefined {
  const [cheapestOther] = pool.quotes(epoch).filter(({ quote }) => quote.prover !== prover.address);
  return strategy.price({
    blocks,
    pot: POT,
    bond: bondOf(parameters, POT),
    gasPrice: 2n,
    load: 0.2,
    cheapestOther: cheapestOther?.quote.fee,
  });
}

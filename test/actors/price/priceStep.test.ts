import { expect } from "chai";

import { chooseStep, findStepFault } from "../../../actors/price/priceStep.ts";
import { MAX_PRICE, MIN_PRICE, movedPrice } from "../../../protocol/fees.ts";
import { seededRandom } from "../../../protocol/vectors/random.ts";

const PRICE = 10n ** 8n;

describe("Step of the exchange rate", () => {
  it("is none without an opinion, and when the price is right", () => {
    expect(chooseStep(PRICE, undefined, 100)).to.equal(0);
    expect(chooseStep(PRICE, PRICE, 100)).to.equal(0);
  });

  it("is as far as a block may go, either way", () => {
    expect(chooseStep(PRICE, 2n * PRICE, 100)).to.equal(100);
    expect(chooseStep(PRICE, PRICE / 2n, 100)).to.equal(-100);
    expect(chooseStep(PRICE, 2n * PRICE, 0)).to.equal(0);
  });

  it("is rounded towards nothing: half a basis point away, the price stays", () => {
    expect(chooseStep(PRICE, PRICE + 5_000n, 100)).to.equal(0);
    expect(chooseStep(PRICE, PRICE - 5_000n, 100)).to.equal(0);
    expect(chooseStep(PRICE, PRICE + 10_000n, 100)).to.equal(1);
    expect(chooseStep(PRICE, PRICE - 10_000n, 100)).to.equal(-1);
  });

  it("leads towards the market and never past it, wherever the two are", () => {
    const random = seededRandom("priceStep");
    for (let i = 0; i < 5_000; i++) {
      const price =
        10n ** BigInt(4 + random.below(12)) * BigInt(1 + random.below(9)) + BigInt(random.below(10_000));
      const market =
        i % 2 === 0
          ? (price * BigInt(9_000 + random.below(2_000))) / 10_000n
          : price + BigInt(random.below(2_000_000));
      if (market < MIN_PRICE || market > MAX_PRICE) continue;
      const step = chooseStep(price, market, 100);
      const moved = movedPrice(price, step);
      expect(Math.abs(step)).to.be.at.most(100);
      if (market >= price) expect(moved >= price && moved <= market).to.equal(true, `${price} ${market}`);
      else expect(moved <= price && moved >= market).to.equal(true, `${price} ${market}`);
      expect(findStepFault(price, step, { market, tolerance: 0 })).to.equal(undefined);
    }
  });

  it("comes to within a basis point of a market that stands still", () => {
    let price = PRICE;
    const market = (PRICE * 13n) / 10n;
    for (let block = 0; block < 40; block++) price = movedPrice(price, chooseStep(price, market, 100));
    expect(market - price < market / 10_000n).to.equal(true);
  });
});

describe("Check of another's step", () => {
  const at = (market: bigint, modifier: number, tolerance = 0) =>
    findStepFault(PRICE, modifier, { market, tolerance });

  it("passes no step at all, wherever the market is", () => {
    for (const market of [PRICE / 2n, PRICE, 2n * PRICE]) expect(at(market, 0)).to.equal(undefined);
  });

  it("passes steps up to the market, and finds one that passes it by a basis point", () => {
    expect(at((PRICE * 10_050n) / 10_000n, 50)).to.equal(undefined);
    expect(at((PRICE * 10_050n) / 10_000n, 51)).to.equal("modifierTooFar");
    expect(at((PRICE * 9_950n) / 10_000n, -50)).to.equal(undefined);
    expect(at((PRICE * 9_950n) / 10_000n, -51)).to.equal("modifierTooFar");
  });

  it("finds a step away from the market", () => {
    expect(at((PRICE * 10_050n) / 10_000n, -1)).to.equal("modifierWrongWay");
    expect(at((PRICE * 9_950n) / 10_000n, 1)).to.equal("modifierWrongWay");
    expect(at(PRICE, 1)).to.equal("modifierWrongWay");
    expect(at(PRICE, -1)).to.equal("modifierWrongWay");
  });

  it("passes what ends within the tolerance of the market, whichever way it leads", () => {
    const market = (PRICE * 9_960n) / 10_000n;
    expect(at(market, 9, 50)).to.equal(undefined);
    expect(at(market, 10, 50)).to.equal("modifierWrongWay");
    expect(at(market, -89, 50)).to.equal(undefined);
    expect(at(market, -91, 50)).to.equal("modifierTooFar");
  });
});

import { expect } from "chai";

import { l1FeePath } from "../../economics/fees/l1Fees.ts";
import {
  FEE_CONFIG,
  GENESIS,
  L1_BLOCKS_PER_SLOT,
  LIMITS,
  MAX_MODIFIER,
} from "../../economics/fees/network.ts";
import { replayFees, type FeeRow } from "../../economics/fees/replay.ts";
import * as scenarios from "../../economics/fees/scenarios.ts";
import { estimatorErrors, PATHS, replayPath } from "../../economics/fees/estimatorError.ts";
import { estimateFees } from "../../protocol/feeEstimator.ts";

const LAG = Number(FEE_CONFIG.oracleLag);
const LIFETIME = Number(FEE_CONFIG.oracleLifetime);

describe("fee controller", function () {
  this.timeout(60_000);

  describe("step from empty to full blocks", () => {
    const { from, to } = scenarios.STEP;
    const { rows } = scenarios.demandStep();
    const priceAt = (slot: number): number => Number(rows[slot - 1]!.prices.feePerL2Gas);
    const settled = priceAt(to - 1);

    it("rises to the price at which blocks are half full, without passing it", () => {
      const most = Math.max(...rows.map(({ prices }) => Number(prices.feePerL2Gas)));
      expect(most / settled).to.be.at.most(1.001);
      expect(Number(rows[to - 2]!.gas.l2) / Number(FEE_CONFIG.targetL2)).to.be.within(0.999, 1.001);
    });

    it("is within a tenth of it after fifty slots: e^(1/8.547) a full block", () => {
      const within = rows.findIndex(({ prices }) => Number(prices.feePerL2Gas) >= 0.9 * settled) + 1;
      expect(within - from).to.be.at.most(50);
      const steps = rows.slice(from, within).map((_, i) => priceAt(from + i + 1) / priceAt(from + i));
      expect(Math.max(...steps)).to.be.at.most(1.1242);
    });

    it("is back at cost as many slots after the end as excess was there", () => {
      const excess = Number(rows[to - 1]!.parent.excessL2) / Number(FEE_CONFIG.targetL2);
      const free = rows.findIndex(({ slot, parts }) => slot > to && parts.congestionL2 === 0n) + 1;
      expect(free - to).to.be.within(Math.floor(excess), Math.ceil(excess) + 1);
    });

    it("does not swing when demand is as elastic as it can be: all or nothing", () => {
      // Everybody comes below a price and nobody above it: the hardest case for a controller that steps.
      const threshold = 20n * rows[0]!.prices.feePerL2Gas;
      const swing = replayFees({
        config: FEE_CONFIG,
        limits: LIMITS,
        genesis: GENESIS,
        maxModifier: MAX_MODIFIER,
        slots: 400,
        l1Fees: () => ({ base: 10n ** 9n, blob: 1_000n }),
        demand: (_, prices) => (prices.feePerL2Gas <= threshold ? LIMITS : { l2: 0n, da: 0n }),
      });
      const ratios = swing.slice(100).map(({ prices }) => Number(prices.feePerL2Gas) / Number(threshold));
      expect(Math.max(...ratios)).to.be.at.most(1.1242);
      expect(Math.min(...ratios)).to.be.at.least(1 / 1.2637);
    });
  });

  describe("full blocks at any price, then empty slots", () => {
    const { from, to } = scenarios.FULL;
    const { rows } = scenarios.fullBlocks();

    it("multiplies the price by 42 in an epoch and falls as fast as it rose, without a block", () => {
      const price = (slot: number): number => Number(rows[slot - 1]!.prices.feePerL2Gas);
      expect(price(from + 32) / price(from)).to.be.within(42.2, 42.4);
      for (let slot = from; slot < to; slot++) expect(price(2 * to - slot)).to.equal(price(slot));
      expect(price(to + (to - from) + 1)).to.equal(price(1));
    });

    it("stops at its cap or at e^16, whichever is less, and is at cost again 137 slots after the last block", () => {
      for (const price of [GENESIS.oracle.price, 10n ** 12n]) {
        const long = replayFees({
          config: FEE_CONFIG,
          limits: LIMITS,
          genesis: { ...GENESIS, oracle: { ...GENESIS.oracle, price } },
          maxModifier: MAX_MODIFIER,
          slots: 600,
          l1Fees: () => ({ base: 10n ** 9n, blob: 1_000n }),
          demand: (slot) => (slot <= 400 ? LIMITS : undefined),
        });
        const [first, most] = [long[0]!.prices.feePerL2Gas, long[400]!.prices.feePerL2Gas];
        if (price === 10n ** 12n) expect(Number(most) / Number(first)).to.be.within(8_886_000, 8_886_200);
        else expect(most).to.equal(FEE_CONFIG.maxFeePerL2Gas);
        expect(long[400 + 137]!.parts.congestionL2).to.equal(0n);
      }
    });
  });

  for (const { name, make, part, times } of [
    { name: "L1 base fee ×50", make: scenarios.baseFeeSpike, part: "sequencer", times: 50 },
    { name: "L1 blob base fee ×1,000", make: scenarios.blobFeeSpike, part: "data", times: 1_000 },
  ] as const) {
    describe(name, () => {
      const { from, to, end } = scenarios.SPIKE;
      const { rows } = make();
      const partAt = (slot: number): number => Number(rows[slot - 1]!.parts[part]);

      it("reaches the price within lag and lifetime, exactly and without overshoot", () => {
        const before = partAt(from - 1);
        for (let slot = from; slot < end; slot++) {
          expect(partAt(slot) / before).to.be.oneOf([1, times]);
        }
        for (let slot = from + LAG + LIFETIME; slot < to; slot++)
          expect(partAt(slot) / before).to.equal(times);
      });

      it("is gone as soon after its end, and leaves no congestion behind", () => {
        for (let slot = to + LAG + LIFETIME; slot < end; slot++) {
          expect(rows[slot - 1]!.prices).to.deep.equal(rows[0]!.prices);
        }
      });
    });
  }
});

describe("fee replay", function () {
  this.timeout(60_000);

  it("is the same on every run", () => {
    const path = { ...PATHS[1]!, blocks: 1_206 };
    expect(l1FeePath(path)).to.deep.equal(l1FeePath(path));
  });

  it("keeps L1's fees to L1's rules: an eighth a block", () => {
    for (const path of PATHS) {
      const fees = l1FeePath(path);
      for (let i = 1; i < fees.length; i++) {
        const [before, now] = [fees[i - 1]!.base, fees[i]!.base];
        expect(now * 8n <= before * 9n + 8n && now * 8n >= before * 7n - 8n).to.equal(true, `block ${i}`);
      }
    }
  });

  it("covers the cost of target blocks: what sequencers earn is at least their gas and blobs, but for the lag", () => {
    const rows = replayPath(PATHS[0]!);
    const inWei = (amount: bigint, { parent }: FeeRow): number =>
      Number(amount) * (Number(parent.oracle.price) / 1e12);
    let [earned, cost] = [0, 0];
    for (const row of rows) {
      const { parts, l1Fees } = row;
      earned += inWei(parts.sequencer * FEE_CONFIG.targetL2 + parts.data * FEE_CONFIG.targetDa, row);
      cost += Number(FEE_CONFIG.proposeGas * l1Fees.base + 131_072n * l1Fees.blob);
    }
    expect(earned / cost).to.be.within(0.97, 1.03);
  });
});

describe("fee estimator", () => {
  const outlook = {
    config: FEE_CONFIG,
    limits: LIMITS,
    maxModifier: MAX_MODIFIER,
    parent: GENESIS,
    slot: 1,
    l1Fees: { base: 10n ** 9n, blob: 1_000n },
    l1BlocksPerSlot: L1_BLOCKS_PER_SLOT,
  };

  it("never asks for less for a longer wait", () => {
    let last = 0n;
    for (let blocks = 1; blocks <= 40; blocks++) {
      const { feePerL2Gas } = estimateFees({ ...outlook, blocks });
      expect(feePerL2Gas >= last).to.equal(true);
      last = feePerL2Gas;
    }
  });

  it("is exact for the next block, and enough in the worst case for all of L1's rules allow", function () {
    this.timeout(60_000);
    for (const path of PATHS) {
      for (const { caution, blocks, tooLow, highOver } of estimatorErrors(path)) {
        if (blocks === 1) expect([tooLow, highOver]).to.deep.equal([0, 1]);
        if (caution === "certain") expect(tooLow).to.equal(0);
        if (caution === "likely" && path.name === "calm") expect(tooLow).to.be.at.most(0.01);
        if (caution === "likely" && blocks <= 8) expect(tooLow).to.equal(0);
        if (caution === "likely") expect(tooLow).to.be.at.most(0.05);
      }
    }
  });
});

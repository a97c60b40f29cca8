import { expect } from "chai";

import * as fees from "../../protocol/fees.ts";
import { toSlot } from "../../protocol/time.ts";
import { sampleFeeStep } from "../../protocol/vectors/feeModel.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";

const GWEI = 10n ** 9n;

/** Blocks of 512 transactions, 32 slots an epoch. */
const config: fees.FeeConfig = {
  targetL2: 3_840_000n,
  targetDa: 32_768n,
  fractionL2: 32_820_000n,
  fractionDa: 280_000n,
  proposeGas: 60_000n,
  proofGas: 37_500n,
  provingCost: 1_000_000n,
  maxFeePerL2Gas: 2n ** 50n,
  maxFeePerDaGas: 2n ** 57n,
  oracleLag: 2n,
  oracleLifetime: 5n,
};

const genesis: fees.FeeState = {
  slot: toSlot(0),
  excessL2: 0n,
  excessDa: 0n,
  oracleAge: 0,
  oracle: { price: 10n ** 9n, preBase: GWEI, preBlob: 1n, postBase: GWEI, postBlob: 1n },
};

describe("protocol/fees", function () {
  this.timeout(30_000);

  const random = seededRandom("test/fees");

  it("splits every block's fees to the base unit: burned + prover + sequencer = gas × prices", () => {
    for (let i = 0; i < 2_000; i++) {
      const { step } = sampleFeeStep(random);
      const parts = fees.feeParts(step);
      const { burned, prover, sequencer } = fees.splitFees(parts, step.gas);
      const { feePerL2Gas, feePerDaGas } = fees.pricesOf(parts);
      expect(burned + prover + sequencer).to.equal(step.gas.l2 * feePerL2Gas + step.gas.da * feePerDaGas);
    }
  });

  it("burns exactly the congestion, gives the proof's part to the prover and the rest to the sequencer", () => {
    const parts = { sequencer: 2n, prover: 3n, congestionL2: 5n, data: 7n, congestionDa: 11n };
    expect(fees.pricesOf(parts)).to.deep.equal({ feePerL2Gas: 10n, feePerDaGas: 18n });
    expect(fees.splitFees(parts, { l2: 100n, da: 10n })).to.deep.equal({
      burned: 610n,
      prover: 300n,
      sequencer: 270n,
    });
  });

  it("credits nothing for a block that charged nothing, whatever its blob holds", () => {
    const parts = fees.feeParts({ config, parent: genesis, slot: 1 });
    const nothing = { burned: 0n, prover: 0n, sequencer: 0n };
    expect(fees.splitFees(parts, { l2: 0n, da: 0n })).to.deep.equal(nothing);
  });

  it("rounds every cost up, in one step", () => {
    // 10^9 wei a gas, exchange rate 10^-3: 10^12 base units. 60,000 / 3,840,000 = 1/64.
    const parts = fees.feeParts({ config, parent: genesis, slot: 1 });
    expect(parts.sequencer).to.equal(10n ** 12n / 64n);
    expect(parts.prover).to.equal((37_500n * 10n ** 12n) / 3_840_000n + 10n ** 9n);
    expect(parts.data).to.equal(4_000n);
    const awkward = { ...config, targetL2: 3_839_999n };
    expect(fees.feeParts({ config: awkward, parent: genesis, slot: 1 }).sequencer).to.equal(
      (60_000n * 10n ** 12n) / 3_839_999n + 1n,
    );
  });

  it("keeps prices constant while blocks use the target and nothing moves on L1", () => {
    let state = genesis;
    const first = fees.pricesAt({ config, parent: state, slot: 1 });
    for (let slot = 1; slot < 50; slot++) {
      const step = { config, parent: state, slot, gas: { l2: config.targetL2, da: config.targetDa } };
      expect(fees.pricesAt(step)).to.deep.equal(first);
      state = fees.advanceFees({ ...step, modifier: 0, l1Fees: { base: GWEI, blob: 1n } });
    }
  });

  it("multiplies a price by 1.124 for each full block, as e^(1/8.547)", () => {
    const dear = { ...genesis, oracle: { ...genesis.oracle, preBase: 100n * GWEI } };
    const at = (blocks: bigint): bigint =>
      fees.pricesAt({ config, parent: { ...dear, excessL2: blocks * config.targetL2 }, slot: 1 }).feePerL2Gas;
    expect(Number((at(1n) * 10_000n) / at(0n))).to.equal(11_241);
    expect(Number((at(32n) * 10_000n) / at(0n))).to.be.within(422_000, 423_500);
  });

  it("counts an empty slot as a block that used nothing", () => {
    const parent = { ...genesis, excessL2: 10n * config.targetL2, excessDa: config.targetDa };
    expect(fees.excessAt({ config, parent, slot: 1 })).to.deep.equal({
      l2: 10n * config.targetL2,
      da: config.targetDa,
    });
    expect(fees.excessAt({ config, parent, slot: 4 })).to.deep.equal({ l2: 7n * config.targetL2, da: 0n });
    expect(fees.excessAt({ config, parent, slot: 400 })).to.deep.equal({ l2: 0n, da: 0n });
  });

  it("is within 1e-9 of the loop of EIP-4844, and equal on its vector", () => {
    expect((5_415_357_955n * fees.exponential(2_611_772_262n, 10n ** 11n)) >> 64n).to.equal(5_558_657_961n);
    for (let i = 0n; i <= 320n; i++) {
      const loop = fakeExponential(10n ** 30n, i, 20n);
      const ours = (10n ** 30n * fees.exponential(i, 20n)) >> 64n;
      expect((loop > ours ? loop - ours : ours - loop) * 10n ** 9n <= loop).to.equal(true, `${i}/20`);
    }
  });

  it("never shows more than the caps, at any excess and any L1 fee", () => {
    for (let i = 0; i < 2_000; i++) {
      const { step } = sampleFeeStep(random);
      const { feePerL2Gas, feePerDaGas } = fees.pricesAt(step);
      expect(feePerL2Gas <= step.config.maxFeePerL2Gas && feePerDaGas <= step.config.maxFeePerDaGas).to.equal(
        true,
      );
    }
  });

  it("takes the market's exchange rate in steps within the bound, and never passes it", () => {
    for (const [price, market] of [
      [10n ** 9n, 13n * 10n ** 8n],
      [10n ** 9n, 7n * 10n ** 8n],
      [10_000n, 10_050n],
    ] as const) {
      let now: bigint = price;
      for (let i = 0; i < 60; i++) {
        const modifier = fees.modifierTowards(now, market, 100);
        expect(Math.abs(modifier)).to.be.at.most(100);
        const next = fees.movedPrice(now, modifier);
        expect(market >= price ? next <= market && next >= now : next <= now).to.equal(true);
        now = next;
      }
      const apart = Number(market > now ? market - now : now - market);
      expect(apart / Number(market)).to.be.below(0.0003);
    }
  });
});

/** EIP-4844's `fake_exponential`. */
function fakeExponential(factor: bigint, numerator: bigint, denominator: bigint): bigint {
  let sum = 0n;
  for (let i = 1n, term = factor * denominator; term > 0n; i++) {
    sum += term;
    term = (term * numerator) / (denominator * i);
  }
  return sum / denominator;
}

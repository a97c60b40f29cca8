import { expect } from "chai";
import { network } from "hardhat";

import { exponential } from "../../protocol/fees.ts";
import {
  feeResultWords,
  feeStepWords,
  sampleExponent,
  sampleFeeStep,
} from "../../protocol/vectors/feeModel.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import type { FeeHarness } from "../../types/ethers-contracts/index.ts";

const BATCHES = 50;
const PER_BATCH = 200;

describe("FeeLib and protocol/fees", () => {
  const random = seededRandom("feeLib/differential");
  let harness: FeeHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("FeeHarness");
  });

  it(`agree on ${BATCHES * PER_BATCH} steps, ordinary and extreme`, async function () {
    this.timeout(120_000);
    for (let batch = 0; batch < BATCHES; batch++) {
      const steps = Array.from({ length: PER_BATCH }, () => sampleFeeStep(random).step);
      const results = await harness.run.staticCall(
        steps.map((step) => {
          const { config, l1Fees, ...words } = feeStepWords(step);
          return { ...words, config: structOf(config), l1Fees: structOf(l1Fees) };
        }),
      );
      steps.forEach((step, i) => {
        const { parts, prices, fees, sequencerFee, feeState, nextOracle } = results[i]!;
        expect({
          parts: [...parts],
          ...{ prices, fees, sequencerFee, feeState, nextOracle },
        }).to.deep.equal(feeResultWords(step), `step ${batch * PER_BATCH + i}`);
      });
    }
  });

  it("agree on 10,000 exponentials", async function () {
    this.timeout(60_000);
    for (let batch = 0; batch < 10; batch++) {
      const samples = Array.from({ length: 1_000 }, () => sampleExponent(random));
      const values = await harness.exponentials(
        samples.map(({ numerator }) => numerator),
        samples.map(({ denominator }) => denominator),
      );
      expect([...values]).to.deep.equal(
        samples.map(({ numerator, denominator }) => exponential(numerator, denominator)),
      );
    }
  });

  it("take as valid what the samples are made of", async () => {
    for (let i = 0; i < 100; i++) {
      const { step, maxL2Gas, maxDaGas, slotsPerEpoch } = sampleFeeStep(random);
      const { config } = feeStepWords(step);
      expect(await harness.validate(structOf(config), maxL2Gas, maxDaGas, slotsPerEpoch)).to.match(/^0x0+$/);
    }
  });
});

/** A struct by its fields' order. */
function structOf<Struct>(fields: readonly bigint[]): Struct {
  return fields as unknown as Struct;
}

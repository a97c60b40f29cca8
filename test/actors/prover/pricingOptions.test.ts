import { expect } from "chai";

import { WorkSchedule } from "../../../actors/market/workSchedule.ts";
import {
  costModelOf,
  gasPriceInToken,
  STRATEGIES,
  strategyOf,
} from "../../../actors/prover/pricingOptions.ts";

describe("Prices of a prover", () => {
  const schedule = (): WorkSchedule =>
    new WorkSchedule({
      machines: 1,
      secondsPerBlock: 10,
      submissionSeconds: 1,
      breakSeconds: 1,
      now: () => 0,
    });
  const situation = { blocks: 2, pot: 10_000n, bond: 0n, gasPrice: 1n, load: 0, cheapestOther: 900 };
  const pricing = { machineHour: 36_000n, marginBps: 1_000n, gas: 100n, bondCostBps: 0n };

  it("follow the strategy that is named", () => {
    const fees = STRATEGIES.map((strategy) => {
      const options = { ...pricing, strategy };
      const model = costModelOf(options, schedule());
      return strategyOf(options, model, { improvementStep: 50n }).price(situation);
    });
    // Costs are 200 for machines and 100 for gas.
    expect(fees).to.deep.equal([330, 330, 100]);
  });

  it("follow the proving time that is measured", () => {
    const measured = schedule();
    const options = { ...pricing, strategy: "cost-plus" as const };
    const strategy = strategyOf(options, costModelOf(options, measured), { improvementStep: 50n });
    measured.take({ epoch: 1, blocks: 2, deadline: 100 });
    measured.succeed(1, 120); // 60 s a block, where 10 were estimated
    expect(strategy.price(situation)).to.equal(1_430);
  });

  it("count L1 gas in tokens at the record's exchange rate, rounded up", () => {
    const market = { baseFeePerGas: 9n, tip: 1n, baseFeePerBlobGas: 0n };
    expect(gasPriceInToken(market, 10n ** 12n)).to.equal(10n);
    expect(gasPriceInToken(market, 3n * 10n ** 12n)).to.equal(4n);
    expect(gasPriceInToken(market, 0n)).to.equal(0n);
  });
});

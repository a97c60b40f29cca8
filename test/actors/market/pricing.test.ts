import { expect } from "chai";

import {
  type CostModel,
  costOf,
  costPlus,
  feeFor,
  idleCapacity,
  type PricingSituation,
  undercutWithFloor,
} from "../../../actors/market/pricing.ts";
import { WorkSchedule } from "../../../actors/market/workSchedule.ts";
import { payOf } from "../../../protocol/market.ts";
import { seededRandom } from "../../../protocol/vectors/random.ts";

const model: CostModel = { secondsPerBlock: 10, machineHour: 36_000n, gas: 1_000n, bondCost: 10n };
const situation: PricingSituation = {
  blocks: 4,
  pot: 100_000n,
  bond: 1_000_000n,
  gasPrice: 2n,
  load: 0,
  cheapestOther: undefined,
};

describe("actors/market/pricing", () => {
  it("an epoch costs machines, gas and capital", () => {
    expect(costOf(model, situation)).to.equal(400n + 2_000n + 1_000n);
  });

  it("a fee covers what it is for, and no basis point less does", () => {
    const random = seededRandom("market/fees");
    for (let i = 0; i < 500; ++i) {
      const pot = random.bits(60) + 1n;
      const amount = random.bits(60);
      const fee = feeFor(amount, pot);
      if (amount > pot) expect(fee).to.equal(undefined);
      else {
        expect(payOf(pot, BigInt(fee!)) >= amount).to.equal(true);
        if (fee! > 0) expect(payOf(pot, BigInt(fee! - 1)) < amount).to.equal(true);
      }
    }
    expect(feeFor(1n, 0n)).to.equal(undefined);
  });

  it("cost-plus asks costs and margin, whatever the others do", () => {
    const strategy = costPlus(model, 1_000n);
    expect(strategy.price(situation)).to.equal(374);
    expect(strategy.price({ ...situation, cheapestOther: 1 })).to.equal(374);
    expect(strategy.price({ ...situation, pot: 3_739n })).to.equal(undefined);
  });

  it("undercut goes a step under the cheapest, down to its floor", () => {
    const strategy = undercutWithFloor(model, { wantedBps: 10_000n, floorBps: 0n, step: 5 });
    expect(strategy.price(situation)).to.equal(680);
    expect(strategy.price({ ...situation, cheapestOther: 500 })).to.equal(495);
    expect(strategy.price({ ...situation, cheapestOther: 100 })).to.equal(340);
    expect(strategy.price({ ...situation, cheapestOther: 9_000 })).to.equal(680);
  });

  it("idle capacity asks gas and capital alone, and more the busier it is", () => {
    const strategy = idleCapacity(model, { fullMarginBps: 5_000n });
    expect(strategy.price(situation)).to.equal(300);
    expect(strategy.price({ ...situation, load: 0.5 })).to.equal(405);
    expect(strategy.price({ ...situation, load: 1 })).to.equal(undefined);
  });
});

describe("actors/market/workSchedule", () => {
  let time = 0;
  const schedule = (machines = 1) =>
    new WorkSchedule({
      machines,
      secondsPerBlock: 10,
      submissionSeconds: 20,
      breakSeconds: 100,
      now: () => time,
    });

  beforeEach(() => (time = 0));

  it("never promises more than it can finish", () => {
    const work = schedule();
    expect(work.canTake({ epoch: 1, blocks: 4, deadline: 59 })).to.equal(false);
    expect(work.canTake({ epoch: 1, blocks: 4, deadline: 60 })).to.equal(true);
    work.take({ epoch: 1, blocks: 4, deadline: 60 });
    expect(work.canTake({ epoch: 2, blocks: 4, deadline: 99 })).to.equal(false);
    expect(work.canTake({ epoch: 2, blocks: 4, deadline: 100 })).to.equal(true);
    // An earlier deadline would push out what is promised.
    expect(work.canTake({ epoch: 3, blocks: 1, deadline: 40 })).to.equal(false);
    const two = schedule(2);
    two.take({ epoch: 1, blocks: 4, deadline: 60 });
    expect(two.canTake({ epoch: 2, blocks: 4, deadline: 60 })).to.equal(true);
  });

  it("finishes in the order of deadlines, and every accepted set in time", () => {
    const random = seededRandom("market/schedule");
    for (let round = 0; round < 200; ++round) {
      time = 0;
      const work = schedule();
      for (let epoch = 0; epoch < 8; ++epoch) {
        const job = { epoch, blocks: 1 + random.below(6), deadline: 20 + random.below(300) };
        if (work.canTake(job)) work.take(job);
      }
      let last = 0;
      for (let job = work.next(); job; job = work.next()) {
        expect(job.deadline).to.be.at.least(last);
        last = job.deadline;
        time += job.blocks * 10;
        expect(time + 20).to.be.at.most(job.deadline);
        work.succeed(job.epoch);
      }
    }
  });

  it("stops promising after a failure, for longer with each, until one succeeds", () => {
    const work = schedule();
    work.take({ epoch: 1, blocks: 1, deadline: 50 });
    work.take({ epoch: 2, blocks: 1, deadline: 90 });
    work.fail(1);
    expect(work.isBroken).to.equal(true);
    expect(work.canTake({ epoch: 3, blocks: 1, deadline: 10_000 })).to.equal(false);
    // What is owed is still owed.
    expect(work.next()!.epoch).to.equal(2);
    time = 100;
    expect(work.isBroken).to.equal(false);
    work.fail(2);
    time = 299;
    expect(work.isBroken).to.equal(true);
    time = 300;
    work.take({ epoch: 3, blocks: 1, deadline: 10_000 });
    work.succeed(3, 20);
    work.fail(9);
    time = 400;
    expect(work.isBroken).to.equal(false);
  });

  it("its estimate follows what proofs take: up at once, down slowly", () => {
    const work = schedule();
    work.take({ epoch: 1, blocks: 2, deadline: 100 });
    expect(Math.abs(work.load - 0.2)).to.be.below(1e-9);
    work.succeed(1, 40);
    expect(Math.abs(work.secondsPerBlock - 20)).to.be.below(1e-9);
    work.measure(2, 20);
    expect(Math.abs(work.secondsPerBlock - 18)).to.be.below(1e-9);
    expect(work.load).to.equal(0);
  });
});

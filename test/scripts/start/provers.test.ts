import { expect } from "chai";

import type { NetworkEvent } from "../../../actors/network/localNetwork.ts";
import { CrashRule, marketProvers, PROVERS, RECKLESS } from "../../../scripts/start/provers.ts";

const proven = (epoch: number): NetworkEvent => ({
  source: "node",
  event: { type: "epochProven", epoch, number: epoch, prover: "0x01" },
});
const claimed = (epoch: number, index: number): NetworkEvent => ({
  source: "market",
  index,
  event: { type: "claimed", epoch, fee: 100, hash: "0x02" },
});
const OTHER = 0;

describe("the provers of npm start", () => {
  it("crash once: the reckless one, with the first claim that it brings behind a proven epoch", () => {
    const rule = new CrashRule();
    const crashes = [
      claimed(0, RECKLESS),
      proven(0),
      claimed(1, OTHER),
      proven(1),
      claimed(2, RECKLESS),
      claimed(3, RECKLESS),
    ].map((told) => rule.observe(told));
    expect(crashes).to.deep.equal([false, false, false, false, true, false]);
    expect(rule.crashed).to.equal(2);
  });

  it("do not crash while nothing is proven, nor for other news of the reckless one", () => {
    const rule = new CrashRule();
    expect(rule.observe(claimed(0, RECKLESS))).to.equal(false);
    rule.observe(proven(0));
    const quoted: NetworkEvent = {
      source: "market",
      index: RECKLESS,
      event: { type: "quoted", epoch: 1, fee: 1 },
    };
    expect(rule.observe(quoted)).to.equal(false);
    expect(rule.crashed).to.equal(undefined);
  });

  it("have costs that keep their order when one measures three times what another estimates", () => {
    const [cheap, dear, reckless] = PROVERS;
    expect(reckless.machineHour * 3n <= cheap.machineHour).to.equal(true);
    expect(cheap.machineHour * 3n < dear.machineHour).to.equal(true);
    expect(marketProvers().map(({ measures }) => measures)).to.deep.equal([true, true, false]);
  });
});

import { expect } from "chai";

import { DEFAULT_PROOF_CEILING, proofCeiling } from "../../../actors/prover/proofCeiling.ts";
import { epochEnd, proofDeadline, toEpoch, toTimestamp } from "../../../protocol/time.ts";

const clock = {
  genesisTime: toTimestamp(1_000),
  slotDuration: 72,
  slotsPerEpoch: 32,
  proofSubmissionEpochs: 1,
};
const epoch = toEpoch(3);
const end = epochEnd(clock, epoch);
const deadline = proofDeadline(clock, epoch);

describe("Fee ceiling of a proof", () => {
  const at = (time: number, dueBy?: number, l1BlockTime = 12): bigint =>
    proofCeiling({ range: DEFAULT_PROOF_CEILING, clock, epoch, dueBy, l1BlockTime, time }).maxFeePerGas;
  const { start, end: last } = DEFAULT_PROOF_CEILING;

  it("is the first one up to the epoch's end, and rises to the last six L1 blocks before the deadline", () => {
    expect(at(end - 100)).to.equal(start.maxFeePerGas);
    expect(at(end)).to.equal(start.maxFeePerGas);
    let before = 0n;
    for (let time = Number(end); time <= deadline; time += 60) {
      const now = at(time);
      expect(now >= before && now <= last.maxFeePerGas).to.equal(true);
      before = now;
    }
    expect(at(deadline - 73)).to.be.lessThan(last.maxFeePerGas);
    expect(at(deadline - 72)).to.equal(last.maxFeePerGas);
    expect(at(deadline + 1_000)).to.equal(last.maxFeePerGas);
  });

  it("rises to an earlier time when the proof is due earlier", () => {
    expect(at(end + 528, end + 600)).to.equal(last.maxFeePerGas);
    expect(at(end + 264, end + 600)).to.equal((start.maxFeePerGas + last.maxFeePerGas) / 2n);
  });

  it("has reached its end by half of a time that is too short for six blocks, and at once when it is late", () => {
    expect(at(end + 20, end + 40)).to.equal(last.maxFeePerGas);
    expect(at(end + 1, end - 40)).to.equal(last.maxFeePerGas);
  });
});

import { expect } from "chai";

import * as time from "../../protocol/time.ts";
import { expectProtocolError } from "./support/errors.ts";

const clock: time.Clock = {
  genesisTime: time.toTimestamp(1_000),
  slotDuration: 12,
  slotsPerEpoch: 4,
  proofSubmissionEpochs: 1,
};
const at = time.toTimestamp;

describe("protocol/time", () => {
  it("counts slots from genesis, a slot begins with its first second", () => {
    expect(time.slotAt(clock, at(1_000))).to.equal(0);
    expect(time.slotAt(clock, at(1_011))).to.equal(0);
    expect(time.slotAt(clock, at(1_012))).to.equal(1);
  });

  it("gives back the slot of its own start and of its last second", () => {
    for (const number of [0, 1, 7, 1_000_000]) {
      const slot = time.toSlot(number);
      expect(time.slotAt(clock, time.slotStart(clock, slot))).to.equal(slot);
      expect(time.slotAt(clock, at(time.slotEnd(clock, slot) - 1))).to.equal(slot);
      expect(time.slotEnd(clock, slot)).to.equal(time.slotStart(clock, time.toSlot(number + 1)));
    }
  });

  it("puts the first and the last slot of an epoch into it, and their neighbours not", () => {
    const epoch = time.toEpoch(3);
    expect(time.epochOf(clock, time.firstSlot(clock, epoch))).to.equal(3);
    expect(time.epochOf(clock, time.lastSlot(clock, epoch))).to.equal(3);
    expect(time.epochOf(clock, time.toSlot(time.firstSlot(clock, epoch) - 1))).to.equal(2);
    expect(time.epochOf(clock, time.toSlot(time.lastSlot(clock, epoch) + 1))).to.equal(4);
    expect(time.epochAt(clock, time.epochStart(clock, epoch))).to.equal(3);
    expect(time.epochAt(clock, time.epochEnd(clock, epoch))).to.equal(4);
  });

  it("ends the time for a proof with the epoch that is proofSubmissionEpochs later", () => {
    expect(time.proofDeadline(clock, time.toEpoch(2))).to.equal(1_000 + 12 * 4 * 4);
    const patient = { ...clock, proofSubmissionEpochs: 0 };
    expect(time.proofDeadline(patient, time.toEpoch(2))).to.equal(time.epochEnd(patient, time.toEpoch(2)));
  });

  it("refuses a time before genesis", () => {
    expectProtocolError("before-genesis", () => time.slotAt(clock, at(999)));
  });

  it("refuses numbers that are no slot, epoch or timestamp", () => {
    expectProtocolError("out-of-range", () => time.toSlot(-1));
    expectProtocolError("out-of-range", () => time.toSlot(1.5));
    expectProtocolError("out-of-range", () => time.toEpoch(2 ** 32));
    expectProtocolError("out-of-range", () => time.toTimestamp(Number.NaN));
    expect(time.toSlot(2n ** 32n - 1n)).to.equal(2 ** 32 - 1);
  });
});

import { expect } from "chai";

import { messagesToTake } from "../../../actors/sequencer/messagePolicy.ts";
import { toSlot } from "../../../protocol/time.ts";
import { fakeParameters } from "../support/fakeL1.ts";

describe("Message policy", () => {
  const parameters = { ...fakeParameters(), messageDeadline: 30 };
  const room = parameters.sizes.messages;

  /** Messages sent at these times since genesis, the first with index 1; a slot has 12 seconds. */
  const take = (policy: "eager" | "whenOverdue", sentAt: number[], slot: number, consumed = 0) =>
    messagesToTake({
      policy,
      rollup: { parameters, messageSentAt: (index: number) => Promise.resolve(sentAt[index - 1]!) },
      consumed,
      waiting: sentAt.length - consumed,
      slot: toSlot(slot),
    });

  it("takes as many as a block has room for when eager", async () => {
    expect(await take("eager", [0, 0, 0, 0, 0, 0], 1)).to.equal(room);
    expect(await take("eager", [0], 1)).to.equal(1);
  });

  it("takes a message only when L1 would refuse the block without it", async () => {
    // Due at the very start of slot 3, second 36.
    expect(await take("whenOverdue", [6], 2)).to.equal(0);
    expect(await take("whenOverdue", [6], 3)).to.equal(1);
    expect(await take("whenOverdue", [7], 3)).to.equal(0);
    expect(await take("whenOverdue", [6, 7], 3)).to.equal(1);
    expect(await take("whenOverdue", [0, 0, 6, 7], 3, 2)).to.equal(1);
    expect(await take("whenOverdue", [0, 0, 0, 0, 0, 0], 9)).to.equal(room);
  });
});

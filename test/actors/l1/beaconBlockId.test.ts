import { expect } from "chai";

import { anvilBlockId, beaconSlotId } from "../../../actors/l1/beaconBlockId.ts";

describe("Beacon block id", () => {
  it("is the execution block number on anvil", () => {
    expect(anvilBlockId({ number: 17, timestamp: 1_800_000_000 })).to.equal("17");
  });

  it("is the slot of the timestamp on a real network", () => {
    // Mainnet: the first block after the Merge, 15,537,394, is that of slot 4,700,013.
    const mainnet = beaconSlotId({ genesisTime: 1_606_824_023, secondsPerSlot: 12 });
    expect(mainnet({ number: 15_537_394, timestamp: 1_663_224_179 })).to.equal("4700013");
    expect(mainnet({ number: 0, timestamp: 1_606_824_023 })).to.equal("0");
  });

  it("refuses a timestamp that no slot has", () => {
    const sepolia = beaconSlotId({ genesisTime: 1_655_733_600, secondsPerSlot: 12 });
    expect(() => sepolia({ number: 1, timestamp: 1_655_733_601 })).to.throw(/not the start of a beacon slot/);
    expect(() => sepolia({ number: 1, timestamp: 1_655_733_588 })).to.throw(/not the start of a beacon slot/);
  });
});

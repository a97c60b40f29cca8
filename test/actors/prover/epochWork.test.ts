import { expect } from "chai";

import { toTimestamp } from "../../../protocol/time.ts";
import type { ChainPoint } from "../../../actors/node/chainState.ts";
import { Node } from "../../../actors/node/node.ts";
import { type EpochWork, completeEpochs } from "../../../actors/prover/epochWork.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { FakeL1, type Lie } from "../support/fakeL1.ts";

/** Genesis at 1,000 s, slots of 12 s, epochs of two slots. */
const startOfSlot = (slot: number) => toTimestamp(1_000 + 12 * slot);

describe("Complete epochs", () => {
  let l1: FakeL1;
  let node: Node;
  let parent: ChainPoint;

  beforeEach(() => {
    l1 = new FakeL1();
    node = new Node({ provider: l1.provider, rollup: l1.rollup, blobs: l1, logger: silentLogger });
    parent = node.chain.genesis;
  });

  const propose = (slot: number, lie?: Lie): void => {
    parent = l1.propose({ parent, slot, ...(lie ? { lie } : {}) }).point;
  };
  async function epochsAt(slot: number): Promise<EpochWork[]> {
    await node.sync();
    return completeEpochs({ chain: node.chain, parameters: l1.parameters, time: startOfSlot(slot) });
  }
  const shape = (works: EpochWork[]) =>
    works.map(({ epoch, blocks, next }) => [epoch, blocks.length, next !== undefined]);

  it("are none while the epoch can get another block", async () => {
    propose(2);
    expect(shape(await epochsAt(3))).to.deep.equal([]);
    expect(shape(await epochsAt(4))).to.deep.equal([[1, 1, false]]);
  });

  it("end with their last slot's block, or with a block of a later epoch", async () => {
    propose(2);
    propose(3);
    expect(shape(await epochsAt(3))).to.deep.equal([[1, 2, false]]);
    propose(6);
    expect(shape(await epochsAt(6))).to.deep.equal([[1, 2, true]]);
  });

  it("start behind what is proven", async () => {
    propose(1);
    propose(2);
    propose(3);
    l1.mine([
      (at) => ({
        type: "epochProven",
        at,
        epoch: 0,
        number: 1,
        prover: "0x",
        timestamp: 0,
        endRecordHash: "0x",
        rewardsRoot: "0x",
        participation: [0n, 0n],
        seedWord: 0n,
        outboxWord: 0n,
      }),
    ]);
    const [work] = await epochsAt(4);
    expect(work?.epoch).to.equal(1);
    expect(work?.start.number).to.equal(1);
    expect(work?.blocks.map(({ number }) => number)).to.deep.equal([2, 3]);
  });

  it("stop before a block that lies: it cannot be proven", async () => {
    propose(1);
    propose(2);
    propose(3, { gasL2: 1n });
    propose(4);
    expect(shape(await epochsAt(10))).to.deep.equal([[0, 1, true]]);
  });
});

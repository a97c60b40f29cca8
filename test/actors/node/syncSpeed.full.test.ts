import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "chai";

import { Node } from "../../../actors/node/node.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { FakeL1 } from "../support/fakeL1.ts";
import { generateChain } from "../support/generatedChain.ts";

const USERS = 48;

describe("Node, over a long chain", function () {
  this.timeout(600_000);

  it("syncs 600 full blocks with every root checked", async () => {
    const l1 = new FakeL1();
    const { tip, transactions } = generateChain({ l1, blocks: 600, users: USERS, real: true });
    const node = new Node({ provider: l1.provider, rollup: l1.rollup, blobs: l1, logger: silentLogger });

    const began = performance.now();
    await node.sync();
    const rate = (1000 * 600) / (performance.now() - began);

    console.log(`      ${rate.toFixed(0)} blocks/s, ${(transactions / 600).toFixed(1)} transactions a block`);
    expect(node.chain.proven).to.equal(600);
    expect(node.chain.tip.state.root()).to.equal(tip.state.root());
    expect(rate).to.be.greaterThan(150);
  });

  it("keeps its memory flat over 10,000 blocks", async () => {
    const l1 = new FakeL1();
    const { tip } = generateChain({ l1, blocks: 10_000, users: USERS, perBlock: 1, real: false });
    // Blocks 3, 6, 9 … of L1 hold proofs: the node sees every block together with its proof.
    const range = 2_100;
    const node = new Node({
      provider: l1.provider,
      rollup: l1.rollup,
      blobs: l1,
      logger: silentLogger,
      range,
    });
    const last = l1.head.number;

    const used: number[] = [];
    for (const share of [0.2, 0.6, 1]) {
      l1.shownUpTo = share === 1 ? last : 3 * Math.floor((last * share) / 3);
      await node.sync();
      used.push(heapUsed());
    }
    expect(node.chain.proven).to.equal(10_000);
    expect(node.chain.tip.state.root()).to.equal(tip.state.root());
    const growth = used.map((bytes) => (bytes - used[0]!) / 2 ** 20);
    console.log(
      `      heap after 2,000, 6,000 and 10,000 blocks: ${growth.map((mb) => `+${mb.toFixed(1)}`).join(", ")} MB`,
    );
    expect(growth.at(-1)).to.be.lessThan(8);
  });
});

/** Bytes in use behind a full collection. */
function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

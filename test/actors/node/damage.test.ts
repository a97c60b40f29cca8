import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

import { Node } from "../../../actors/node/node.ts";
import { NodeStore, chainIdentity } from "../../../actors/node/nodeStore.ts";
import { type Logger, silentLogger } from "../../../actors/support/logger.ts";
import { Random } from "../../../actors/traffic/random.ts";
import { FakeL1 } from "../support/fakeL1.ts";
import { expectMessages, generateChain } from "../support/generatedChain.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const DEPTH = 4;
const ROUNDS = 24;

describe("Node's store, damaged at random", function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  after(() => folder.remove());

  it(`leads to the same state or is built anew, ${ROUNDS} times`, async () => {
    const l1 = new FakeL1();
    const chain = generateChain({ l1, blocks: 10, users: 4, real: true, unproven: 2 });
    for (let i = 0; i < DEPTH + 1; i++) l1.mine([]);
    const path = join(folder.path, "node.sqlite");
    let rebuilt = 0;
    const logger: Logger = {
      ...silentLogger,
      warn: (_fields, message) => void (rebuilt += Number(message.includes("of no use"))),
      child: () => logger,
    };
    const sync = async (): Promise<Node> => {
      const identity = chainIdentity(l1.parameters);
      const store = NodeStore.open({ path, identity, logger });
      const { provider, rollup } = l1;
      const node = new Node({ provider, rollup, blobs: l1, logger, reorgDepth: DEPTH, store });
      await node.sync();
      await node.close();
      return node;
    };
    const epochsOf = (node: Node): unknown => node.chain.provenEpochs;
    const expected = epochsOf(await sync());
    const whole = readFileSync(path);

    const random = new Random(99);
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = Buffer.from(whole);
      const flips = round % 3 === 0 ? 0 : 1 + random.below(8);
      for (let i = 0; i < flips; i++) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      writeFileSync(path, flips === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes);
      const node = await sync();
      expect(node.chain.tip.state.root(), `round ${round}`).to.equal(chain.tip.state.root());
      expect(node.chain.proven).to.equal(7);
      expectMessages(node, chain);
      expect(epochsOf(node)).to.deep.equal(expected);
    }
    console.log(`      built anew ${rebuilt} times of ${ROUNDS}`);
    expect(rebuilt).to.be.greaterThan(ROUNDS / 3);
  });
});

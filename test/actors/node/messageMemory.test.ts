import { join } from "node:path";
import { expect } from "chai";

import type { Message } from "../../../protocol/message.ts";
import { merkleCommitment } from "../../../protocol/merkle.ts";
import { ChainState, type ChainPoint } from "../../../actors/node/chainState.ts";
import { MessageLog } from "../../../actors/node/messageLog.ts";
import { Node } from "../../../actors/node/node.ts";
import { NodeStore, chainIdentity } from "../../../actors/node/nodeStore.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { FakeL1, depositsOf } from "../support/fakeL1.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

/** Messages that each block consumes. */
const A_BLOCK = 2;
/** Blocks behind the proven tip that a node keeps. */
const KEPT_BLOCKS = 256;

describe("Node's memory of messages", function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  after(() => folder.remove());

  /** Blocks that each consume a new account's deposits, two an epoch, proven epoch by epoch. */
  function extend(l1: FakeL1, inbox: Message[], from: ChainPoint, blocks: number): ChainPoint {
    let tip = from;
    for (let i = 0; i < blocks; i++) {
      const sent = depositsOf(inbox.length / A_BLOCK);
      l1.send(sent, inbox);
      inbox.push(...sent);
      tip = l1.propose({ parent: tip, slot: tip.number + 2, inbox, candidates: [], real: false }).point;
      if (tip.number % 2 === 0) proven(l1, tip.number);
    }
    return tip;
  }

  function proven(l1: FakeL1, number: number): void {
    l1.mine([
      (at) => ({
        type: "epochProven",
        at,
        epoch: number / 2,
        number,
        prover: "0x",
        timestamp: 0,
        endRecordHash: "0x",
        rewardsRoot: "0x",
        participation: [0n, 0n],
        seedWord: 0n,
        outboxWord: (merkleCommitment([]) >> 32n) << 32n,
      }),
    ]);
  }

  it("is of the kept blocks alone, however many there were, and a restart goes on from there", async () => {
    const l1 = new FakeL1();
    const inbox: Message[] = [];
    const open = (): Node => {
      const store = NodeStore.open({
        path: join(folder.path, "node.sqlite"),
        identity: chainIdentity(l1.parameters),
        logger: silentLogger,
      });
      const { provider, rollup } = l1;
      return new Node({ provider, rollup, blobs: l1, logger: silentLogger, reorgDepth: 4, store });
    };
    let node = open();
    let tip = new ChainState(l1.parameters).genesis;
    for (const blocks of [KEPT_BLOCKS, 100, 100]) {
      tip = extend(l1, inbox, tip, blocks);
      await node.sync();
      expect(node.chain.tip.state.root()).to.equal(tip.state.root());
      expect(node.chain.messages.length).to.equal(inbox.length);
      expect(node.chain.messages.kept).to.be.at.most(A_BLOCK * KEPT_BLOCKS);
    }
    expect(node.chain.messages.slice(inbox.length - 4)).to.deep.equal(inbox.slice(-4));
    await node.close();

    node = open();
    tip = extend(l1, inbox, tip, 10);
    await node.sync();
    expect(node.chain.tip.state.root()).to.equal(tip.state.root());
    expect(node.chain.messages.length).to.equal(inbox.length);
    expect(node.chain.messages.kept).to.be.at.most(A_BLOCK * 20);
    await node.close();
  });

  it("says so when a forgotten one is asked for", () => {
    const log = new MessageLog();
    const messages = depositsOf(0).concat(depositsOf(1));
    for (const message of messages) log.push(message);
    log.forget(3);
    log.forget(2);
    expect([log.length, log.kept]).to.deep.equal([4, 1]);
    expect(log.slice(3)).to.deep.equal(messages.slice(3));
    expect(log.slice(4)).to.deep.equal([]);
    expect(() => log.slice(2))
      .to.throw()
      .that.satisfies((error: unknown) => isActorError(error, "STATE_UNAVAILABLE"));
    log.pop();
    expect(log.length).to.equal(3);
  });
});

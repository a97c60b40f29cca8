import { expect } from "chai";

import type { Field } from "../../../protocol/field.ts";
import type { BlobSource } from "../../../actors/l1/blobSource.ts";
import type { L1Position, RollupContract, RollupEvent } from "../../../actors/l1/rollupContract.ts";
import { Node, type NodeEvent } from "../../../actors/node/node.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { FakeL1, depositsOf } from "../support/fakeL1.ts";

/** A blob with one byte that is not zero. */
function blobWith(position: number, byte: number): Uint8Array {
  const blob = new Uint8Array(131_072);
  blob[position] = byte;
  return blob;
}

function proven(at: L1Position, number: number): RollupEvent {
  return {
    type: "epochProven",
    at,
    epoch: 0,
    number,
    prover: "0x",
    timestamp: 0,
    endRecordHash: "0x",
    rewardsRoot: "0x",
    participation: [0n, 0n],
    seedWord: 0n,
    outboxWord: 0n,
  };
}

describe("Node", () => {
  let l1: FakeL1;
  let node: Node;
  let events: NodeEvent[];
  const inbox = [...depositsOf(0), ...depositsOf(1)];

  beforeEach(() => {
    l1 = new FakeL1();
    node = newNode();
    events = [];
    node.on((event) => events.push(event));
  });

  const newNode = (reorgDepth = 256): Node =>
    new Node({
      provider: l1.provider,
      rollup: l1.rollup,
      blobs: l1,
      logger: silentLogger,
      range: 2,
      reorgDepth,
    });
  /** L1's contract, its answers changed where `change` gives others. */
  const rollupThat = (
    change: (range: { from: number; to: number }, all: RollupEvent[]) => RollupEvent[] | undefined,
  ): RollupContract => {
    const { parameters } = l1;
    const events: RollupContract["events"] = async (range) => {
      const all = await l1.rollup.events(range);
      return change(range, all) ?? all;
    };
    return { parameters, events } as unknown as RollupContract;
  };
  const types = (): string[] => events.map(({ type }) => type).filter((type) => type !== "synced");
  const root = (): bigint => node.chain.tip.state.root();

  it("executes blocks and agrees with their claims", async () => {
    l1.send(inbox);
    const { point } = l1.propose({ parent: node.chain.genesis, slot: 1, inbox });
    const second = l1.propose({ parent: point, slot: 2, inbox });
    await node.sync();

    expect(types()).to.deep.equal(["block", "block"]);
    expect(node.chain.pending).to.equal(2);
    expect(root()).to.equal(second.built.header.stateRoot);
    expect(node.chain.tip.state.get(1).balance).to.equal(1_000n);
  });

  for (const [what, claim, lie] of [
    ["lies about its state root", "stateRoot", { stateRoot: 5n as Field }],
    ["lies about its gas", "gasL2", { gasL2: 7n }],
    ["has a word over 248 bits", "blob", { blob: blobWith(0, 1) }],
    ["has data behind its usable words", "blob", { blob: blobWith(32 * 25 + 31, 1) }],
  ] as const) {
    it(`reports a block that ${what}, and follows neither it nor what stands on it`, async () => {
      l1.send(inbox);
      const first = l1.propose({ parent: node.chain.genesis, slot: 1, inbox });
      const lying = l1.propose({ parent: first.point, slot: 2, inbox, lie });
      l1.propose({ parent: lying.point, slot: 3, inbox });
      await node.sync();

      expect(types()).to.deep.equal(["block", "invalidBlock", "invalidBlock"]);
      const [, invalid, orphan] = events.filter(({ type }) => type !== "synced");
      expect(invalid).to.have.nested.property("fault.claim", claim);
      expect(orphan).to.have.property("fault", undefined);
      expect(node.chain.pending).to.equal(3);
      expect(node.chain.point(3)).to.equal(undefined);
      expect(root()).to.equal(first.built.header.stateRoot);

      // Once it is pruned, the chain goes on from the proven tip.
      l1.mine([(at) => ({ type: "pruned", at, proven: 0, pending: 3 })]);
      l1.propose({ parent: node.chain.genesis, slot: 6, inbox });
      await node.sync();
      expect(node.chain.tip.number).to.equal(1);
      expect(root()).to.equal(first.built.header.stateRoot);
    });
  }

  it("accepts no other blob than that of the versioned hash, and goes on when the source is honest", async () => {
    l1.send(inbox);
    const { built } = l1.propose({ parent: node.chain.genesis, slot: 1, inbox });
    const other = new Uint8Array(131_072).fill(1, 31, 32);
    l1.answer = () => other;
    const refusal = await node.sync().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(isActorError(refusal, "BLOB_SOURCE_LIED")).to.equal(true);
    expect(node.chain.pending).to.equal(0);
    expect(node.chain.messages).to.have.length(4);

    l1.answer = undefined;
    await node.sync();
    expect(root()).to.equal(built.header.stateRoot);
  });

  for (const checks of [false, true]) {
    it(`takes no short blob of a proven block, from a source that ${checks ? "checks" : "does not check"}`, async () => {
      const { provider, rollup } = l1;
      const blobs: BlobSource = { checks, getBlobs: (request) => l1.getBlobs(request) };
      node = new Node({ provider, rollup, blobs, logger: silentLogger });
      l1.send(inbox);
      const { built } = l1.propose({ parent: node.chain.genesis, slot: 1, inbox });
      l1.mine([(at) => proven(at, 1)]);
      l1.answer = () => new Uint8Array(32);
      const refusal = await node.sync().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(isActorError(refusal, "BLOB_SOURCE_LIED")).to.equal(true);

      l1.answer = undefined;
      await node.sync();
      expect(node.chain.proven).to.equal(1);
      expect(root()).to.equal(built.header.stateRoot);
    });
  }

  it("syncs from the start when an RPC server left out events once", async () => {
    const asked: number[] = [];
    let leaveOut = false;
    const rollup = rollupThat((range) => {
      asked.push(range.from);
      return leaveOut ? [] : undefined;
    });
    node = new Node({ provider: l1.provider, rollup, blobs: l1, logger: silentLogger });
    node.on((event) => events.push(event));
    l1.send(inbox);
    const first = l1.propose({ parent: node.chain.genesis, slot: 1, inbox });
    await node.sync();
    leaveOut = true;
    const second = l1.propose({ parent: first.point, slot: 2, inbox });
    await node.sync();
    expect(node.chain.pending).to.equal(1);

    leaveOut = false;
    const third = l1.propose({ parent: second.point, slot: 3, inbox });
    await node.sync();
    expect(node.chain.pending).to.equal(3);
    expect(root()).to.equal(third.built.header.stateRoot);
    expect(asked.at(-1)).to.equal(l1.parameters.startBlock);
    // Who listens learns that block 1 was taken back, and that it came again.
    expect(types()).to.deep.equal(["block", "reorg", "block", "block", "block"]);
    const reorg = events.find((event) => event.type === "reorg");
    expect(reorg?.undone.map(({ number }) => number)).to.deep.equal([1]);
  });

  it("reads the newest L1 blocks again, no others, when events of one of them were left out", async () => {
    const asked: number[] = [];
    let leaveOut = false;
    const rollup = rollupThat((range) => {
      asked.push(range.from);
      return leaveOut ? [] : undefined;
    });
    node = new Node({ provider: l1.provider, rollup, blobs: l1, logger: silentLogger, reorgDepth: 4 });
    l1.send(inbox);
    for (let i = 0; i < 20; i++) l1.mine([]);
    const first = l1.propose({ parent: node.chain.genesis, slot: 1, inbox });
    await node.sync();
    leaveOut = true;
    const second = l1.propose({ parent: first.point, slot: 2, inbox });
    await node.sync();
    leaveOut = false;
    const third = l1.propose({ parent: second.point, slot: 4, inbox });
    asked.length = 0;
    await node.sync();
    expect(node.chain.pending).to.equal(3);
    expect(root()).to.equal(third.built.header.stateRoot);
    expect(Math.min(...asked)).to.be.greaterThan(15);
  });

  it("finds a proof that was left out by the next one", async () => {
    let leaveOut = false;
    const rollup = rollupThat((_range, all) =>
      leaveOut ? all.filter(({ type }) => type !== "epochProven") : undefined,
    );
    node = new Node({ provider: l1.provider, rollup, blobs: l1, logger: silentLogger });
    l1.send(inbox);
    const first = l1.propose({ parent: node.chain.genesis, slot: 1, inbox });
    const second = l1.propose({ parent: first.point, slot: 2, inbox });
    leaveOut = true;
    l1.mine([(at) => proven(at, 1)]);
    await node.sync();
    expect(node.chain.proven).to.equal(0);
    leaveOut = false;
    l1.mine([(at) => ({ ...proven(at, 2), epoch: 1 })]);
    await node.sync();
    expect(node.chain.provenEpochs.map(({ epoch, number }) => [epoch, number])).to.deep.equal([
      [0, 1],
      [1, 2],
    ]);
    expect(root()).to.equal(second.built.header.stateRoot);
  });

  it("gives up a sync whose events stay incomplete, and is whole once they are not", async () => {
    let asked = 0;
    let leaveOut = true;
    const rollup = rollupThat(({ from, to }, all) => {
      asked++;
      return leaveOut && from <= 1 && to >= 1 ? all.slice(1) : undefined;
    });
    node = new Node({ provider: l1.provider, rollup, blobs: l1, logger: silentLogger });
    l1.send(inbox);
    const { built } = l1.propose({ parent: node.chain.genesis, slot: 1, inbox });
    const refusal = await node.sync().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(isActorError(refusal, "L1_EVENT_UNEXPECTED")).to.equal(true);
    expect(asked).to.equal(3);

    leaveOut = false;
    await node.sync();
    expect(root()).to.equal(built.header.stateRoot);
  });

  it("ignores what stands behind the last transaction of a blob", async () => {
    l1.send(inbox);
    const { built } = l1.propose({
      parent: node.chain.genesis,
      slot: 1,
      inbox,
      lie: { blob: blobWith(32 * 24 + 31, 1) },
    });
    await node.sync();
    expect(types()).to.deep.equal(["block"]);
    expect(root()).to.equal(built.header.stateRoot);
  });

  it("goes on from the block before one that was rolled back, and undoes that with its L1 block", async () => {
    l1.send(inbox);
    const first = l1.propose({ parent: node.chain.genesis, slot: 1, inbox });
    const second = l1.propose({ parent: first.point, slot: 2, inbox });
    l1.propose({ parent: second.point, slot: 3, inbox });
    l1.mine([(at) => ({ type: "rolledBack", at, last: 1, pending: 3 })]);
    await node.sync();
    expect(node.chain.pending).to.equal(1);
    const rolledBack = events.find((event) => event.type === "rolledBack");
    expect(rolledBack?.dropped.map(({ number }) => number)).to.deep.equal([2, 3]);

    const again = l1.propose({ parent: first.point, slot: 4, inbox });
    await node.sync();
    expect(root()).to.equal(again.built.header.stateRoot);
    expect(node.chain.pending).to.equal(2);

    l1.reorg(2);
    l1.mine([]);
    await node.sync();
    expect(node.chain.pending).to.equal(3);
  });

  it("undoes a prune and proofs with the L1 blocks that held them", async () => {
    l1.send(inbox);
    const first = l1.propose({ parent: node.chain.genesis, slot: 1, inbox });
    const second = l1.propose({ parent: first.point, slot: 2, inbox });
    l1.mine([(at) => proven(at, 1)]);
    await node.sync();
    expect(node.chain.proven).to.equal(1);

    l1.mine([(at) => ({ type: "pruned", at, proven: 1, pending: 2 })]);
    await node.sync();
    expect(node.chain.pending).to.equal(1);
    const pruned = events.find((event) => event.type === "pruned");
    expect(pruned?.dropped.map(({ number }) => number)).to.deep.equal([2]);

    l1.reorg(1);
    l1.mine([]);
    await node.sync();
    expect(node.chain.pending).to.equal(2);
    expect(root()).to.equal(second.built.header.stateRoot);

    l1.reorg(2);
    l1.mine([]);
    await node.sync();
    expect(node.chain.proven).to.equal(0);
    expect(node.chain.pending).to.equal(2);

    l1.reorg(3);
    await node.sync();
    expect(node.chain.pending).to.equal(0);
    expect(node.chain.messages).to.have.length(4);
    const other = l1.propose({ parent: node.chain.genesis, slot: 4, inbox });
    await node.sync();
    expect(root()).to.equal(other.built.header.stateRoot);
    const reorgs = events.filter((event) => event.type === "reorg");
    expect(reorgs.map(({ undone }) => undone.map(({ number }) => number))).to.deep.equal([[], [], [1, 2]]);
  });

  it("syncs from the start after a reorg deeper than it keeps", async () => {
    node = newNode(2);
    l1.send(inbox);
    const first = l1.propose({ parent: node.chain.genesis, slot: 1, inbox });
    for (let i = 0; i < 6; i++) l1.mine([]);
    await node.sync();
    expect(root()).to.equal(first.built.header.stateRoot);

    l1.reorg(8);
    l1.send(depositsOf(2));
    const other = l1.propose({ parent: node.chain.genesis, slot: 2, inbox: depositsOf(2) });
    for (let i = 0; i < 6; i++) l1.mine([]);
    await node.sync();
    expect(root()).to.equal(other.built.header.stateRoot);
    expect(node.chain.messages.slice(0)).to.deep.equal(depositsOf(2));
  });

  it("starts from a genesis it can check", () => {
    const parameters = { ...l1.parameters, genesisRoot: 1n as Field };
    expect(
      () =>
        new Node({ provider: l1.provider, rollup: { parameters } as never, blobs: l1, logger: silentLogger }),
    ).to.throw(/genesis is not the empty ledger/);
  });
});

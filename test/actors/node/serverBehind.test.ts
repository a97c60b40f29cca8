import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

import { Node } from "../../../actors/node/node.ts";
import { NodeStore, chainIdentity } from "../../../actors/node/nodeStore.ts";
import type { ActorError } from "../../../actors/support/actorError.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { type Logger, silentLogger } from "../../../actors/support/logger.ts";
import { FakeL1 } from "../support/fakeL1.ts";
import { generateChain, type GeneratedChain } from "../support/generatedChain.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const DEPTH = 4;

describe("Node's store, when what it stands on fails for a while", () => {
  let l1: FakeL1;
  let chain: GeneratedChain;
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  let warnings: string[];
  let node: Node | undefined;

  beforeEach(() => {
    l1 = new FakeL1();
    chain = generateChain({ l1, blocks: 10, users: 4, real: true, unproven: 2 });
    for (let i = 0; i < DEPTH + 1; i++) l1.mine([]);
    folder = temporaryFolder();
    path = join(folder.path, "node.sqlite");
    warnings = [];
  });
  afterEach(async () => {
    await node?.close();
    folder.remove();
  });

  const logger: Logger = {
    ...silentLogger,
    warn: (_fields, message) => void warnings.push(message),
    child: () => logger,
  };
  const openStore = (): NodeStore => NodeStore.open({ path, identity: chainIdentity(l1.parameters), logger });
  const restart = async (): Promise<Node> => {
    await node?.close();
    const { provider, rollup } = l1;
    const store = openStore();
    return (node = new Node({ provider, rollup, blobs: l1, logger, reorgDepth: DEPTH, store }));
  };
  const errorOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => error,
    );

  it("outlasts an L1 server that is far behind, before a restart and after one", async () => {
    const newest = l1.head.number;
    let running = await restart();
    await running.sync();
    for (const again of [false, true]) {
      if (again) running = await restart();
      l1.shownUpTo = 2;
      const error = await errorOf(running.sync());
      expect(isActorError(error, "L1_BEHIND"), String(error)).to.equal(true);
      expect((error as ActorError).message).to.match(/at block 2, .* read up to \d+; wait until/);
      // Nothing was given up: a restart needs no blob of what it had.
      l1.shownUpTo = newest;
      l1.answer = again ? undefined : () => new Uint8Array(0);
      await running.sync();
      expect(running.chain.tip.state.root()).to.equal(chain.tip.state.root());
    }
    expect(warnings).to.deep.equal([]);
  });

  it("takes nothing back for servers behind one address that are two blocks apart, and follows a reorg all the same", async () => {
    const running = await restart();
    const newest = await running.sync();
    const reorgs: unknown[] = [];
    running.on((event) => void (event.type === "reorg" && reorgs.push(event)));
    for (const behind of [1, 2, 1, 0]) {
      l1.shownUpTo = newest.number - behind;
      expect(await running.sync()).to.deep.equal(newest);
    }
    expect(reorgs).to.deep.equal([]);

    l1.shownUpTo = undefined;
    l1.reorg(2);
    l1.mine([]);
    l1.mine([]);
    expect((await running.sync()).hash).not.to.equal(newest.hash);
    expect(reorgs).to.have.length(1);
  });

  it("is begun anew when the server that was behind comes back with another chain", async () => {
    await (await restart()).sync();
    l1.shownUpTo = 2;
    await errorOf((await restart()).sync());
    l1.shownUpTo = undefined;
    l1.reorg(l1.head.number - 1);
    for (let i = 0; i < 30; i++) l1.mine([]);
    const running = await restart();
    await running.sync();
    expect(running.chain.pending).to.equal(0);
    expect(warnings).to.include("the node's store is of no use; syncing from L1 again");
  });

  it("stays as it is when it cannot be opened, and says what to do", async () => {
    await (await restart()).sync();
    await node!.close();
    node = undefined;
    // What SQLite writes to first cannot be opened, as with a full disk or without the right to write.
    mkdirSync(`${path}-wal`);
    let error: unknown;
    try {
      openStore();
    } catch (thrown) {
      error = thrown;
    }
    expect(isActorError(error, "STORE_UNWRITABLE"), String(error)).to.equal(true);
    rmdirSync(`${path}-wal`);
    expect((await restart()).chain.proven).to.equal(7);
    expect(warnings).to.deep.equal([]);
  });
});

import { copyFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect } from "chai";

import { Node } from "../../../actors/node/node.ts";
import { NodeStore, chainIdentity } from "../../../actors/node/nodeStore.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { type Logger, silentLogger } from "../../../actors/support/logger.ts";
import { FakeL1 } from "../support/fakeL1.ts";
import { expectMessages, generateChain, type GeneratedChain } from "../support/generatedChain.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const DEPTH = 4;

describe("Node with a store", () => {
  let l1: FakeL1;
  let chain: GeneratedChain;
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  let warnings: string[];
  let fetched: number;
  const open: Node[] = [];

  beforeEach(() => {
    l1 = new FakeL1();
    // Ten blocks, the last three of them unproven: epochs begin with even numbers.
    chain = generateChain({ l1, blocks: 10, users: 4, real: true, unproven: 2 });
    for (let i = 0; i < DEPTH + 1; i++) l1.mine([]);
    folder = temporaryFolder();
    path = join(folder.path, "node.sqlite");
    warnings = [];
    fetched = 0;
  });
  afterEach(async () => {
    for (const node of open.splice(0)) await node.close();
    folder.remove();
  });

  const logger: Logger = {
    ...silentLogger,
    debug: () => undefined,
    info: () => undefined,
    error: () => undefined,
    warn: (_fields, message) => void warnings.push(message),
    child: () => logger,
  };
  const newNode = (): Node => {
    const identity = chainIdentity(l1.parameters);
    const blobs = {
      getBlobs: (request: Parameters<FakeL1["getBlobs"]>[0]) => {
        fetched++;
        return l1.getBlobs(request);
      },
    };
    const store = NodeStore.open({ path, identity, logger });
    const node = new Node({
      provider: l1.provider,
      rollup: l1.rollup,
      blobs,
      logger,
      reorgDepth: DEPTH,
      store,
    });
    open.push(node);
    return node;
  };
  const restart = async (): Promise<Node> => {
    for (const node of open.splice(0)) await node.close();
    fetched = 0;
    return newNode();
  };
  const root = (node: Node): bigint => node.chain.tip.state.root();
  const expectWhole = (node: Node): void => {
    expect(node.chain.pending).to.equal(10);
    expect(node.chain.proven).to.equal(7);
    expect(root(node)).to.equal(chain.tip.state.root());
    expectMessages(node, chain);
  };

  it("is begun anew, with one warning, when events were left out once", async () => {
    const { rollup, parameters } = l1;
    let leaveOut = false;
    const events: typeof rollup.events = (range) => (leaveOut ? Promise.resolve([]) : rollup.events(range));
    Object.defineProperty(l1, "rollup", { value: { parameters, events } });
    const bottom = l1.head.number - DEPTH - 8;
    const node = newNode();
    l1.shownUpTo = bottom;
    await node.sync();
    leaveOut = true;
    l1.shownUpTo = bottom + 3;
    await node.sync();
    expect(node.chain.pending).to.be.lessThan(10);

    leaveOut = false;
    l1.shownUpTo = undefined;
    await node.sync();
    expectWhole(node);
    const anew = "the node's store is of no use; syncing from L1 again";
    expect(warnings.filter((warning) => warning === anew)).to.have.length(1);

    const again = await restart();
    expect(again.chain.proven).to.equal(7);
    await again.sync();
    expectWhole(again);
    expect(warnings.filter((warning) => warning === anew)).to.have.length(1);
  });

  it("goes on after a restart without a blob, with the same state, messages and withdrawals", async () => {
    const first = newNode();
    await first.sync();
    expectWhole(first);
    const epochs = first.chain.provenEpochs;
    expect(epochs.flatMap(({ withdrawals }) => withdrawals)).not.to.be.empty;

    const second = await restart();
    expectWhole(second);
    await second.sync();
    expectWhole(second);
    expect(second.chain.provenEpochs).to.deep.equal(epochs);
    expect(fetched).to.equal(0);
    expect(warnings).to.deep.equal([]);
  });

  it("stands at an L1 block, whole, wherever the process died", async () => {
    const last = l1.head.number;
    for (let shown = 1; shown <= last; shown++) {
      l1.shownUpTo = shown;
      await (await restart()).sync();
      // What a process leaves that is killed now: the files without a clean close.
      for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, `${path}.killed${suffix}`);
      for (const node of open.splice(0)) await node.close();
      for (const suffix of ["", "-wal"]) copyFileSync(`${path}.killed${suffix}`, path + suffix);
    }
    expectWhole(open[0] ?? (await restart()));
    expect(warnings).to.deep.equal([]);
  });

  it("follows an L1 reorg after a restart, and begins anew behind one that is too deep", async () => {
    await newNode().sync();
    l1.reorg(DEPTH);
    l1.mine([]);
    const node = await restart();
    await node.sync();
    expectWhole(node);
    expect(fetched).to.equal(0);

    l1.reorg(10);
    for (let i = 0; i < 10; i++) l1.mine([]);
    const deep = await restart();
    await deep.sync();
    const fresh = new Node({ provider: l1.provider, rollup: l1.rollup, blobs: l1, logger: silentLogger });
    await fresh.sync();
    expect(deep.chain.pending).to.equal(fresh.chain.pending);
    expect(root(deep)).to.equal(root(fresh));
    expect(warnings.filter((message) => /syncing from L1 again/.test(message))).to.have.length(1);
  });

  const damages: [string, () => void][] = [
    ["is no database", () => writeFileSync(path, "what is this?")],
    ["was cut", () => truncateSync(path, Math.floor(readFileSync(path).length / 2))],
    [
      "has an account with more money",
      () => change("UPDATE accounts SET account = replace(account, '99999', '99998')"),
    ],
    ["lacks an account", () => change("DELETE FROM accounts WHERE leaf = 1")],
    ["lacks a message", () => change("DELETE FROM messages WHERE number = 3")],
    ["has another message", () => change("UPDATE messages SET bytes = zeroblob(88) WHERE number = 3")],
    ["lacks a block", () => change("DELETE FROM blocks WHERE number = 9")],
    ["has another blob", () => change("UPDATE blocks SET blob = zeroblob(32) WHERE number = 10")],
    [
      "has other withdrawals",
      () =>
        change(
          "DELETE FROM epochs WHERE epoch NOT LIKE '%\"withdrawals\":[]%'; UPDATE meta SET value = '0' WHERE key = 'proven'",
        ),
    ],
    ["has text that is no JSON", () => change("UPDATE epochs SET epoch = '{'")],
    ["is of another schema", () => change("PRAGMA user_version = 99")],
    ["belongs to another chain", () => change("UPDATE meta SET value = '0x1' WHERE key = 'identity'")],
  ];
  const change = (statement: string): void => {
    const database = new DatabaseSync(path);
    database.exec(statement);
    database.close();
  };
  for (const [what, damage] of damages) {
    it(`begins anew, with one warning, when the file ${what}`, async () => {
      await newNode().sync();
      for (const node of open.splice(0)) await node.close();
      damage();
      const node = newNode();
      await node.sync();
      expectWhole(node);
      expect(warnings).to.deep.equal(["the node's store is of no use; syncing from L1 again"]);
      expectWhole(await restart());
    });
  }

  it("is opened by one process at a time", () => {
    newNode();
    expect(() => newNode())
      .to.throw()
      .and.satisfy((error: unknown) => isActorError(error, "STORE_LOCKED"));
  });
});

describe("Node, of proven blocks", () => {
  const sync = async (l1: FakeL1): Promise<Node> => {
    const node = new Node({ provider: l1.provider, rollup: l1.rollup, blobs: l1, logger: silentLogger });
    await node.sync();
    return node;
  };

  it("takes a proof for the signatures and commitments of its blocks, and never for their roots", async () => {
    const l1 = new FakeL1();
    const { tip } = generateChain({ l1, blocks: 6, users: 3, real: false });
    const node = await sync(l1);
    expect(node.chain.proven).to.equal(6);
    expect(node.chain.tip.state.root()).to.equal(tip.state.root());
  });

  it("checks everything when the source's blob leads to another root", async () => {
    const l1 = new FakeL1();
    const { tip } = generateChain({ l1, blocks: 6, users: 3, real: true });
    let lies = 1;
    l1.answer = (hash) => (lies-- > 0 ? new Uint8Array(131_072) : inflated(l1.blobs.get(hash)!));
    const node = await sync(l1);
    expect(node.chain.proven).to.equal(6);
    expect(node.chain.tip.state.root()).to.equal(tip.state.root());
  });

  it("checks everything when the source sends withdrawals to somebody else", async () => {
    const l1 = new FakeL1();
    const { tip } = generateChain({ l1, blocks: 12, users: 3, real: true });
    const thief = 0xdcba;
    let lies = 0;
    l1.answer = (hash) => {
      const blob = inflated(l1.blobs.get(hash)!);
      if (lies > 0) return blob;
      // The receiver of the first withdrawal: kind8 | from32 | to160 in the 31 bytes of the transaction's first word.
      for (let i = 0; i < 6; i++) {
        const at = 32 * (1 + 4 * i) + 1;
        if (blob[at] !== 2) continue;
        blob.set([thief >> 8, thief & 0xff], at + 23);
        lies++;
      }
      return blob;
    };
    const node = await sync(l1);
    expect(lies).to.be.greaterThan(0);
    expect(node.chain.proven).to.equal(12);
    expect(node.chain.tip.state.root()).to.equal(tip.state.root());
    const recipients = node.chain.provenEpochs.flatMap(({ withdrawals }) =>
      withdrawals.map(({ recipient }) => recipient),
    );
    expect(new Set(recipients)).to.deep.equal(new Set([0xabcdn]));
  });
});

function inflated(part: Uint8Array): Uint8Array {
  const blob = new Uint8Array(131_072);
  blob.set(part);
  return blob;
}

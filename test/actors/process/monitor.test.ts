import { Wallet, parseEther } from "ethers";
import { expect } from "chai";

import { HeadFollower } from "../../../actors/l1/headFollower.ts";
import { BlobSources } from "../../../actors/l1/blobSources.ts";
import { Node } from "../../../actors/node/node.ts";
import { watchAccount, watchProposer, watchProver } from "../../../actors/process/metrics.ts";
import { type Health, Monitor } from "../../../actors/process/monitor.ts";
import type { ProverEvent, ProverService } from "../../../actors/prover/proverService.ts";
import type { Mempool } from "../../../actors/sequencer/mempool.ts";
import type { ProposerEvent, ProposerService } from "../../../actors/sequencer/proposerService.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { Emitter } from "../../../actors/support/emitter.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { FakeL1, depositsOf } from "../support/fakeL1.ts";

const KEY = "0123456789abcdef0123456789abcdef";

describe("Monitor of a process", () => {
  let l1: FakeL1;
  let node: Node;
  let heads: HeadFollower;
  let monitor: Monitor;
  let now: number;
  const inbox = [...depositsOf(0), ...depositsOf(1)];

  beforeEach(async () => {
    now = 0;
    l1 = new FakeL1();
    const { provider, rollup } = l1;
    const liar = { getBlobs: () => Promise.resolve([new Uint8Array(1)]) };
    const blobs = new BlobSources({
      sources: [
        { name: `https://beacon.example/${KEY}`, source: liar },
        { name: "honest", source: l1 },
      ],
      logger: silentLogger,
    });
    node = new Node({ provider, rollup, blobs, logger: silentLogger });
    heads = new HeadFollower({ provider, logger: silentLogger, pollInterval: 1_000_000 });
    monitor = new Monitor({
      address: { host: "127.0.0.1", port: 0 },
      followed: { node, heads, blobs },
      l1BlockTime: 12,
      logger: silentLogger,
      now: () => now,
    });
    await monitor.start();
  });
  afterEach(() => monitor.stop());

  const health = async (): Promise<Health & { status: number }> => {
    const response = await fetch(`${monitor.url}/health`);
    return { status: response.status, ...((await response.json()) as Health) };
  };
  /** Values by name and labels. */
  const metrics = async (): Promise<Record<string, number>> => {
    const response = await fetch(`${monitor.url}/metrics`);
    expect(response.headers.get("content-type")).to.match(/^text\/plain; version=0\.0\.4/);
    const lines = (await response.text()).split("\n").filter((line) => /^calpulli_/.test(line));
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
    );
  };

  it("answers before L1 does, and says what is wrong until the node has reached the head", async () => {
    expect(await health()).to.deep.include({ status: 503, ok: false, problems: ["L1 has not answered yet"] });
    l1.send(inbox);
    for (let i = 0; i < 10; i++) l1.mine([]);
    await heads.refresh();
    expect((await health()).problems).to.deep.equal(["the node has read up to L1 block 0 of 11"]);
    await node.sync();
    expect(await health()).to.deep.equal({
      status: 200,
      ok: true,
      problems: [],
      head: 11,
      synced: 11,
      pending: 0,
      proven: 0,
    });
  });

  it("says when L1 stands still, or its server hangs", async () => {
    l1.mine([]);
    await heads.refresh();
    await node.sync();
    now = 119_000;
    expect((await health()).status).to.equal(200);
    now = 125_000;
    expect(await health()).to.deep.include({
      status: 503,
      problems: ["L1 showed no new block for 125 seconds"],
    });
    l1.mine([]);
    await heads.refresh();
    expect((await health()).status).to.equal(200);
  });

  it("counts blocks, reorgs and sources of blobs that lie, and shows no key", async () => {
    l1.send(inbox);
    const first = l1.propose({ parent: node.chain.genesis, slot: 1, inbox });
    l1.propose({ parent: first.point, slot: 2, inbox });
    await heads.refresh();
    await node.sync();
    l1.reorg(1);
    l1.mine([]);
    await node.sync();
    const values = await metrics();
    expect(values).to.include({
      calpulli_l1_head_block: 3,
      calpulli_l1_synced_block: 3,
      calpulli_pending_block: 1,
      calpulli_proven_block: 0,
      calpulli_invalid_blocks: 0,
      calpulli_l1_reorgs_total: 1,
      'calpulli_dropped_blocks_total{reason="reorg"}': 1,
      'calpulli_blob_source_faults{source="https://beacon.example/…",fault="lied"}': 2,
    });
    // Epoch 0 of two slots of 12 s must be proven by the end of epoch 1, at 1,048 s; the head's time is 1,036 s.
    expect(values["calpulli_proof_due_seconds"]).to.equal(12);
    expect(JSON.stringify(values)).not.to.include(KEY);
  });

  it("counts what sequencer and prover do, and asks for a balance now and then only", async () => {
    const proposals = new Emitter<ProposerEvent>();
    const proofs = new Emitter<ProverEvent>();
    const { registry } = monitor;
    watchProposer(
      registry,
      { on: (listener) => proposals.on(listener) } as Pick<ProposerService, "on"> as ProposerService,
      { size: 7 } as Mempool,
    );
    watchProver(registry, { on: (listener) => proofs.on(listener) } as Pick<
      ProverService,
      "on"
    > as ProverService);
    let asked = 0;
    const { address } = Wallet.createRandom();
    const getBalance = (): Promise<bigint> => (asked++, Promise.resolve(parseEther("1.5")));
    watchAccount(registry, { provider: { getBalance } as never }, address);
    proposals.emit({ type: "missed", slot: 1, reason: "" });
    proposals.emit({
      type: "proposed",
      slot: 2,
      number: 1,
      transactions: 0,
      messages: 0,
      gasUsed: 60_000n,
      hash: "0x",
    });
    proofs.emit({ type: "proved", epoch: 0, blocks: 2, seconds: 4, bytes: 1 });
    proofs.emit({ type: "submitted", epoch: 0, gasUsed: 900_000n, hash: "0x" });
    await metrics();
    expect(await metrics()).to.include({
      calpulli_pool_transactions: 7,
      'calpulli_slots_total{result="missed"}': 1,
      'calpulli_slots_total{result="proposed"}': 1,
      calpulli_propose_gas_total: 60_000,
      'calpulli_proofs_total{result="submitted"}': 1,
      calpulli_proof_seconds_sum: 4,
      [`calpulli_account_ether{address="${address}"}`]: 1.5,
    });
    expect(asked).to.equal(1);
  });

  it("knows two paths and one method, and says so", async () => {
    expect((await fetch(`${monitor.url}/`)).status).to.equal(404);
    expect(
      (await fetch(`${monitor.url}/metrics`, { method: "POST", body: "x".repeat(1e6) })).status,
    ).to.equal(405);
  });

  it("says when its port is taken", async () => {
    const port = Number(new URL(monitor.url!).port);
    const { followed } = { followed: { node, heads, blobs: { faults: new Map() } as never } };
    const second = new Monitor({
      address: { host: "127.0.0.1", port },
      followed,
      l1BlockTime: 12,
      logger: silentLogger,
    });
    const error: unknown = await second.start().catch((thrown: unknown) => thrown);
    expect(isActorError(error, "PORT_TAKEN")).to.equal(true);
    expect(String(error)).to.include(`port ${port} of the monitor is taken; stop the other program`);
  });
});

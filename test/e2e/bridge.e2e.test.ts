import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Interface } from "ethers";

import { openLocalProofMaker } from "../../actors/prover/localProofMaker.ts";
import { MempoolError } from "../../actors/sequencer/mempool.ts";
import { writeDeployment } from "../../deploy/deployment.ts";
import { buildCircuit } from "../../scripts/circuits/build.ts";
import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { runTask, type TaskRun } from "./support/runTask.ts";
import { startTestChain, type TestChain } from "./support/testChain.ts";
import { startTestNetwork, type TestNetwork } from "./support/testNetwork.ts";

const RECIPIENT = "0x00000000000000000000000000000000000c0ffe";
const ONE = 10n ** 18n;

/** One user's way through the tasks: each test goes on where the last one ended. */
describe("The tasks of ledger and bridge, on anvil with real proofs", function () {
  this.timeout(120_000);

  let chain: TestChain;
  let running: TestNetwork;
  const folder = temporaryFolder();
  const key = (name: string): string => join(folder.path, `${name}.json`);

  before(async function () {
    this.timeout(600_000); // the first run makes the reference string
    const maker = await openLocalProofMaker(await buildCircuit({ size: "local" }));
    chain = await startTestChain({ outboxDelaySeconds: 30 });
    writeDeployment({ ...chain.deployment, network: "local" }, folder.path);
    running = await startTestNetwork({
      chain,
      folder: join(folder.path, "network"),
      maker,
      users: 0,
      rpcPort: 0,
    });
  });
  after(async () => {
    await running?.network.stop();
    await chain?.stop();
    folder.remove();
  });

  /** Runs a task against this network; the deployer pays on L1. */
  const run = (name: string, options: Record<string, unknown> = {}): Promise<TaskRun> => {
    const record = { record: folder.path };
    if (name === "ledger:key") return runTask(name, options);
    // Fees are read from L1 alone.
    if (name.startsWith("fees:")) return runTask(name, { ...record, rpc: chain.url, ...options });

    const node = { node: running.network.rpc!.url! };
    const l1 = name.startsWith("bridge:") ? { rpc: chain.url, account: "0" } : {};
    return runTask(name, { ...record, ...node, ...l1, ...options });
  };
  const ok = async (
    name: string,
    options: Record<string, unknown> = {},
  ): Promise<Record<string, unknown>> => {
    const { result, error, exitCode } = await run(name, options);
    expect(exitCode, error).to.equal(0);
    return result;
  };

  /** Makes the wallet forget the last line of a journal, as if it had ended before its answer came. */
  function loseAnswer(keyName: string, journal: string): void {
    const parent = `${key(keyName)}.journal`;
    const file = join(parent, readdirSync(parent)[0]!, journal);
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    rmSync(`${file}.head`);
    writeFileSync(
      file,
      lines
        .slice(0, -1)
        .map((line) => `${line}\n`)
        .join(""),
    );
  }

  it("makes keys, and deposits that open their accounts", async () => {
    for (const name of ["alice", "bob"]) await ok("ledger:key", { key: key(name), plain: true });
    const fee = await ok("bridge:deposit", { key: key("alice"), token: "fee", amount: "1e16" });
    expect(fee).to.include({ leaf: 0, message: 1, registered: true, resumed: false });
    // The node has not read the registration when the next command asks.
    const asset = await ok("bridge:deposit", { key: key("alice"), amount: "1e18" });
    expect(asset).to.include({ leaf: 0, message: 2, registered: false });
    expect(await ok("bridge:deposit", { key: key("bob"), amount: "1e15" })).to.include({
      leaf: 1,
      registered: true,
    });
    await running.network.node.sync();
    expect(await ok("ledger:account", { key: key("alice") })).to.include({ leaf: 0, state: "waiting" });
  });

  it("does not deposit twice after a lost answer", async () => {
    loseAnswer("alice", "l1.journal");
    const again = await ok("bridge:deposit", { key: key("alice"), amount: "1e18" });
    expect(again).to.include({ message: 2, resumed: true });
    await running.network.node.sync();
    const { inbox } = await ok("ledger:status");
    expect(inbox).to.deep.equal({ sent: 3, consumed: 0 });
  });

  it("has the accounts after the next blocks", async () => {
    await running.nextSlot();
    await running.nextSlot();
    const alice = await ok("ledger:account", { key: key("alice") });
    expect(alice).to.include({
      state: "active",
      balance: String(ONE),
      feeBalance: String(ONE / 100n),
      nonce: 0,
    });
    expect(await ok("ledger:account", { leaf: "1" })).to.include({ balance: String(ONE / 1000n) });
    expect(await ok("ledger:status", { message: "3" })).to.include({ state: "included", block: 2 });

    // Prices and offers come from L1 alone.
    const fees = await ok("fees:status");
    expect(fees["tip"]).to.include({ number: 2 });
    const estimate = await ok("fees:estimate", { blocks: "1", kind: "withdraw" });
    expect(estimate).to.include({ blocks: 1 });
    expect(BigInt(String(estimate["maxFeePerL2Gas"])) > 0n).to.equal(true);
    const longer = await ok("fees:estimate", { blocks: "8", certain: true });
    expect(BigInt(String(longer["maxFeePerL2Gas"])) > BigInt(String(estimate["maxFeePerL2Gas"]))).to.equal(
      true,
    );
  });

  it("transfers and withdraws, once each", async () => {
    const transfer = { key: key("alice"), to: "1", amount: "1000" };
    const first = await ok("ledger:transfer", transfer);
    expect(first).to.include({ from: 0, nonce: 0, state: "pooled", resumed: false });
    loseAnswer("alice", "ledger.journal");
    expect(await ok("ledger:transfer", transfer)).to.include({ id: first["id"], nonce: 0, resumed: true });
    const second = await ok("ledger:withdraw", { key: key("alice"), to: RECIPIENT, amount: "2e17" });
    expect(second).to.include({ nonce: 1, state: "pooled" });
    await running.nextSlot();

    expect(await ok("ledger:status", { transaction: first["id"] })).to.include({
      state: "included",
      block: 3,
    });
    loseAnswer("alice", "ledger.journal");
    const again = await ok("ledger:withdraw", {
      key: key("alice"),
      to: RECIPIENT,
      amount: "2e17",
      wait: true,
    });
    expect(again).to.include({ id: second["id"], resumed: true, state: "included", block: 3 });
    expect(await ok("ledger:account", { leaf: "0" })).to.include({
      balance: String(ONE - 1000n - ONE / 5n),
      nonce: 2,
    });
  });

  it("forces a transfer past a mempool that refuses its sender", async () => {
    const { mempool } = running.network;
    const add = mempool.add.bind(mempool);
    mempool.add = (transaction) => {
      if (transaction.from !== 0) return add(transaction);
      throw new MempoolError("POOL_FULL", "not you", "go away");
    };
    const payment = { key: key("alice"), to: "1", amount: "500" };
    const refused = await run("ledger:transfer", payment);
    expect(refused.error).to.equal("Error: not you; go away");
    expect(refused.exitCode).to.equal(1);

    const forced = await ok("bridge:force", payment);
    expect(forced).to.include({ message: 4, from: 0, resumed: false });
    loseAnswer("alice", "l1.journal");
    expect(await ok("bridge:force", payment)).to.include({ message: 4, resumed: true });
    await running.nextSlot();
    expect(await ok("ledger:status", { message: "4" })).to.include({ state: "included", block: 4 });
    expect(await ok("ledger:account", { leaf: "1" })).to.include({ balance: String(ONE / 1000n + 1500n) });
  });

  it("tells the same from L1 alone", async () => {
    const fromNode = await ok("ledger:account", { key: key("alice") });
    const fromL1 = await ok("ledger:account", {
      key: key("alice"),
      fromL1: true,
      rpc: chain.url,
      node: "http://127.0.0.1:1",
    });
    expect({ ...fromL1, proven: undefined }).to.deep.equal({ ...fromNode, proven: undefined });
  });

  it("pays the withdrawal on L1 after proof and delay, once", async () => {
    await running.until("the proofs", () => running.network.node.chain.proven === 3);
    const listed = await run("bridge:withdraw");
    expect(listed.exitCode, listed.error).to.equal(0);
    const [open, ...others] = listed.result as Record<string, unknown>[];
    expect(others).to.deep.equal([]);
    expect(open).to.include({
      epoch: 1,
      index: 0,
      token: "asset",
      amount: String(ONE / 5n),
      recipient: RECIPIENT,
    });

    const payment = { epoch: "1", index: "0" };
    const early = await run("bridge:withdraw", payment);
    expect(early.error).to.match(/^Error: withdrawal 0 of epoch 1 can be paid in \d+ s; /);
    await running.nextSlot();
    const [paid] = (await run("bridge:withdraw", payment)).result as Record<string, unknown>[];
    expect(paid).to.include({ paid: true });
    expect(paid!["hash"]).to.match(/^0x/);
    expect(await balanceOf(RECIPIENT)).to.equal(ONE / 5n);

    const [again] = (await run("bridge:withdraw", payment)).result as Record<string, unknown>[];
    expect(again).to.include({ paid: true });
    expect(again).not.to.have.property("hash");
    expect((await run("bridge:withdraw")).result).to.deep.equal([]);
    expect((await run("bridge:withdraw", { all: true })).result).to.deep.equal([]);
    expect(await ok("ledger:status", { message: "3" })).to.include({ state: "included", proven: true });
  });

  async function balanceOf(owner: string): Promise<bigint> {
    const token = new Interface(["function balanceOf(address) view returns (uint256)"]);
    const call = {
      to: chain.deployment.addresses.asset,
      data: token.encodeFunctionData("balanceOf", [owner]),
    };
    return BigInt(String(await chain.rpc("eth_call", [call, "latest"])));
  }
});

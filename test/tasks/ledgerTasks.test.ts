import { join } from "node:path";
import { expect } from "chai";
import hre from "hardhat";

import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { runTask } from "../e2e/support/runTask.ts";

const TASKS = [
  "ledger:key",
  "ledger:status",
  "ledger:account",
  "ledger:transfer",
  "ledger:withdraw",
  "bridge:deposit",
  "bridge:withdraw",
  "bridge:force",
  "fees:status",
  "fees:estimate",
];

describe("Tasks of ledger, bridge and fees", () => {
  const folder = temporaryFolder();
  const key = join(folder.path, "alice.json");
  after(() => folder.remove());

  for (const name of TASKS) {
    it(`${name} describes itself and every option`, () => {
      const task = hre.tasks.getTask(name);
      expect(task.description).to.match(/^[A-Z]/);
      expect([...task.options.keys()]).to.include("json");
      for (const { description } of task.options.values()) expect(description).not.to.equal("");
    });
  }

  it("makes a key once", async () => {
    const { result, error } = await runTask("ledger:key", { key, plain: true });
    expect(error).to.match(/^Warning: /);
    expect(result).to.include({ file: key, encrypted: false });
    const again = await runTask("ledger:key", { key, plain: true });
    expect(again.exitCode).to.equal(1);
    expect(again.error).to.contain(`Error: ${key} exists; choose another name; a key is never overwritten`);
  });

  const record = { record: folder.path };
  for (const [name, options, message] of [
    ["ledger:key", {}, "--key is missing"],
    ["ledger:status", record, 'there is no record of a deployment to "local"'],
    ["ledger:status", { transaction: "0x12" }, "--transaction 0x12 is no id"],
    ["ledger:account", {}, "it is not said which account"],
    ["ledger:account", { leaf: "0", key }, "it is not said which account"],
    ["ledger:account", { leaf: String(2 ** 20) }, "leaf 1048576 does not exist"],
    ["ledger:account", { publicKey: "0x12" }, "--public-key has another form"],
    ["ledger:account", { key: join(folder.path, "nobody.json") }, "cannot be read: ENOENT"],
    ["ledger:transfer", { amount: "1" }, "--to is missing"],
    ["ledger:transfer", { to: "1", amount: "a lot" }, "--amount a lot is no number"],
    ["ledger:withdraw", { to: "1", amount: "1" }, '"1" is not an address'],
    ["bridge:deposit", { key, amount: "1", token: "gold" }, "--token gold is none"],
    ["bridge:deposit", { key, amount: "1", wait: true, fromL1: true }, "--wait needs a node"],
    ["bridge:withdraw", { index: "1" }, "--index without --epoch"],
    ["fees:status", record, 'there is no record of a deployment to "local"'],
    ["fees:estimate", { blocks: "0" }, "--blocks 0 is out of range"],
    ["fees:estimate", { blocks: "soon" }, "--blocks soon is no whole number"],
    ["fees:estimate", { kind: "deposit" }, "--kind deposit does not exist"],
    ["bridge:force", { key, to: "0x12", amount: "1" }, '"0x12" is not an address'],
  ] as const) {
    it(`${name} says in one sentence: ${message}`, async () => {
      const { error, exitCode } = await runTask(name, options);
      expect(error)
        .to.match(/^Error: [^\n]+$/)
        .and.contain(message);
      expect(exitCode).to.equal(1);
    });
  }
});

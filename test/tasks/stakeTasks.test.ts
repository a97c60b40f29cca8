import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import hre from "hardhat";

import { openActorJournal } from "../../actors/journal/actorJournal.ts";
import { silentLogger } from "../../actors/support/logger.ts";
import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { runTask } from "../e2e/support/runTask.ts";

const TASKS = [
  "stake:keys",
  "stake:deposit",
  "stake:status",
  "stake:exit",
  "stake:pin",
  "stake:withdraw",
  "stake:protection",
  "preset:check",
];
const NAME = `0x${"12".repeat(28)}`;
const ADDRESS = "0x00000000000000000000000000000000000c0ffe";

describe("Tasks of staking", () => {
  const folder = temporaryFolder();
  const empty = join(folder.path, "empty.json");
  before(() => writeFileSync(empty, "{}"));
  after(() => folder.remove());

  for (const name of TASKS) {
    it(`${name} describes itself and every option`, () => {
      const task = hre.tasks.getTask(name);
      expect(task.description).to.match(/^[A-Z]/);
      expect([...task.options.keys()]).to.include("json");
      for (const { description } of task.options.values()) expect(description).not.to.equal("");
    });
  }

  it("never takes a password on the command line", () => {
    for (const name of TASKS)
      expect([...hre.tasks.getTask(name).options.keys()]).not.to.include.oneOf(["password", "passphrase"]);
  });

  const missing = join(folder.path, "missing.json");
  const record = { record: folder.path };
  for (const [name, options, message] of [
    ["stake:keys", {}, "give one of --new, --keystore and --list"],
    ["stake:keys", { new: missing, list: "." }, "give one of --new, --keystore and --list"],
    ["stake:keys", { new: missing, kdf: "argon2" }, "--kdf argon2 is not known"],
    ["stake:keys", { new: missing, passphraseFile: missing }, "cannot be read"],
    ["stake:keys", { keystore: empty }, "empty.json is no keystore: crypto is missing or wrong"],
    ["stake:keys", { list: missing }, "cannot be read: ENOENT"],
    ["stake:deposit", {}, "--keystore is missing"],
    ["stake:deposit", { keystore: missing }, "--proposer is missing"],
    ["stake:deposit", { keystore: missing, proposer: "0x12" }, '"0x12" is not an address'],
    ["stake:deposit", { keystore: missing, proposer: ADDRESS, amount: "much" }, "--amount much is no number"],
    ["stake:status", record, 'there is no record of a deployment to "local"'],
    ["stake:status", { validator: "0x12" }, "--validator 0x12 is no name of a validator"],
    ["stake:status", { validator: NAME, keystore: empty }, "both name one"],
    ["stake:exit", {}, "no validator is named"],
    ["stake:exit", { validator: NAME, signed: true, recipient: ADDRESS }, "--recipient with --signed"],
    ["stake:exit", { validator: NAME, signed: true }, "--keystore is missing"],
    ["stake:pin", {}, "no validator is named"],
    ["stake:pin", { validator: NAME }, "--instance is missing"],
    ["stake:withdraw", {}, "no validator is named"],
    ["stake:protection", {}, "--journal is missing"],
    ["stake:protection", { journal: missing }, "give one of --export and --import"],
    ["stake:protection", { journal: missing, export: "x", import: "y" }, "give one of --export and --import"],
    ["stake:protection", { journal: missing, export: empty }, "there is no journal"],
    ["stake:protection", { journal: join(folder.path, "new.journal"), import: missing }, "cannot be read"],
    ["stake:protection", { journal: join(folder.path, "new.journal"), import: empty }, "cannot be imported"],
    ["preset:check", {}, "--preset is missing"],
  ] as const) {
    it(`${name} says in one sentence: ${message}`, async () => {
      const { error, exitCode } = await runTask(name, options);
      expect(error)
        .to.match(/^Error: [^\n]+$/)
        .and.contain(message);
      expect(exitCode).to.equal(1);
    });
  }

  it("moves slashing protection from one journal to another, and writes over no file", async () => {
    const journal = join(folder.path, "old.journal");
    const opened = openActorJournal({ path: journal, logger: silentLogger });
    const scope = `0x${"01".repeat(32)}/0x${"02".repeat(32)}`;
    opened.append({ type: "signed", kind: "Attestation", scope, slot: 5, digest: `0x${"03".repeat(32)}` });
    opened.close();
    const file = join(folder.path, "protection.json");
    const moved = join(folder.path, "moved.journal");
    expect((await runTask("stake:protection", { journal, export: file })).result).to.include({ exported: 1 });
    expect((await runTask("stake:protection", { journal, export: file })).error).to.contain("exists");
    for (const imported of [1, 0]) {
      const { result } = await runTask("stake:protection", { journal: moved, import: file });
      expect(result).to.include({ imported });
    }
  });

  it("checks a preset", async () => {
    const { result, exitCode } = await runTask("preset:check", { preset: "testnet" });
    expect(exitCode).to.equal(0);
    expect(result).to.include({ preset: "testnet", valid: true });
  });
});

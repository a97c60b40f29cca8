import { spawn } from "node:child_process";
import fs, { appendFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

import { type ActorEntry, openActorJournal } from "../../../actors/journal/actorJournal.ts";
import { Journal } from "../../../actors/journal/journal.ts";
import { ProposalGuard } from "../../../actors/journal/proposalGuard.ts";
import { ActorError, isActorError } from "../../../actors/support/actorError.ts";
import { type Logger, silentLogger } from "../../../actors/support/logger.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

type Write = (file: number, bytes: Uint8Array, at: number, length: number) => number;

/** Runs `work` with another `writeSync` in the whole process. */
function withWriteSync(make: (real: Write) => Write, work: () => void): void {
  const real = fs.writeSync;
  fs.writeSync = make(real) as typeof fs.writeSync;
  syncBuiltinESMExports();
  try {
    work();
  } finally {
    fs.writeSync = real;
    syncBuiltinESMExports();
  }
}

/** Code of the error that `work` throws. */
function refusalOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof ActorError ? error.code : String(error);
  }
}

/** Opens a journal in a process of its own, which holds it until told to leave. */
function openElsewhere(path: string): Promise<{ answer: string; leave: () => void }> {
  const module = new URL("../../../actors/journal/journal.ts", import.meta.url).href;
  const script = `
    import { Journal } from ${JSON.stringify(module)};
    const logger = { warn() {} };
    try { Journal.open({ path: ${JSON.stringify(path)}, logger }); console.log("open"); }
    catch (error) { console.log(error.code); }
    process.stdin.resume();
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    cwd: fileURLToPath(new URL("../../..", import.meta.url)),
    stdio: ["pipe", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the process ended with ${code}`)));
    child.stdout.once("data", (answer: Buffer) =>
      resolve({ answer: String(answer).trim(), leave: () => child.stdin.end() }),
    );
  });
}

describe("Journal", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let path: string;
  let warnings: string[];
  let logger: Logger;

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder.path, "deep", "journal.jsonl");
    warnings = [];
    logger = { ...silentLogger, warn: (_fields: object, message: string) => warnings.push(message) };
  });
  afterEach(() => folder.remove());

  it("finds its entries after a restart, bigints included", () => {
    const first = Journal.open<{ n: bigint; text: string }>({ path, logger });
    first.append({ n: 2n ** 200n, text: "a\nb" });
    first.append({ n: -1n, text: "" });
    first.close();

    const second = Journal.open<{ n: bigint; text: string }>({ path, logger });
    expect(second.entries).to.deep.equal([
      { n: 2n ** 200n, text: "a\nb" },
      { n: -1n, text: "" },
    ]);
    second.close();
  });

  for (const tail of ['{"n":3', '{"n":3}', "garbage", "\0\0\0\0"]) {
    it(`drops a tail that a crash cut, with a warning: ${JSON.stringify(tail)}`, () => {
      const first = Journal.open<{ n: number }>({ path, logger });
      first.append({ n: 1 });
      first.append({ n: 2 });
      first.close();
      appendFileSync(path, tail);

      const second = Journal.open<{ n: number }>({ path, logger });
      expect(second.entries).to.deep.equal([{ n: 1 }, { n: 2 }]);
      expect(warnings).to.have.length(1);
      second.append({ n: 4 });
      second.close();
      expect(readFileSync(path, "utf8")).to.equal('{"n":1}\n{"n":2}\n{"n":4}\n');
    });
  }

  it("refuses a broken line before the last", () => {
    Journal.open({ path, logger }).close();
    writeFileSync(path, '{"n":1}\nbroken\n{"n":2}\n');
    expect(() => Journal.open({ path, logger })).to.throw(/line 2 .* is not JSON/);
    // The refusal leaves no lock behind.
    expect(() => Journal.open({ path, logger })).to.throw(/line 2/);
  });

  it("refuses a broken last line that has its newline: no crash leaves one", () => {
    Journal.open({ path, logger }).close();
    writeFileSync(path, '{"n":1}\nbroken\n');
    expect(refusalOf(() => Journal.open({ path, logger }))).to.equal("JOURNAL_CORRUPT");
    expect(readFileSync(path, "utf8")).to.equal('{"n":1}\nbroken\n');
    expect(warnings).to.deep.equal([]);
  });

  it("writes a whole line where the system takes it in parts", () => {
    const journal = Journal.open<{ n: number }>({ path, logger });
    withWriteSync(
      (real) => (file, bytes, at) => real(file, bytes, at, 1),
      () => journal.append({ n: 1 }),
    );
    journal.close();
    expect(readFileSync(path, "utf8")).to.equal('{"n":1}\n');
  });

  for (const [how, end] of [
    [
      "with an error",
      () => {
        throw new Error("ENOSPC");
      },
    ],
    ["silently", () => 0],
  ] as const) {
    it(`leaves no part of a line on a disk that fills up ${how}, and takes no entry after that`, () => {
      const journal = Journal.open<{ n: number }>({ path, logger });
      journal.append({ n: 1 });
      let writes = 0;
      withWriteSync(
        (real) => (file, bytes, at) => (writes++ === 0 ? real(file, bytes, at, 3) : end()),
        () => expect(refusalOf(() => journal.append({ n: 2 }))).to.equal("JOURNAL_CLOSED"),
      );
      expect(writes).to.equal(2);
      expect(readFileSync(path, "utf8")).to.equal('{"n":1}\n');
      expect(refusalOf(() => journal.append({ n: 3 }))).to.equal("JOURNAL_CLOSED");
      expect(journal.entries).to.deep.equal([{ n: 1 }]);
      journal.close();

      const reopened = Journal.open<{ n: number }>({ path, logger });
      reopened.append({ n: 4 });
      expect(reopened.entries).to.deep.equal([{ n: 1 }, { n: 4 }]);
      reopened.close();
    });
  }

  it("has one writer at a time", () => {
    const first = Journal.open({ path, logger });
    expect(() => Journal.open({ path, logger })).to.throw(/is in use/);
    first.close();
    Journal.open({ path, logger }).close();
  });

  it("takes over the lock of a dead process", () => {
    Journal.open({ path, logger }).close();
    writeFileSync(`${path}.lock`, "999999999");
    Journal.open({ path, logger }).close();
    expect(readdirSync(dirname(path))).to.deep.equal(["journal.jsonl"]);
  });

  it("leaves the lock of a dead process to the one that is taking it over", () => {
    Journal.open({ path, logger }).close();
    writeFileSync(`${path}.lock`, "999999999");
    writeFileSync(`${path}.lock.takeover`, String(process.pid));
    expect(refusalOf(() => Journal.open({ path, logger }))).to.equal("JOURNAL_LOCKED");
    expect(readFileSync(`${path}.lock`, "utf8")).to.equal("999999999");
    expect(existsSync(`${path}.lock.takeover`)).to.equal(true);
  });

  it("gives the lock of a dead process to one of several that ask for it", async function () {
    this.timeout(30_000);
    Journal.open({ path, logger }).close();
    writeFileSync(`${path}.lock`, "999999999");
    const answers = await Promise.all(Array.from({ length: 4 }, () => openElsewhere(path)));
    for (const { leave } of answers) leave();
    expect(answers.map(({ answer }) => answer).sort()).to.deep.equal([
      "JOURNAL_LOCKED",
      "JOURNAL_LOCKED",
      "JOURNAL_LOCKED",
      "open",
    ]);
  });

  it("refuses to append when closed", () => {
    const journal = Journal.open<{ n: number }>({ path, logger });
    journal.close();
    expect(() => journal.append({ n: 1 })).to.throw(/is closed/);
  });

  describe("ProposalGuard", () => {
    it("allows one digest a slot, again after a restart", () => {
      const journal = openActorJournal({ path, logger });
      const guard = new ProposalGuard(journal);
      guard.checkAndInsertProposal(7, "0xaa");
      guard.checkAndInsertProposal(7, "0xaa");
      expect(() => guard.checkAndInsertProposal(7, "0xbb")).to.throw(/slot 7 was signed/);
      journal.close();

      const reopened = openActorJournal({ path, logger });
      const restarted = new ProposalGuard(reopened);
      expect(restarted.hasSigned(7)).to.equal(true);
      expect(restarted.hasSigned(8)).to.equal(false);
      try {
        restarted.checkAndInsertProposal(7, "0xbb");
        expect.fail("signed twice");
      } catch (error) {
        expect(isActorError(error, "SLOT_SIGNED")).to.equal(true);
      }
      restarted.checkAndInsertProposal(8, "0xbb");
      expect(reopened.entries.map((entry: ActorEntry) => entry.type)).to.deep.equal(["proposal", "proposal"]);
      reopened.close();
    });
  });
});

import { spawn } from "node:child_process";
import fs, { appendFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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

type Write = (
  file: number,
  bytes: Uint8Array,
  at: number,
  length: number,
  position?: number | null,
) => number;

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

/** Opens a journal in a process of its own, which holds it until it is killed. */
function openElsewhere(path: string): Promise<{ answer: string; kill: () => Promise<void> }> {
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
      resolve({
        answer: String(answer).trim(),
        kill: () =>
          new Promise((dead) => {
            child.once("exit", () => dead());
            child.kill("SIGKILL");
          }),
      }),
    );
  });
}

/** The entries of a journal as they stand in its file, without their checksums. */
function jsonOf(path: string): string[] {
  return readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/ #[0-9a-f]{16}$/, ""));
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

  /** A journal of entries with the numbers from 1 on. */
  function filled(count: number): void {
    const journal = Journal.open<{ n: number }>({ path, logger });
    for (let n = journal.entries.length + 1; n <= count; n++) journal.append({ n });
    journal.close();
  }

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
      expect(jsonOf(path)).to.deep.equal(['{"n":1}', '{"n":2}', '{"n":4}']);
    });
  }

  it("refuses a line that was changed, and leaves no lock behind", () => {
    filled(3);
    writeFileSync(path, readFileSync(path, "utf8").replace('{"n":2}', '{"n":7}'));
    expect(() => Journal.open({ path, logger })).to.throw(/was changed in line 2; restore it/);
    expect(refusalOf(() => Journal.open({ path, logger }))).to.equal("JOURNAL_CORRUPT");
    expect(warnings).to.deep.equal([]);
  });

  for (const [what, change] of [
    ["a line is gone from the middle", (lines: string[]) => lines.filter((_, i) => i !== 1)],
    ["the last line is gone", (lines: string[]) => lines.slice(0, -1)],
    ["two lines are exchanged", ([a, b, c]: string[]) => [b!, a!, c!]],
    ["everything is gone", () => []],
  ] as const) {
    it(`refuses a journal of which ${what}`, () => {
      filled(3);
      const lines = readFileSync(path, "utf8").trimEnd().split("\n");
      writeFileSync(
        path,
        change(lines)
          .map((line) => `${line}\n`)
          .join(""),
      );
      expect(refusalOf(() => Journal.open({ path, logger }))).to.equal("JOURNAL_CORRUPT");
    });
  }

  it("refuses a journal whose file is lost but whose head is there", () => {
    filled(2);
    rmSync(path);
    expect(refusalOf(() => Journal.open({ path, logger }))).to.equal("JOURNAL_CORRUPT");
  });

  it("refuses or repairs whatever single bit is flipped and wherever the file is cut", () => {
    filled(4);
    const [whole, head] = [readFileSync(path), readFileSync(`${path}.head`)];
    const open = (): string => {
      try {
        const journal = Journal.open<{ n: number }>({ path, logger });
        const numbers = journal.entries.map(({ n }) => n).join();
        journal.close();
        return numbers;
      } catch (error) {
        return (error as ActorError).code;
      }
    };
    const outcomes = new Set<string>();
    const damaged = (bytes: Buffer, damagedHead: Buffer): void => {
      writeFileSync(path, bytes);
      writeFileSync(`${path}.head`, damagedHead);
      outcomes.add(open());
    };
    const flipped = (bytes: Buffer, bit: number): Buffer => {
      const copy = Buffer.from(bytes);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      return copy;
    };
    for (let bit = 0; bit < 8 * whole.length; bit++) damaged(flipped(whole, bit), head);
    for (let length = 0; length < whole.length; length++) damaged(whole.subarray(0, length), head);
    expect([...outcomes]).to.deep.equal(["JOURNAL_CORRUPT"]);
    for (let bit = 0; bit < 8 * head.length; bit++) damaged(whole, flipped(head, bit));
    for (let length = 0; length < head.length; length++) damaged(whole, head.subarray(0, length));
    expect([...outcomes].sort()).to.deep.equal(["1,2,3,4", "JOURNAL_CORRUPT"]);
  });

  it("opens without its head, with a warning, and does not claim to be whole", () => {
    filled(2);
    rmSync(`${path}.head`);
    const journal = Journal.open<{ n: number }>({ path, logger });
    expect(journal.isWhole).to.equal(false);
    expect(journal.entries).to.have.length(2);
    expect(warnings).to.have.length(1);
    journal.close();
    const again = Journal.open({ path, logger });
    expect(again.isWhole).to.equal(true);
    again.close();
  });

  it("goes on when a crash came between a line and its head", () => {
    filled(1);
    const head = readFileSync(`${path}.head`);
    const journal = Journal.open<{ n: number }>({ path, logger });
    journal.append({ n: 2 });
    journal.close();
    writeFileSync(`${path}.head`, head);
    const again = Journal.open<{ n: number }>({ path, logger });
    expect(again.entries).to.deep.equal([{ n: 1 }, { n: 2 }]);
    again.close();
  });

  it("writes a whole line where the system takes it in parts", () => {
    const journal = Journal.open<{ n: number }>({ path, logger });
    withWriteSync(
      (real) => (file, bytes, at) => real(file, bytes, at, 1),
      () => journal.append({ n: 1 }),
    );
    journal.close();
    expect(jsonOf(path)).to.deep.equal(['{"n":1}']);
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
      expect(jsonOf(path)).to.deep.equal(['{"n":1}']);
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

  it("is not kept out by the process id of an earlier version, be it that of a living process, and tidies up", () => {
    Journal.open({ path, logger }).close();
    writeFileSync(`${path}.lock`, String(process.pid));
    writeFileSync(`${path}.lock.takeover`, String(process.pid));
    const journal = Journal.open({ path, logger });
    expect(refusalOf(() => Journal.open({ path, logger }))).to.equal("JOURNAL_LOCKED");
    journal.close();
    expect(readdirSync(dirname(path)).sort()).to.deep.equal([
      "journal.jsonl",
      "journal.jsonl.head",
      "journal.jsonl.lock",
    ]);
    expect(readFileSync(`${path}.lock`).length).to.equal(0);
  });

  it("is given to one of several processes that ask for it, and to the next when that one is killed", async function () {
    this.timeout(30_000);
    const answers = await Promise.all(Array.from({ length: 4 }, () => openElsewhere(path)));
    expect(answers.map(({ answer }) => answer).sort()).to.deep.equal([
      "JOURNAL_LOCKED",
      "JOURNAL_LOCKED",
      "JOURNAL_LOCKED",
      "open",
    ]);
    expect(refusalOf(() => Journal.open({ path, logger }))).to.equal("JOURNAL_LOCKED");
    for (const { kill } of answers) await kill();
    Journal.open({ path, logger }).close();
  });

  it("tells once that it can no longer be written", () => {
    const failures: unknown[] = [];
    const journal = Journal.open<{ n: number }>({ path, logger, onFailure: (error) => failures.push(error) });
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    withWriteSync(
      () => () => {
        throw full;
      },
      () => expect(refusalOf(() => journal.append({ n: 1 }))).to.equal("JOURNAL_CLOSED"),
    );
    expect(refusalOf(() => journal.append({ n: 2 }))).to.equal("JOURNAL_CLOSED");
    expect(failures).to.have.length(1);
    expect((failures[0] as Error).message).to.match(
      /could not be written and takes no more entries: ENOSPC.*; make room on its disk and start again$/,
    );
    journal.close();
  });

  it("refuses to append when closed", () => {
    const journal = Journal.open<{ n: number }>({ path, logger });
    journal.close();
    expect(() => journal.append({ n: 1 })).to.throw(/is closed/);
  });

  describe("ProposalGuard", () => {
    it("allows one digest a slot, again after a restart", () => {
      const journal = openActorJournal({ path, logger });
      const guard = new ProposalGuard({ journal, scope: "0x1" });
      guard.checkAndInsertProposal(7, "0xaa");
      guard.checkAndInsertProposal(7, "0xaa");
      expect(() => guard.checkAndInsertProposal(7, "0xbb")).to.throw(/slot 7 was signed/);
      journal.close();

      const reopened = openActorJournal({ path, logger });
      const restarted = new ProposalGuard({ journal: reopened, scope: "0x1" });
      expect(restarted.hasSigned(7)).to.equal(true);
      expect(restarted.hasSigned(8)).to.equal(false);
      try {
        restarted.checkAndInsertProposal(7, "0xbb");
        expect.fail("signed twice");
      } catch (error) {
        expect(isActorError(error, "SLOT_SIGNED")).to.equal(true);
      }
      restarted.refuseUpTo(7);
      restarted.checkAndInsertProposal(7, "0xaa");
      restarted.checkAndInsertProposal(8, "0xbb");
      expect(reopened.entries.map((entry: ActorEntry) => entry.type)).to.deep.equal(["proposal", "proposal"]);
      reopened.close();
    });

    it("signs the slots of another rollup, such as the next instance, whose numbers begin anew", () => {
      const journal = openActorJournal({ path, logger });
      journal.append({ type: "proposal", slot: 6, digest: "0xaa" });
      new ProposalGuard({ journal, scope: "0x1" }).checkAndInsertProposal(7, "0xaa");
      const next = new ProposalGuard({ journal, scope: "0x2" });
      expect(next.hasSigned(7)).to.equal(false);
      next.checkAndInsertProposal(7, "0xbb");
      expect(refusalOf(() => next.checkAndInsertProposal(7, "0xcc"))).to.equal("SLOT_SIGNED");
      // Each keeps its own, also after a restart; a line of an earlier version counts for every rollup.
      for (const [scope, digest] of [
        ["0x1", "0xaa"],
        ["0x2", "0xbb"],
      ] as const) {
        const again = new ProposalGuard({ journal, scope });
        again.checkAndInsertProposal(7, digest);
        expect(refusalOf(() => again.checkAndInsertProposal(7, "0xdd"))).to.equal("SLOT_SIGNED");
        expect(again.hasSigned(6)).to.equal(true);
      }
      journal.close();
    });

    it("signs nothing for slots that a lost journal may have known", () => {
      const journal = openActorJournal({ path, logger });
      const guard = new ProposalGuard({ journal, scope: "0x1" });
      guard.refuseUpTo(7);
      expect(refusalOf(() => guard.checkAndInsertProposal(7, "0xaa"))).to.equal("SLOT_SIGNED");
      guard.checkAndInsertProposal(8, "0xaa");
      expect(journal.entries).to.have.length(1);
      journal.close();
    });
  });
});

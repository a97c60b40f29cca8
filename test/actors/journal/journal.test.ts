import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

import { type ActorEntry, openActorJournal } from "../../../actors/journal/actorJournal.ts";
import { Journal } from "../../../actors/journal/journal.ts";
import { ProposalGuard } from "../../../actors/journal/proposalGuard.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { type Logger, silentLogger } from "../../../actors/support/logger.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

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

  for (const tail of ['{"n":3', '{"n":3}', "garbage\n", "\0\0\0\0"]) {
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

import { appendFileSync, readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "chai";

import { openActorJournal } from "../../../actors/journal/actorJournal.ts";
import { SigningGuard } from "../../../actors/journal/signingGuard.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

describe("Slashing protection of a committee key", () => {
  const folder = temporaryFolder();
  let count = 0;
  let path: string;
  beforeEach(() => (path = join(folder.path, `${count++}.journal`)));
  after(() => folder.remove());

  /** One life of a process: opens, does something, and is gone. */
  function live<T>(act: (guard: SigningGuard) => T, scope = "key"): T {
    const journal = openActorJournal({ path, logger: silentLogger });
    try {
      return act(new SigningGuard({ journal, scope }));
    } finally {
      journal.close();
    }
  }
  const refusal = (
    guard: SigningGuard,
    slot: number,
    digest: string,
    kind: "Attestation" | "Proposal" = "Attestation",
  ) => {
    try {
      guard.checkAndInsert({ kind, slot, digest });
      return undefined;
    } catch (error) {
      return isActorError(error, "SLOT_SIGNED") ? "SLOT_SIGNED" : error;
    }
  };

  it("allows one digest a slot, also after a restart, and the same one again", () => {
    live((guard) => {
      expect(refusal(guard, 5, "0xaa")).to.equal(undefined);
      expect(refusal(guard, 5, "0xaa")).to.equal(undefined);
      expect(refusal(guard, 5, "0xbb")).to.equal("SLOT_SIGNED");
    });
    live((guard) => {
      expect(refusal(guard, 5, "0xbb")).to.equal("SLOT_SIGNED");
      expect(refusal(guard, 5, "0xaa")).to.equal(undefined);
      expect(refusal(guard, 6, "0xbb")).to.equal(undefined);
    });
  });

  it("allows nothing for a slot before the newest one", () => {
    live((guard) => refusal(guard, 5, "0xaa"));
    live((guard) => {
      expect(refusal(guard, 4, "0xbb")).to.equal("SLOT_SIGNED");
      expect(refusal(guard, 0, "0xaa")).to.equal("SLOT_SIGNED");
    });
  });

  it("allows nothing up to the slot that a lost journal can have known of, but for what it still knows", () => {
    live((guard) => refusal(guard, 3, "0xaa"));
    live((guard) => {
      guard.refuseUpTo(7);
      expect(refusal(guard, 3, "0xaa")).to.equal(undefined);
      expect(refusal(guard, 7, "0xaa")).to.equal("SLOT_SIGNED");
      expect(refusal(guard, 7, "0xaa", "Proposal")).to.equal("SLOT_SIGNED");
      expect(refusal(guard, 8, "0xaa")).to.equal(undefined);
    });
  });

  it("keeps proposals and attestations apart, and keys and instances too", () => {
    live((guard) => {
      expect(refusal(guard, 5, "0xaa")).to.equal(undefined);
      expect(refusal(guard, 5, "0xbb", "Proposal")).to.equal(undefined);
      expect(refusal(guard, 5, "0xcc", "Proposal")).to.equal("SLOT_SIGNED");
    });
    live((guard) => expect(refusal(guard, 1, "0xdd")).to.equal(undefined), "another key");
  });

  it("has the line on disk before it allows to sign", () => {
    live((guard) => {
      guard.checkAndInsert({ kind: "Attestation", slot: 5, digest: "0xaa" });
      expect(readFileSync(path, "utf8")).to.contain(`"digest":"0xaa"`);
    });
  });

  it("writes one line for what it allows again and again", () => {
    live((guard) => {
      for (let i = 0; i < 5; i++) refusal(guard, 5, "0xaa");
    });
    expect(readFileSync(path, "utf8").trim().split("\n")).to.have.length(1);
  });

  it("does not count a line that a crash cut: its signature never left", () => {
    live((guard) => refusal(guard, 5, "0xaa"));
    const whole = readFileSync(path, "utf8");
    appendFileSync(path, whole.trim().replace("0xaa", "0xbb").replace(`"slot":5`, `"slot":6`).slice(0, -3));
    live((guard) => {
      expect(refusal(guard, 5, "0xbb")).to.equal("SLOT_SIGNED");
      expect(refusal(guard, 6, "0xcc")).to.equal(undefined);
    });
  });

  it("holds when the process is killed between the line and the signature", () => {
    const url = (file: string): string => new URL(`../../../actors/${file}`, import.meta.url).href;
    const script = `
      const { openActorJournal } = await import(${JSON.stringify(url("journal/actorJournal.ts"))});
      const { SigningGuard } = await import(${JSON.stringify(url("journal/signingGuard.ts"))});
      const { silentLogger } = await import(${JSON.stringify(url("support/logger.ts"))});
      const journal = openActorJournal({ path: ${JSON.stringify(path)}, logger: silentLogger });
      new SigningGuard({ journal, scope: "key" }).checkAndInsert({ kind: "Attestation", slot: 5, digest: "0xaa" });
      process.kill(process.pid, "SIGKILL");
      console.log("signed");
    `;
    const { signal, stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    expect(signal).to.equal("SIGKILL");
    expect(stdout).to.equal("");
    live((guard) => {
      expect(refusal(guard, 5, "0xbb")).to.equal("SLOT_SIGNED");
      expect(refusal(guard, 5, "0xaa")).to.equal(undefined);
    });
  });

  it("allows nothing when the line cannot be written", () => {
    const journal = openActorJournal({ path, logger: silentLogger });
    const guard = new SigningGuard({ journal, scope: "key" });
    journal.close();
    expect(isActorError(refusal(guard, 5, "0xaa"), "JOURNAL_CLOSED")).to.equal(true);
    expect(isActorError(refusal(guard, 5, "0xaa"), "JOURNAL_CLOSED")).to.equal(true);
  });
});

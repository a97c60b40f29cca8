import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

import { Journal } from "../../../actors/journal/journal.ts";
import { NodeStore } from "../../../actors/node/nodeStore.ts";
import { ActorError } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import type { ProposedEvent } from "../../../actors/l1/rollupContract.ts";
import { smallDisk } from "../support/smallDisk.ts";

const thrownBy = (work: () => void): ActorError | undefined => {
  try {
    for (let i = 0; i < 10_000; i++) work();
    return undefined;
  } catch (error) {
    expect(error).to.be.instanceOf(ActorError);
    return error as ActorError;
  }
};

describe("A disk that is full", () => {
  let disk: NonNullable<ReturnType<typeof smallDisk>>;
  beforeEach(function () {
    const mounted = smallDisk(512);
    if (!mounted) this.skip();
    disk = mounted;
  });
  afterEach(() => disk?.remove());

  it("ends a journal with a sentence that says what to do, and the journal is whole afterwards", () => {
    const path = join(disk.path, "sequencer.journal");
    const journal = Journal.open<{ text: string }>({ path, logger: silentLogger });
    writeFileSync(join(disk.path, "filler"), Buffer.alloc(300_000));
    const failure = thrownBy(() => journal.append({ text: "x".repeat(1_000) }));
    expect(failure?.code).to.equal("JOURNAL_CLOSED");
    expect(failure?.message).to.match(
      /could not be written .*ENOSPC.*; make room on its disk and start again$/,
    );
    const count = journal.entries.length;
    journal.close();
    rmSync(join(disk.path, "filler"));
    const again = Journal.open<{ text: string }>({ path, logger: silentLogger });
    expect(again.isWhole).to.equal(true);
    expect(again.entries).to.have.length(count);
    again.append({ text: "y" });
    again.close();
  });

  it("ends a node's store with such a sentence, and what it had committed stays", () => {
    const path = join(disk.path, "node.sqlite");
    const failures: unknown[] = [];
    const options = { path, identity: "0x01", logger: silentLogger };
    const store = NodeStore.open({ ...options, onFailure: (error) => failures.push(error) });
    let number = 0;
    const failure = thrownBy(() => {
      const event = { type: "proposed", number: number + 1 } as unknown as ProposedEvent;
      const point = { number: number + 1, hash: "0x" };
      store.commit([{ type: "block", event, valid: true, blob: new Uint8Array(20_000) }], point);
      number++;
    });
    expect(failure?.code).to.equal("STORE_UNWRITABLE");
    expect(failure?.message).to.match(
      /could not be read or written: .*; make room on its disk, .* and start again$/,
    );
    expect(failures).to.deep.equal([failure]);
    expect(store.read()?.blocks).to.have.length(number);
    expect(store.read()?.l1.number).to.equal(number);
    store.close();
  });
});

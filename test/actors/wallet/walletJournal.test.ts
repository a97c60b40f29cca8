import { copyFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

import { isActorError } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { openIntent, openWalletJournals } from "../../../actors/wallet/walletJournal.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const ROLLUP = `0x${"aa".repeat(20)}`;
const here = { chainId: 31337, genesisTime: 1_000, addresses: { rollup: ROLLUP } };
const REQUEST = "1 2 3";

describe("Journals of a wallet", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let keyFile: string;
  beforeEach(() => {
    folder = temporaryFolder();
    keyFile = join(folder.path, "key.json");
  });
  afterEach(() => folder.remove());

  const open = (rollup = here) => openWalletJournals({ keyFile, rollup, logger: silentLogger });
  /** Whether an earlier call's payment is known to be open. */
  const knows = (rollup = here): boolean => {
    const journals = open(rollup);
    const intent = openIntent(journals.ledger, REQUEST);
    journals.close();
    return intent !== undefined;
  };
  const isCorrupt = (): boolean => {
    try {
      open().close();
      return false;
    } catch (error) {
      return isActorError(error, "JOURNAL_CORRUPT");
    }
  };
  const fileOf = (name: string): string => {
    const root = `${keyFile}.journal`;
    return join(root, readdirSync(root)[0]!, name);
  };
  beforeEach(() => {
    const journals = open();
    journals.ledger.append({ type: "intent", request: REQUEST, id: "0x1", words: [1n, 2n] });
    journals.l1.append({ type: "send", purpose: "deposit", from: ROLLUP, nonce: 0, hash: "0x2", attempt: 0 });
    journals.close();
  });

  for (const name of ["ledger.journal", "l1.journal"]) {
    it(`refuses a ${name} that is empty, cut, or has a flipped bit, and never forgets a payment silently`, () => {
      const path = fileOf(name);
      const whole = readFileSync(path);
      for (let length = 0; length < whole.length; length++) {
        writeFileSync(path, whole.subarray(0, length));
        expect(isCorrupt(), `cut to ${length}`).to.equal(true);
      }
      for (let at = 0; at < whole.length; at++) {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= 1;
        writeFileSync(path, bytes);
        expect(isCorrupt(), `byte ${at}`).to.equal(true);
      }
      writeFileSync(path, whole);
      expect(knows()).to.equal(true);
    });
  }

  it("frees both when one of them is refused", () => {
    const path = fileOf("l1.journal");
    const whole = readFileSync(path);
    writeFileSync(path, "");
    expect(isCorrupt()).to.equal(true);
    writeFileSync(path, whole);
    expect(knows()).to.equal(true);
  });

  it("keeps rollups apart: another address, chain or genesis has journals of its own", () => {
    const others = [
      { ...here, chainId: 1 },
      { ...here, genesisTime: 2_000 },
      { ...here, addresses: { rollup: `0x${"bb".repeat(20)}` } },
    ];
    for (const other of others) expect(knows(other)).to.equal(false);
    expect(knows()).to.equal(true);
  });

  it("refuses another rollup's journal under its own head", () => {
    const from = fileOf("ledger.journal");
    keyFile = join(folder.path, "other.json");
    const journals = open();
    journals.ledger.append({ type: "intent", request: "9", id: "0x9", words: [] });
    journals.close();
    copyFileSync(from, fileOf("ledger.journal"));
    expect(isCorrupt()).to.equal(true);
  });
});

import { join } from "node:path";
import { expect } from "chai";

import { attestedBlockOf } from "../../../protocol/gossip.ts";
import { toSlot } from "../../../protocol/time.ts";
import { type ActorJournal, openActorJournal } from "../../../actors/journal/actorJournal.ts";
import { exportProtection, importProtection } from "../../../actors/journal/interchange.ts";
import { type SignedKind, SigningGuard } from "../../../actors/journal/signingGuard.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { CommitteeSigner } from "../../../actors/validator/committeeSigner.ts";
import { domain, honestProposal, memberKey, smallChain } from "../support/committee.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const word = (value: number): string => `0x${value.toString(16).padStart(64, "0")}`;
const SCOPE = `${word(1)}/${word(2)}`;

describe("Slashing protection that moves with its keys", () => {
  const folder = temporaryFolder();
  const journals: ActorJournal[] = [];
  afterEach(() => journals.splice(0).forEach((journal) => journal.close()));
  after(() => folder.remove());
  let count = 0;

  function open(): ActorJournal {
    const journal = openActorJournal({
      path: join(folder.path, `${count++}.journal`),
      logger: silentLogger,
    });
    journals.push(journal);
    return journal;
  }
  function sign(
    journal: ActorJournal,
    slot: number,
    digest: string,
    kind: SignedKind = "Attestation",
  ): boolean {
    try {
      new SigningGuard({ journal, scope: SCOPE }).checkAndInsert({ kind, slot, digest });
      return true;
    } catch (error) {
      if (isActorError(error, "SLOT_SIGNED")) return false;
      throw error;
    }
  }
  const isInvalid = (journal: ActorJournal, text: string): boolean => {
    try {
      importProtection(journal, text);
      return false;
    } catch (error) {
      return isActorError(error, "INTERCHANGE_INVALID");
    }
  };

  it("forbids on the new machine what the old one has signed, and allows the same digest again", () => {
    const old = open();
    sign(old, 5, word(50));
    sign(old, 7, word(70));
    sign(old, 6, word(60), "Proposal");
    const moved = open();
    expect(importProtection(moved, exportProtection(old))).to.equal(3);
    expect(sign(moved, 5, word(51))).to.equal(false);
    expect(sign(moved, 7, word(71))).to.equal(false);
    expect(sign(moved, 7, word(70))).to.equal(true);
    expect(sign(moved, 6, word(61), "Proposal")).to.equal(false);
    expect(sign(moved, 7, word(72), "Proposal")).to.equal(true);
    expect(sign(moved, 8, word(80))).to.equal(true);
  });

  it("is the same after a way there and back, and an import twice adds nothing", () => {
    const old = open();
    sign(old, 5, word(50));
    sign(old, 6, word(60), "Proposal");
    const text = exportProtection(old);
    const moved = open();
    importProtection(moved, text);
    expect(importProtection(moved, text)).to.equal(0);
    expect(exportProtection(moved)).to.equal(text);
  });

  it("only tightens: an older file takes nothing back, a file with another digest for a slot neither", () => {
    const journal = open();
    sign(journal, 5, word(50));
    const older = exportProtection(journal);
    sign(journal, 9, word(90));
    expect(importProtection(journal, older)).to.equal(0);
    expect(importProtection(journal, older.replace('"5"', '"9"'))).to.equal(0);
    expect(sign(journal, 9, word(50))).to.equal(false);
    expect(sign(journal, 9, word(90))).to.equal(true);
  });

  it("takes the slots of a file in their order, whatever theirs is", () => {
    const old = open();
    sign(old, 5, word(50));
    sign(old, 7, word(70));
    const content = JSON.parse(exportProtection(old)) as { data: { signed_attestations: object[] }[] };
    content.data[0]!.signed_attestations.reverse();
    expect(importProtection(open(), JSON.stringify(content))).to.equal(2);
  });

  it("leaves other keys and instances alone", () => {
    const old = open();
    sign(old, 5, word(50));
    const moved = open();
    importProtection(moved, exportProtection(old).replace(word(2), word(3)));
    expect(sign(moved, 4, word(40))).to.equal(true);
  });

  it("holds a committee key's signer to it", () => {
    const { inbox, tip, transfer } = smallChain();
    const block = attestedBlockOf(honestProposal({ parent: tip, slot: 3, inbox, candidates: [transfer] }));
    const [old, moved] = [open(), open()];
    const key = memberKey(0);
    new CommitteeSigner({ key, domain, journal: old }).sign("Attestation", block);
    importProtection(moved, exportProtection(old));
    const signer = new CommitteeSigner({ key, domain, journal: moved });
    expect(() => signer.sign("Attestation", { ...block, modifier: 1 })).to.throw("was signed");
    expect(() => signer.sign("Attestation", { ...block, slot: toSlot(2) })).to.throw("was signed");
    signer.sign("Attestation", { ...block, slot: toSlot(4) });
  });

  it("takes a file as a whole or not at all", () => {
    const old = open();
    sign(old, 5, word(50));
    const text = exportProtection(old);
    const journal = open();
    for (const spoilt of [
      "",
      text.slice(0, -10),
      text.replace('"1"', '"2"'),
      text.replace('"5"', '"-5"'),
      text.replace('"5"', '"4294967296"'),
      text.replace('"5"', "5"),
      text.replace(word(50), "0x50"),
      text.replace("signed_proposals", "signed_blocks"),
      text.replace('"data"', '"rest"'),
    ]) {
      expect(isInvalid(journal, spoilt), spoilt).to.equal(true);
      expect(journal.entries).to.have.length(0);
    }
  });
});

import { expect } from "chai";

import type { SignedProposal } from "../../../protocol/gossip.ts";
import type { Field } from "../../../protocol/field.ts";
import type { MessageHash } from "../../../protocol/message.ts";
import { toSlot } from "../../../protocol/time.ts";
import type { TruncatedHash } from "../../../protocol/hash.ts";
import {
  type ProposalContext,
  type RefusalReason,
  checkProposal,
} from "../../../actors/validator/proposalCheck.ts";
import { contextOn, hashOf, honestProposal, smallChain } from "../support/committee.ts";

const { inbox, tip, transfer } = smallChain();
const good = honestProposal({ parent: tip, slot: 3, inbox, candidates: [transfer] });
const here = contextOn(tip, inbox);
const { price } = tip.record.oracle;

/** The same proposal with other words in its header. */
function claiming(header: Partial<SignedProposal["header"]>): SignedProposal {
  return { ...good, header: { ...good.header, ...header } };
}

/** The same proposal with another blob, whose hash the header has. */
function carrying(change: (blob: Uint8Array) => void): SignedProposal {
  const blob = good.blob.slice();
  change(blob);
  return { ...claiming({ versionedHash: hashOf(blob) }), blob };
}

describe("Check of a proposal before it is signed", () => {
  it("finds nothing wrong with an honest proposal", async () => {
    expect(good.header.gas.l2).to.equal(10_000n);
    expect(await checkProposal(good, here)).to.equal(undefined);
  });

  it("finds nothing wrong with a step within the bounds without an opinion, or towards the market with one", async () => {
    for (const opinion of [undefined, { market: 2n * price, tolerance: 0 }]) {
      expect(await checkProposal({ ...good, modifier: 100 }, { ...here, opinion })).to.equal(undefined);
    }
  });

  const { header } = good;
  const cases: [string, SignedProposal, Partial<ProposalContext>, RefusalReason][] = [
    ["stands on another block", claiming({ parentChainHash: 256n as TruncatedHash }), {}, "wrongParent"],
    ["stands on a block that nobody can prove", good, { parent: undefined }, "wrongParent"],
    ["is for its parent's slot", claiming({ slot: toSlot(2) }), {}, "slotTaken"],
    ["names other attesters of its parent", claiming({ parentBitmap: 3n }), {}, "wrongParentBitmap"],
    ["has no room among the records", good, { unproven: 63 }, "recordRingFull"],
    ["charges more gas than a block may", claiming({ gas: { l2: 90_001n, da: 0n } }), {}, "gasOverLimit"],
    ["charges more DA gas than a block may", claiming({ gas: { l2: 0n, da: 769n } }), {}, "gasOverLimit"],
    [
      "charges another price",
      claiming({ prices: { feePerL2Gas: 11n, feePerDaGas: 20n } }),
      {},
      "wrongPrices",
    ],
    [
      "charges another DA price",
      claiming({ prices: { feePerL2Gas: 10n, feePerDaGas: 21n } }),
      {},
      "wrongPrices",
    ],
    ["moves the exchange rate up too far", { ...good, modifier: 101 }, {}, "modifierOutOfBounds"],
    ["moves the exchange rate down too far", { ...good, modifier: -101 }, {}, "modifierOutOfBounds"],
    [
      "moves the exchange rate away from the member's market",
      { ...good, modifier: -100 },
      { opinion: { market: 2n * price, tolerance: 100 } },
      "modifierWrongWay",
    ],
    [
      "moves the exchange rate past the member's market",
      { ...good, modifier: 100 },
      { opinion: { market: (price * 10_010n) / 10_000n, tolerance: 50 } },
      "modifierTooFar",
    ],
    ["consumes more messages than a block can", { ...good, messages: 3 }, {}, "tooManyMessages"],
    ["consumes messages that L1 does not have", { ...good, messages: 1 }, {}, "messageNotSent"],
    [
      "has another hash of its messages",
      claiming({ messageHash: 1n as MessageHash }),
      {},
      "wrongMessageHash",
    ],
    ["has a word over 248 bits in its blob", carrying((blob) => (blob[32] = 1)), {}, "malformedBlob"],
    [
      "has data behind the blob's usable words",
      carrying((blob) => (blob[32 * 25 + 31] = 1)),
      {},
      "malformedBlob",
    ],
    [
      "has a blob without commitment",
      { ...good, blob: good.blob.map((byte, i) => (i < 32 ? 255 : byte)) },
      {},
      "malformedBlob",
    ],
    [
      "shows another blob than it names",
      claiming({ versionedHash: header.versionedHash + 1n }),
      {},
      "wrongVersionedHash",
    ],
    ["charges gas that its content does not", claiming({ gas: { l2: 20_000n, da: 128n } }), {}, "wrongGas"],
    ["charges DA gas that its content does not", claiming({ gas: { l2: 10_000n, da: 0n } }), {}, "wrongGas"],
    [
      "claims another state root",
      claiming({ stateRoot: (header.stateRoot ^ 1n) as Field }),
      {},
      "wrongStateRoot",
    ],
    ["leaves out a transaction that its root has", carrying((blob) => (blob[31] = 0)), {}, "wrongGas"],
  ];
  for (const [what, proposal, context, reason] of cases) {
    it(`refuses a proposal that ${what}`, async () => {
      const refusal = await checkProposal(proposal, { ...here, ...context });
      expect(refusal?.reason).to.equal(reason);
      expect(refusal?.detail).to.not.equal("");
    });
  }

  describe("with an overdue message", () => {
    // Two more messages than the tip has consumed; the slot starts at second 36.
    const { genesis } = smallChain();
    const proposal = (messages: number) =>
      honestProposal({ parent: genesis, slot: 3, inbox: inbox.slice(0, messages) });
    const context = (sentAt: number): ProposalContext => ({
      ...contextOn(genesis, inbox),
      rollup: { ...here.rollup, messageSentAt: () => Promise.resolve(sentAt) },
    });
    const due = 36 - here.parameters.messageDeadline;

    it("refuses a block that leaves it", async () => {
      expect((await checkProposal(proposal(0), context(due)))?.reason).to.equal("overdueMessageLeft");
      expect((await checkProposal(proposal(1), context(due)))?.reason).to.equal("overdueMessageLeft");
    });

    it("accepts a block that consumed as many as it can", async () => {
      expect(await checkProposal(proposal(2), context(due))).to.equal(undefined);
    });

    it("accepts a block that leaves one which is not due at the slot's start", async () => {
      expect(await checkProposal(proposal(0), context(due + 1))).to.equal(undefined);
    });
  });
});

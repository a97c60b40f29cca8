import { join } from "node:path";
import { expect } from "chai";

import { toAddress } from "../../../protocol/address.ts";
import { type AttestedBlock, attestationDigest } from "../../../protocol/attestation.ts";
import { hexToBytes } from "../../../protocol/bytes.ts";
import type { Signature } from "../../../protocol/bls.ts";
import { decodeProposal, encodeAttestation, encodeProposal } from "../../../protocol/gossip.ts";
import { recordHash } from "../../../protocol/record.ts";
import { toSlot } from "../../../protocol/time.ts";
import { aggregate } from "../../../actors/bls/blst.ts";
import { Journal } from "../../../actors/journal/journal.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { judgeAggregate } from "../../../actors/watcher/aggregates.ts";
import {
  type Equivocation,
  Equivocations,
  type SignedMessage,
} from "../../../actors/watcher/equivocations.ts";
import { attestedBlockOf } from "../../../protocol/gossip.ts";
import {
  committeeOf,
  domain,
  honestProposal,
  memberKey,
  parameters,
  signRaw,
  smallChain,
} from "../support/committee.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const { inbox, tip, transfer } = smallChain();
const committee = committeeOf(4);
const one = honestProposal({ parent: tip, slot: 3, inbox, candidates: [transfer] });
const other = honestProposal({ parent: tip, slot: 3, inbox });

describe("Evidence of equivocation", () => {
  const folder = temporaryFolder();
  let count = 0;
  let path: string;
  beforeEach(() => (path = join(folder.path, `${count++}.journal`)));
  after(() => folder.remove());

  function live<T>(act: (equivocations: Equivocations) => T): T {
    const journal = Journal.open<Equivocation>({ path, logger: silentLogger });
    try {
      return act(new Equivocations({ parameters, journal }));
    } finally {
      journal.close();
    }
  }

  const proposed = (proposal: typeof one): SignedMessage => ({
    kind: "Proposal",
    position: proposal.position,
    block: attestedBlockOf(proposal),
    signature: proposal.signature,
    data: encodeProposal(proposal),
  });
  const attested = (position: number, block: AttestedBlock, key = memberKey(position)): SignedMessage => {
    const signature = key.sign(attestationDigest({ kind: "Attestation", domain, block }));
    return {
      kind: "Attestation",
      position,
      block,
      signature,
      data: encodeAttestation({ position, block, signature }),
    };
  };

  it("keeps two different proposals for one slot, both in full, across restarts", () => {
    live((equivocations) => {
      expect(equivocations.observe(proposed(one), committee)).to.equal("first");
      expect(equivocations.observe(proposed(one), committee)).to.equal("known");
      expect(equivocations.observe(proposed(other), committee)).to.equal("equivocation");
      expect(equivocations.observe(proposed(other), committee)).to.equal("equivocation");
    });
    live((equivocations) => {
      expect(equivocations.all).to.have.length(1);
      const [{ kind, slot, position, first, second }] = equivocations.all as [Equivocation];
      expect({ kind, slot, position }).to.deep.equal({ kind: "Proposal", slot: 3, position: 0 });
      const digests = [first, second].map(
        (hex) => attestedBlockOf(decodeProposal(hexToBytes(hex))).chainHash,
      );
      expect(digests).to.deep.equal([attestedBlockOf(one).chainHash, attestedBlockOf(other).chainHash]);
    });
  });

  it("keeps two different attestations of a member, not those of two members", () => {
    live((equivocations) => {
      const [a, b] = [attestedBlockOf(one), attestedBlockOf(other)];
      expect(equivocations.observe(attested(1, a), committee)).to.equal("first");
      expect(equivocations.observe(attested(2, b), committee)).to.equal("first");
      expect(equivocations.all).to.have.length(0);
      expect(equivocations.observe(attested(1, b), committee)).to.equal("equivocation");
      expect(equivocations.all[0]).to.include({ kind: "Attestation", slot: 3, position: 1 });
    });
  });

  it("does not take a proposal and an attestation, or two slots, for a contradiction", () => {
    live((equivocations) => {
      const block = attestedBlockOf(one);
      expect(equivocations.observe(proposed(one), committee)).to.equal("first");
      expect(equivocations.observe(attested(0, attestedBlockOf(other)), committee)).to.equal("first");
      expect(equivocations.observe(attested(1, block), committee)).to.equal("first");
      expect(equivocations.observe(attested(1, { ...block, slot: toSlot(4) }), committee)).to.equal("first");
      expect(equivocations.all).to.have.length(0);
    });
  });

  it("believes no signature that is not the member's, so nobody can be framed", () => {
    live((equivocations) => {
      const [a, b] = [attestedBlockOf(one), attestedBlockOf(other)];
      equivocations.observe(attested(1, a), committee);
      expect(equivocations.observe(attested(1, b, memberKey(2)), committee)).to.equal("badSignature");
      expect(equivocations.observe(attested(5, b), committee)).to.equal("notEntitled");
      const proposal = { ...other, signature: signRaw(other, "Attestation") };
      equivocations.observe(proposed(one), committee);
      expect(equivocations.observe(proposed(proposal), committee)).to.equal("badSignature");
      expect(equivocations.all).to.have.length(0);
    });
  });
});

describe("Verdict on a published aggregate", () => {
  const block: AttestedBlock = attestedBlockOf(one);
  const published = (
    bitmap: bigint,
    signature: Uint8Array,
    change: { modifier?: number; coinbase?: ReturnType<typeof toAddress> } = {},
  ) => ({
    record: { ...tip.record, chainHash: block.chainHash, slot: block.slot, bitmap },
    claims: {
      stateRoot: one.header.stateRoot,
      slot: block.slot,
      prices: one.header.prices,
      gas: one.header.gas,
      messages: 0,
      modifier: 0,
      coinbase: block.coinbase,
      bitmap,
      signature,
      ...change,
    },
  });
  const signedBy = (positions: readonly number[], over = block, at = domain): Signature =>
    aggregate(
      positions.map((k) =>
        memberKey(k).sign(attestationDigest({ kind: "Attestation", domain: at, block: over })),
      ),
    );
  const judge = (bitmap: bigint, signature: Uint8Array, change = {}, members = committee) =>
    judgeAggregate({ block: published(bitmap, signature, change), committee: members, parameters });

  it("is good for exactly the members whose bits are set", () => {
    expect(judge(0b1011n, signedBy([0, 1, 3]))).to.deep.equal({
      type: "valid",
      attestations: 3,
      committeeSize: 4,
    });
    expect(judge(0b1111n, signedBy([0, 1, 2, 3])).type).to.equal("valid");
  });

  const wrong: [string, bigint, Uint8Array, object][] = [
    ["of fewer members than its bits", 0b1111n, signedBy([0, 1, 3]), {}],
    ["of other members than its bits", 0b0111n, signedBy([0, 1, 3]), {}],
    [
      "over the proposal's digest",
      0b0111n,
      aggregate([0, 1, 2].map((k) => signRaw(one, "Proposal", memberKey(k)))),
      {},
    ],
    ["over another modifier", 0b0111n, signedBy([0, 1, 2]), { modifier: 1 }],
    ["over another coinbase", 0b0111n, signedBy([0, 1, 2]), { coinbase: toAddress(9n) }],
    ["for another slot", 0b0111n, signedBy([0, 1, 2], { ...block, slot: toSlot(9) }), {}],
    ["for another chain", 0b0111n, signedBy([0, 1, 2], block, { ...domain, chainId: 1n }), {}],
    ["of bytes that are no point", 0b0111n, new Uint8Array(96), {}],
  ];
  for (const [what, bitmap, signature, change] of wrong) {
    it(`is bad for an aggregate ${what}`, () => {
      const verdict = judge(bitmap, signature, change);
      expect(verdict.type).to.equal("wrong");
      expect(verdict).to.have.property("keys").with.length(bitmap.toString(2).replaceAll("0", "").length);
    });
  }

  it("is open while a key is unknown, and for an epoch without committee", () => {
    const unknown = committee.map((member, k) => (k === 1 ? { ...member, key: undefined } : member));
    expect(judge(0b0111n, signedBy([0, 1, 2]), {}, unknown).type).to.equal("unknown");
    expect(judge(0b1101n, signedBy([0, 2, 3]), {}, unknown).type).to.equal("valid");
    expect(judge(0b0111n, signedBy([0, 1, 2]), {}, []).type).to.equal("unknown");
  });

  it("is good for a block that needs no attestations", () => {
    expect(judge(0n, new Uint8Array(96)).type).to.equal("valid");
    expect(recordHash(published(0n, new Uint8Array(96)).record)).to.be.a("bigint");
  });
});

import { expect } from "chai";

import { attestationDigest } from "../../../protocol/attestation.ts";
import type { Signature } from "../../../protocol/bls.ts";
import {
  type SignedAttestation,
  type SignedProposal,
  attestedBlockOf,
  encodeAttestation,
  encodeProposal,
} from "../../../protocol/gossip.ts";
import { toSlot } from "../../../protocol/time.ts";
import type { L1Head } from "../../../actors/l1/provider.ts";
import type { Node } from "../../../actors/node/node.ts";
import { ACCEPT, type GossipHandler, type Verdict, ignore, reject } from "../../../actors/p2p/gossip.ts";
import { topicsOf } from "../../../actors/p2p/topics.ts";
import { CommitteeRelay } from "../../../actors/validator/committeeRelay.ts";
import {
  committeeOf,
  domain,
  honestProposal,
  memberKey,
  parameters,
  signRaw,
  smallChain,
} from "../support/committee.ts";

const { inbox, tip, transfer } = smallChain();
const topics = topicsOf(parameters);
const SLOT = 3;
const good = honestProposal({ parent: tip, slot: SLOT, inbox, candidates: [transfer] });
const other = honestProposal({ parent: tip, slot: SLOT, inbox });
const { genesisTime, slotDuration } = parameters.clock;

describe("Relay of committee messages", () => {
  const judges = new Map<string, GossipHandler>();
  let relay: CommitteeRelay;
  /** What this process knows of L1, and what L1 is at. */
  let known: number;
  let actual: number;
  let tipNow: typeof tip;

  beforeEach(async () => {
    known = actual = genesisTime + SLOT * slotDuration;
    tipNow = tip;
    const headAt = (timestamp: number): L1Head => ({ timestamp }) as L1Head;
    const rollup = {
      parameters,
      proposerOf: () => Promise.resolve({ proposer: "0x", position: 0, committeeSize: 4 }),
    };
    relay = new CommitteeRelay({
      node: {
        parameters,
        rollup,
        chain: {
          get tip() {
            return tipNow;
          },
          messages: [...inbox, inbox[0]!],
        },
      } as unknown as Node,
      heads: {
        get head() {
          return headAt(known);
        },
        refresh: () => Promise.resolve(headAt((known = actual))),
      },
      relay: {
        relay: (topic, judge) => (judges.set(topic, judge), () => void judges.delete(topic)),
      },
      committees: { of: () => Promise.resolve(committeeOf(4)) },
      l1BlockTime: 1,
    });
    await relay.start();
  });
  afterEach(async () => {
    await relay.stop();
    expect(judges.size).to.equal(0);
  });

  const judge = async (topic: string, data: Uint8Array): Promise<Verdict> =>
    judges.get(topic)!({ topic, data, from: "peer" });
  const propose = (proposal: SignedProposal): Promise<Verdict> =>
    judge(topics.proposals.name, encodeProposal(proposal));
  const attest = (attestation: SignedAttestation): Promise<Verdict> =>
    judge(topics.attestations.name, encodeAttestation(attestation));

  const signedAs = (change: Partial<SignedProposal>): SignedProposal => {
    const proposal = { ...good, ...change };
    return { ...proposal, signature: signRaw(proposal) };
  };
  const attestationOf = (
    proposal: SignedProposal,
    position: number,
    key = memberKey(position),
  ): SignedAttestation => {
    const block = attestedBlockOf(proposal);
    const signature = key.sign(attestationDigest({ kind: "Attestation", domain, block }));
    return { position, block, signature };
  };

  it("passes on what its proposer signed, whether it holds or not", async () => {
    expect(await propose(good)).to.deep.equal(ACCEPT);
    expect(await propose(signedAs({ modifier: 101 }))).to.deep.equal(ACCEPT);
  });

  it("passes on two proposals of a slot, which are evidence, and no third", async () => {
    for (const modifier of [0, 1]) expect(await propose(signedAs({ modifier }))).to.deep.equal(ACCEPT);
    expect(await propose(signedAs({ modifier: 2 }))).to.deep.equal(ignore("duplicate"));
  });

  it("blames who passes on what nobody signed, or what was changed on the way", async () => {
    expect(await judge(topics.proposals.name, Uint8Array.of(1))).to.deep.equal(reject("malformed"));
    expect(await propose({ ...good, modifier: 1 })).to.deep.equal(reject("badSignature"));
    expect(await propose({ ...good, signature: signRaw(good, "Attestation") })).to.deep.equal(
      reject("badSignature"),
    );
    expect(
      await propose({ ...good, position: 1, signature: signRaw(good, "Proposal", memberKey(1)) }),
    ).to.deep.equal(reject("notEntitled"));
    expect(await propose({ ...good, blob: other.blob })).to.deep.equal(reject("invalid"));
  });

  it("passes on no copy with another number of messages, and then the right one", async () => {
    for (let i = 0; i < 3; i++)
      expect(await propose({ ...good, messages: 1 })).to.deep.equal(ignore("invalid"));
    expect(await propose(good)).to.deep.equal(ACCEPT);
  });

  it("does not judge the messages of a block on a parent that it does not have", async () => {
    tipNow = { ...tip, record: { ...tip.record, chainHash: (tip.record.chainHash + 256n) as never } };
    expect(await propose({ ...good, messages: 1 })).to.deep.equal(ACCEPT);
  });

  it("passes on nothing of another slot, and blames nobody", async () => {
    for (const seconds of [-3, slotDuration]) {
      known = actual = genesisTime + SLOT * slotDuration + seconds;
      expect(await propose(good)).to.deep.equal(ignore("untimely"));
      expect(await attest(attestationOf(good, 2))).to.deep.equal(ignore("untimely"));
    }
  });

  it("looks at L1 again when a peer may have seen a newer block", async () => {
    known -= 2 * slotDuration;
    expect(await attest(attestationOf(good, 2))).to.deep.equal(ACCEPT);
    known -= 2 * slotDuration;
    expect(await propose(good)).to.deep.equal(ACCEPT);
  });

  it("passes on an attestation that its member signed", async () => {
    expect(await attest(attestationOf(good, 2))).to.deep.equal(ACCEPT);
    expect(await attest(attestationOf(good, 3, memberKey(2)))).to.deep.equal(reject("badSignature"));
    const signature = new Uint8Array(96) as Signature;
    expect(await attest({ ...attestationOf(good, 3), signature })).to.deep.equal(reject("badSignature"));
    expect(await attest(attestationOf(good, 4))).to.deep.equal(reject("notEntitled"));
    const header = { ...good.header, slot: toSlot(SLOT + 9) };
    expect(await attest(attestationOf({ ...good, header }, 2))).to.deep.equal(ignore("untimely"));
    expect(await judge(topics.attestations.name, Uint8Array.of(1))).to.deep.equal(reject("malformed"));
  });

  it("passes on two attestations of a member, and no third", async () => {
    for (const modifier of [0, 1])
      expect(await attest(attestationOf(signedAs({ modifier }), 2))).to.deep.equal(ACCEPT);
    expect(await attest(attestationOf(signedAs({ modifier: 2 }), 2))).to.deep.equal(ignore("duplicate"));
    expect(await attest(attestationOf(signedAs({ modifier: 2 }), 3))).to.deep.equal(ACCEPT);
  });
});

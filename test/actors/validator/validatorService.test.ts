import { expect } from "chai";

import { toAddress } from "../../../protocol/address.ts";
import { attestationDigest } from "../../../protocol/attestation.ts";
import type { Signature } from "../../../protocol/bls.ts";
import {
  type SignedProposal,
  attestedBlockOf,
  decodeAttestation,
  encodeProposal,
} from "../../../protocol/gossip.ts";
import { toSlot } from "../../../protocol/time.ts";
import { verifyAggregate } from "../../../actors/bls/blst.ts";
import type { L1Head } from "../../../actors/l1/provider.ts";
import { GossipHub } from "../../../actors/p2p/hub.ts";
import { topicsOf } from "../../../actors/p2p/topics.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { checkProposal } from "../../../actors/validator/proposalCheck.ts";
import { type ValidatorEvent, ValidatorService } from "../../../actors/validator/validatorService.ts";
import {
  committeeOf,
  contextOn,
  domain,
  honestProposal,
  memberKey,
  openSigner,
  parameters,
  signRaw,
  smallChain,
} from "../support/committee.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const { inbox, tip, transfer } = smallChain();
const topics = topicsOf(parameters);
const SLOT = 3;
const good = honestProposal({ parent: tip, slot: SLOT, inbox, candidates: [transfer] });
/** The same on other transactions: what an equivocating proposer signs besides. */
const other = honestProposal({ parent: tip, slot: SLOT, inbox });

describe("Validator", () => {
  const folder = temporaryFolder();
  after(() => folder.remove());
  let life: Awaited<ReturnType<typeof live>>;
  beforeEach(async () => (life = await live(temporaryFolder().path)));
  afterEach(() => life.stop());

  /** Member 2 of a committee of four; `proposer` publishes what it wants. */
  async function live(journals: string) {
    const hub = new GossipHub({ logger: silentLogger });
    const proposer = hub.join("proposer");
    const gossip = hub.join("validator");
    const { journal, signer } = openSigner(journals, 2);
    const clock = { time: parameters.clock.genesisTime + SLOT * parameters.clock.slotDuration };
    const events: ValidatorEvent[] = [];
    const attestations: Uint8Array[] = [];
    proposer.subscribe(topics.attestations.name, topics.attestations.limits, ({ data }) => {
      attestations.push(data);
      return { type: "accept" };
    });
    let checks = 0;
    const service = new ValidatorService({
      rollup: {
        parameters,
        proposerOf: () => Promise.resolve({ proposer: "0x", position: 0, committeeSize: 4 }),
      },
      heads: { refresh: () => Promise.resolve({ timestamp: clock.time } as L1Head) },
      gossip,
      committees: { of: () => Promise.resolve(committeeOf(4)) },
      signer,
      check: (proposal) => (checks++, checkProposal(proposal, contextOn(tip, inbox))),
      l1BlockTime: 1,
      logger: silentLogger,
    });
    service.on((event) => events.push(event));
    await service.start();
    const send = async (proposal: SignedProposal | Uint8Array): Promise<void> => {
      proposer.publish(
        topics.proposals.name,
        proposal instanceof Uint8Array ? proposal : encodeProposal(proposal),
      );
      for (let i = 0; i < 20; i++) await new Promise((done) => setImmediate(done));
    };
    return {
      clock,
      events,
      attestations,
      send,
      journals,
      checks: () => checks,
      dropped: () => gossip.scores().get("proposer")?.dropped ?? {},
      async stop() {
        await service.stop();
        journal.close();
      },
    };
  }

  /** `good` with other words, signed by its proposer all the same. */
  const signedAs = (change: Partial<SignedProposal>): SignedProposal => {
    const proposal = { ...good, ...change };
    return { ...proposal, signature: signRaw(proposal, "Proposal", memberKey(0)) };
  };

  it("signs an honest proposal of the present slot, for exactly its block", async () => {
    await life.send(good);
    expect(life.events).to.deep.equal([{ type: "attested", slot: SLOT, position: 2 }]);
    const { position, block, signature } = decodeAttestation(life.attestations[0]!);
    expect(position).to.equal(2);
    expect(block).to.deep.equal(attestedBlockOf(good));
    const key = memberKey(2).publicKey;
    const digest = attestationDigest({ kind: "Attestation", domain, block });
    expect(verifyAggregate([key], digest, signature)).to.equal(true);
    expect(
      verifyAggregate([key], attestationDigest({ kind: "Proposal", domain, block }), signature),
    ).to.equal(false);
  });

  it("signs for the slot of the next L1 block", async () => {
    life.clock.time -= 1;
    await life.send(good);
    expect(life.attestations).to.have.length(1);
  });

  const untimely: [string, number][] = [
    ["whose slot is over", parameters.clock.slotDuration],
    ["whose slot is yet to come", -2],
  ];
  for (const [what, seconds] of untimely) {
    it(`ignores a proposal ${what}, at no cost to its sender`, async () => {
      life.clock.time += seconds;
      await life.send(good);
      expect(life.attestations).to.have.length(0);
      expect(life.checks()).to.equal(0);
      expect(life.dropped()).to.deep.equal({});
    });
  }

  const elsewhere = (change: Partial<typeof domain>): Signature =>
    memberKey(0).sign(
      attestationDigest({ kind: "Proposal", domain: { ...domain, ...change }, block: attestedBlockOf(good) }),
    );
  const unsigned: [string, SignedProposal][] = [
    ["signed by another member", { ...good, signature: signRaw(good, "Proposal", memberKey(1)) }],
    ["with a signature of bytes that are no point", { ...good, signature: new Uint8Array(96) as Signature }],
    ["signed as an attestation", { ...good, signature: signRaw(good, "Attestation") }],
    ["signed for another chain", { ...good, signature: elsewhere({ chainId: 1n }) }],
    ["signed for another rollup", { ...good, signature: elsewhere({ rollup: toAddress(5n) }) }],
    ["signed for another version", { ...good, signature: elsewhere({ version: 2n }) }],
    ["whose modifier was changed on the way", { ...good, modifier: 1 }],
    ["whose coinbase was changed on the way", { ...good, coinbase: toAddress(5n) }],
    ["whose slot was changed on the way", { ...good, header: { ...good.header, slot: toSlot(SLOT - 1) } }],
  ];
  for (const [what, proposal] of unsigned) {
    it(`refuses a proposal ${what}, before it executes anything`, async () => {
      if (proposal.header.slot !== SLOT) life.clock.time -= parameters.clock.slotDuration;
      await life.send(proposal);
      expect(life.attestations).to.have.length(0);
      expect(life.checks()).to.equal(0);
      expect(life.dropped()).to.deep.equal({ badSignature: 1 });
    });
  }

  it("refuses a proposal of a member whose turn it is not", async () => {
    await life.send({ ...good, position: 1, signature: signRaw(good, "Proposal", memberKey(1)) });
    expect(life.dropped()).to.deep.equal({ notEntitled: 1 });
    expect(life.attestations).to.have.length(0);
  });

  it("refuses bytes that are no proposal", async () => {
    await life.send(Uint8Array.of(1, 2, 3));
    expect(life.dropped()).to.deep.equal({ malformed: 1 });
  });

  it("says why it refuses a proposal that does not hold, and does not blame who passed it on", async () => {
    await life.send(signedAs({ modifier: 101 }));
    expect(life.events).to.have.length(1);
    expect(life.events[0]).to.include({ type: "refused", slot: SLOT, reason: "modifierOutOfBounds" });
    expect(life.dropped()).to.deep.equal({});
    expect(life.attestations).to.have.length(0);
  });

  it("blames who passed on another blob than the signed one", async () => {
    await life.send({ ...good, blob: other.blob });
    expect(life.events[0]).to.include({ type: "refused", slot: SLOT, reason: "wrongVersionedHash" });
    expect(life.dropped()).to.deep.equal({ invalid: 1 });
    expect(life.attestations).to.have.length(0);
  });

  it("does not score what another view of L1 can explain", async () => {
    await life.send(signedAs({ messages: 1 }));
    expect(life.events[0]).to.include({ type: "refused", reason: "messageNotSent" });
    expect(life.dropped()).to.deep.equal({});
  });

  it("signs the first of two proposals for a slot, and no other after a restart", async () => {
    await life.send(good);
    await life.send(other);
    expect(life.attestations).to.have.length(1);
    expect(life.events.at(-1)).to.include({ type: "refused", reason: "signedAnother" });
    expect(life.dropped()).to.deep.equal({});

    await life.stop();
    life = await live(life.journals);
    await life.send(other);
    expect(life.attestations).to.have.length(0);
    expect(life.events.at(-1)).to.include({ type: "refused", reason: "signedAnother" });
    await life.send(good);
    expect(life.attestations).to.have.length(1);
  });

  it("looks at a repeated proposal once", async () => {
    await life.send(good);
    await life.send(good);
    expect(life.checks()).to.equal(1);
    expect(life.dropped()).to.deep.equal({ duplicate: 1 });
  });

  it("signs the proposal behind a copy that was spoilt where no signature covers it", async () => {
    await life.send({ ...good, messages: 2 });
    expect(life.attestations).to.have.length(0);
    await life.send(good);
    expect(life.attestations).to.have.length(1);
  });
});

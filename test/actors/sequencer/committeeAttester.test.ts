import { expect } from "chai";

import { addressToHex, toAddress } from "../../../protocol/address.ts";
import {
  type AttestationDomain,
  type AttestedBlock,
  attestationDigest,
  quorumOf,
} from "../../../protocol/attestation.ts";
import type { Signature } from "../../../protocol/bls.ts";
import { attestedBlockOf, decodeProposal, encodeAttestation } from "../../../protocol/gossip.ts";
import type { TruncatedHash } from "../../../protocol/hash.ts";
import { schnorrVerify } from "../../../protocol/schnorr.ts";
import { toSlot } from "../../../protocol/time.ts";
import { verifyAggregate } from "../../../actors/bls/blst.ts";
import type { Gossip } from "../../../actors/p2p/gossip.ts";
import { GossipHub } from "../../../actors/p2p/hub.ts";
import { topicsOf } from "../../../actors/p2p/topics.ts";
import type { AttestationRequest } from "../../../actors/sequencer/attestation.ts";
import { buildBlock } from "../../../actors/sequencer/buildBlock.ts";
import { CommitteeAttester } from "../../../actors/sequencer/committeeAttester.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import {
  COINBASE,
  committeeOf,
  domain,
  memberKey,
  openSigner,
  parameters,
  smallChain,
} from "../support/committee.ts";
import { DOMAIN, PRICES } from "../support/fakeL1.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const SIZE = 6;
const POSITION = 2;
const SLOT = 3;
const topics = topicsOf(parameters);
const { inbox, tip, transfer } = smallChain();

/** What a member answers to a proposal; undefined: nothing. */
type Answer = (block: AttestedBlock, member: number, gossip: Gossip) => Uint8Array | Uint8Array[] | undefined;

/** An attestation of a member, with changes. */
function attestationOf(
  member: number,
  block: AttestedBlock,
  {
    key = memberKey(member),
    at = domain,
    signature,
  }: { key?: ReturnType<typeof memberKey>; at?: AttestationDomain; signature?: Uint8Array } = {},
): Uint8Array {
  const signed = signature ?? key.sign(attestationDigest({ kind: "Attestation", domain: at, block }));
  return encodeAttestation({ position: member, block, signature: signed as Signature });
}

function listOf(answer: ReturnType<Answer>): Uint8Array[] {
  if (answer === undefined) return [];
  return Array.isArray(answer) ? answer : [answer];
}

const honest: Answer = (block, member) => attestationOf(member, block);
const silent: Answer = () => undefined;

describe("Gathering of attestations", () => {
  const folders: { remove: () => void }[] = [];
  after(() => folders.forEach((folder) => folder.remove()));

  /** Position 2 of six proposes; the others answer as told, honestly where nothing is said. */
  function setUp({
    answers = {},
    own = POSITION,
    cutOff = 200,
    giveUp = 3_000,
  }: { answers?: Record<number, Answer>; own?: number; cutOff?: number; giveUp?: number } = {}) {
    const folder = temporaryFolder();
    folders.push(folder);
    const hub = new GossipHub({ logger: silentLogger });
    const gossip = hub.join("proposer");
    for (let member = 0; member < SIZE; member++) {
      if (member === POSITION) continue;
      const peer = hub.join(`member-${member}`);
      peer.subscribe(topics.proposals.name, topics.proposals.limits, ({ data }) => {
        const answer = (answers[member] ?? honest)(attestedBlockOf(decodeProposal(data)), member, peer);
        for (const bytes of listOf(answer)) peer.publish(topics.attestations.name, bytes);
        return { type: "accept" };
      });
    }
    const { journal, signer } = openSigner(folder.path, own);
    const attester = new CommitteeAttester({
      parameters,
      gossip,
      committees: { of: () => Promise.resolve(committeeOf(SIZE)) },
      signer,
      logger: silentLogger,
      cutOff,
      giveUp,
    });
    const block = buildBlock({
      parent: tip,
      slot: toSlot(SLOT),
      prices: PRICES,
      inbox: inbox.slice(tip.record.messageCount),
      candidates: [transfer],
      domain: DOMAIN,
      sizes: parameters.sizes,
      verifySignature: schnorrVerify,
    });
    const attested: AttestedBlock = {
      slot: toSlot(SLOT),
      chainHash: block.chainHash,
      modifier: 0,
      coinbase: COINBASE,
    };
    const digest = attestationDigest({ kind: "Attestation", domain, block: attested });
    const request: AttestationRequest = {
      slot: SLOT,
      digest,
      duty: { proposer: "0x", position: POSITION, committeeSize: SIZE },
      block,
      parent: tip,
      coinbase: addressToHex(COINBASE),
      modifier: 0,
    };
    const attest = async (changes: Partial<AttestationRequest> = {}) => {
      const began = performance.now();
      const { bitmap, signature } = await attester.attest({ ...request, ...changes });
      const members = committeeOf(SIZE).filter((_, k) => (bitmap >> BigInt(k)) & 1n);
      const valid = verifyAggregate(
        members.map(({ key }) => key!),
        digest,
        signature,
      );
      return { bitmap, valid, milliseconds: performance.now() - began };
    };
    const failure = (changes: Partial<AttestationRequest> = {}) =>
      attest(changes).then(
        () => undefined,
        (error: unknown) => error,
      );
    const dropped = (member: number) => gossip.scores().get(`member-${member}`)?.dropped ?? {};
    return { attest, failure, dropped, journal };
  }

  it("has everybody's signature in one aggregate, and does not wait longer", async () => {
    const { attest } = setUp({ cutOff: 2_000 });
    const { bitmap, valid, milliseconds } = await attest();
    expect(bitmap).to.equal(0b111111n);
    expect(valid).to.equal(true);
    expect(milliseconds).to.be.lessThan(1_900);
  });

  it("waits for a member that is offline until the cut-off, and goes on without it", async () => {
    const { attest } = setUp({ answers: { 4: silent } });
    const { bitmap, valid, milliseconds } = await attest();
    expect(bitmap).to.equal(0b101111n);
    expect(valid).to.equal(true);
    expect(milliseconds).to.be.greaterThan(195);
  });

  it("takes a quorum that is exactly met", async () => {
    const { attest } = setUp({ answers: { 4: silent } });
    expect(quorumOf(SIZE)).to.equal(5);
    expect((await attest()).valid).to.equal(true);
  });

  it("gives up when the quorum is missed by one", async () => {
    const error = await setUp({ answers: { 4: silent, 5: silent }, giveUp: 400 }).failure();
    expect(isActorError(error, "QUORUM_MISSED")).to.equal(true);
    expect(String(error)).to.contain("4 of 6");
  });

  it("takes what comes after the cut-off when it completes the quorum", async () => {
    const late: Answer = (block, member, gossip) => {
      setTimeout(() => gossip.publish(topics.attestations.name, attestationOf(member, block)), 400);
      return undefined;
    };
    const { attest } = setUp({ answers: { 4: silent, 5: late } });
    expect(await attest()).to.include({ bitmap: 0b101111n, valid: true });
  });

  it("always has the proposer's own bit", async () => {
    const { attest } = setUp({ answers: { 0: silent } });
    expect(((await attest()).bitmap >> BigInt(POSITION)) & 1n).to.equal(1n);
  });

  const changed =
    (change: Partial<AttestedBlock>): Answer =>
    (block, member) =>
      attestationOf(member, { ...block, ...change });
  const useless: [string, Answer][] = [
    ["another slot", changed({ slot: toSlot(SLOT + 1) })],
    ["another block", changed({ chainHash: 256n as TruncatedHash })],
    ["another modifier", changed({ modifier: 1 })],
    ["another coinbase", changed({ coinbase: toAddress(7n) })],
  ];
  for (const [what, answer] of useless) {
    it(`leaves out an attestation for ${what}, at no cost to its member`, async () => {
      const { attest, dropped } = setUp({ answers: { 4: answer } });
      expect(await attest()).to.include({ bitmap: 0b101111n, valid: true });
      expect(dropped(4)).to.deep.equal({});
    });
  }

  const bad: [string, Answer][] = [
    [
      "for another chain",
      (block, member) => attestationOf(member, block, { at: { ...domain, chainId: 1n } }),
    ],
    [
      "for another rollup",
      (block, member) => attestationOf(member, block, { at: { ...domain, rollup: toAddress(7n) } }),
    ],
    [
      "for another version",
      (block, member) => attestationOf(member, block, { at: { ...domain, version: 9n } }),
    ],
    ["by another member's key", (block, member) => attestationOf(member, block, { key: memberKey(0) })],
    [
      "of bytes that are no point",
      (block, member) => attestationOf(member, block, { signature: new Uint8Array(96) }),
    ],
    [
      "of infinity",
      (block, member) =>
        attestationOf(member, block, { signature: Uint8Array.of(0xc0, ...new Uint8Array(95)) }),
    ],
    [
      "over the proposal's digest",
      (block, member) =>
        attestationOf(member, block, {
          signature: memberKey(member).sign(attestationDigest({ kind: "Proposal", domain, block })),
        }),
    ],
  ];
  for (const [what, answer] of bad) {
    it(`throws out a signature ${what}, keeps the others, and scores its sender`, async () => {
      const { attest, dropped } = setUp({ answers: { 4: answer } });
      expect(await attest()).to.include({ bitmap: 0b101111n, valid: true });
      expect(dropped(4)).to.deep.equal({ badSignature: 1 });
    });
  }

  it("takes a member's signature although others sent bad ones in its name before", async () => {
    const forge: Answer = (block, member) => [
      attestationOf(4, block, { key: memberKey(9) }),
      attestationOf(4, block, { signature: new Uint8Array(96) }),
      attestationOf(member, block),
    ];
    const { attest, dropped } = setUp({ answers: { 0: forge, 1: forge } });
    expect(await attest()).to.include({ bitmap: 0b111111n, valid: true });
    expect(dropped(0)["badSignature"]).to.equal(2);
    expect(dropped(4)).to.deep.equal({});
  });

  it("throws out attestations of positions beyond the committee, and bytes that are none", async () => {
    const stray: Answer = (block, member) => [
      encodeAttestation({ position: SIZE, block, signature: new Uint8Array(96) as Signature }),
      Uint8Array.of(1, 2, 3),
      attestationOf(member, block),
    ];
    const { attest, dropped } = setUp({ answers: { 4: stray } });
    expect((await attest()).bitmap).to.equal(0b111111n);
    expect(dropped(4)).to.deep.equal({ notEntitled: 1, malformed: 1 });
  });

  it("is not held up by a flood of one member, which is shunned", async () => {
    const flood: Answer = (block, member) =>
      Array.from({ length: 300 }, (_, i) =>
        attestationOf(member, block, { signature: new Uint8Array(96).fill(i) }),
      );
    const { attest, dropped } = setUp({ answers: { 4: flood } });
    const { bitmap, valid } = await attest();
    expect(bitmap).to.equal(0b101111n);
    expect(valid).to.equal(true);
    expect(dropped(4)["shunned"]).to.be.greaterThan(0);
  });

  it("signs one proposal a slot, whatever it is asked", async () => {
    const { attest, failure } = setUp();
    expect((await attest()).valid).to.equal(true);
    expect(isActorError(await failure({ modifier: 1 }), "SLOT_SIGNED")).to.equal(true);
    expect((await attest()).valid).to.equal(true);
  });

  it("proposes only at the position of its own key", async () => {
    const { failure } = setUp({ own: 3 });
    expect(isActorError(await failure(), "NOT_IN_COMMITTEE")).to.equal(true);
  });

  it("ends when it is told to", async () => {
    const abort = new AbortController();
    const { failure } = setUp({ answers: { 0: silent, 1: silent, 3: silent } });
    setTimeout(() => abort.abort(), 20);
    expect(await failure({ signal: abort.signal })).to.have.property("name", "AbortError");
  });
});

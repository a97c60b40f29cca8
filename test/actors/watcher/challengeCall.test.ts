import { expect } from "chai";

import { toAddress } from "../../../protocol/address.ts";
import { encodeAggregateOpening, witnessWords } from "../../../protocol/aggregateOpening.ts";
import { attestationDigest } from "../../../protocol/attestation.ts";
import { noPointRoot } from "../../../protocol/bls.ts";
import { attestedBlockOf } from "../../../protocol/gossip.ts";
import { encodeRecord } from "../../../protocol/record.ts";
import { seededRandom } from "../../../protocol/vectors/random.ts";
import { contractInterface } from "../../../actors/l1/contractInterface.ts";
import { challengeCall } from "../../../actors/watcher/aggregates.ts";
import { domain, honestProposal, memberKey, smallChain } from "../support/committee.ts";

const { inbox, tip } = smallChain();
const proposal = honestProposal({ parent: tip, slot: 3, inbox });
const PROPOSER = "0x00000000000000000000000000000000000000dd";
const keys = [0, 1, 3].map((k) => memberKey(k).publicKey);
const random = seededRandom("test/challengeCall");

/** A block with this as its aggregate, and what a challenge of it decodes to. */
function challenged(signature: Uint8Array) {
  const { header, coinbase } = proposal;
  const claims = {
    stateRoot: header.stateRoot,
    slot: header.slot,
    prices: header.prices,
    gas: header.gas,
    messages: 0,
    modifier: -7,
    bitmap: 0b1011n,
    coinbase,
    signature,
  };
  const record = { ...tip.record, bitmap: 0b1011n };
  const data = challengeCall({ record, claims, proposer: PROPOSER }, keys);
  const parsed = contractInterface("slashing/IAggregateChallenge").parseTransaction({ data })!;
  const witness = { proposer: toAddress(PROPOSER), modifier: -7, coinbase, signature };
  return { name: parsed.name, args: parsed.args.toArray(true) as unknown[], record, witness };
}

describe("Calldata of a challenge", () => {
  it("opens a published point with the members' keys", () => {
    const digest = attestationDigest({ kind: "Attestation", domain, block: attestedBlockOf(proposal) });
    const { name, args, record, witness } = challenged(memberKey(7).sign(digest));
    expect(name).to.equal("invalidate");
    expect(args).to.deep.equal([[...encodeRecord(record)], encodeAggregateOpening({ witness, keys })]);
  });

  it("shows by a root that published bytes are no point", () => {
    let bytes: Uint8Array;
    do {
      bytes = random.bytes(96);
      bytes[0] = 0x80 | (bytes[0]! & 0x0f);
      bytes[48] = 0;
    } while (!noPointRoot(bytes));
    const { name, args, record, witness } = challenged(bytes);
    expect(name).to.equal("invalidateMalformed");
    const [a, b, c, d] = noPointRoot(bytes)!.map(BigInt);
    expect(args).to.deep.equal([
      [...encodeRecord(record)],
      witnessWords(witness),
      [
        [a, b],
        [c, d],
      ],
    ]);
  });

  it("needs no root for bytes of the wrong form", () => {
    const { name, args } = challenged(new Uint8Array(96));
    expect(name).to.equal("invalidateMalformed");
    expect(args[2]).to.deep.equal([
      [0n, 0n],
      [0n, 0n],
    ]);
  });
});

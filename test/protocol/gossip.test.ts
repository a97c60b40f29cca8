import { readFileSync } from "node:fs";
import { expect } from "chai";

import { addressToHex } from "../../protocol/address.ts";
import { BLOB_BYTES } from "../../protocol/blob.ts";
import { bytesToHex, hexToBytes, toHex } from "../../protocol/bytes.ts";
import {
  ATTESTATION_BYTES,
  MAX_PROPOSAL_BYTES,
  attestedBlockOf,
  decodeAttestation,
  decodeProposal,
  encodeAttestation,
  encodeProposal,
} from "../../protocol/gossip.ts";
import { encodeHeader } from "../../protocol/header.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import { sampleAttestation, sampleProposal } from "../../protocol/vectors/samples.ts";
import { expectProtocolError } from "./support/errors.ts";

interface Vectors {
  proposals: {
    position: number;
    header: string[];
    messages: number;
    modifier: number;
    coinbase: string;
    chainHash: string;
    signature: string;
    bytes: string;
  }[];
  attestations: { position: number; slot: number; chainHash: string; coinbase: string; bytes: string }[];
}

const vectors = JSON.parse(
  readFileSync(new URL("../../protocol/vectors/gossip.json", import.meta.url), "utf8"),
) as Vectors;
const random = seededRandom("test/gossip");

describe("Messages of committee members", () => {
  it("reads the proposals of the vectors, and writes them the same", () => {
    for (const vector of vectors.proposals) {
      const proposal = decodeProposal(hexToBytes(vector.bytes));
      expect(proposal.position).to.equal(vector.position);
      expect(encodeHeader(proposal.header).map((word) => toHex(word))).to.deep.equal(vector.header);
      expect(proposal.messages).to.equal(vector.messages);
      expect(proposal.modifier).to.equal(vector.modifier);
      expect(addressToHex(proposal.coinbase)).to.equal(vector.coinbase);
      expect(bytesToHex(proposal.signature)).to.equal(vector.signature);
      expect(toHex(attestedBlockOf(proposal).chainHash)).to.equal(vector.chainHash);
      expect(bytesToHex(encodeProposal(proposal))).to.equal(vector.bytes);
    }
  });

  it("reads the attestations of the vectors, and writes them the same", () => {
    for (const vector of vectors.attestations) {
      const attestation = decodeAttestation(hexToBytes(vector.bytes));
      expect(attestation.position).to.equal(vector.position);
      expect(attestation.block.slot).to.equal(vector.slot);
      expect(toHex(attestation.block.chainHash)).to.equal(vector.chainHash);
      expect(addressToHex(attestation.block.coinbase)).to.equal(vector.coinbase);
      expect(bytesToHex(encodeAttestation(attestation))).to.equal(vector.bytes);
    }
  });

  it("carries a full blob in as many bytes as the limit says", () => {
    const proposal = { ...sampleProposal(random, []), blob: new Uint8Array(BLOB_BYTES).fill(255) };
    const bytes = encodeProposal(proposal);
    expect(bytes).to.have.length(MAX_PROPOSAL_BYTES);
    expect(decodeProposal(bytes).blob).to.deep.equal(proposal.blob);
    expect(encodeAttestation(sampleAttestation(random))).to.have.length(ATTESTATION_BYTES);
  });

  it("refuses every other length", () => {
    const proposal = encodeProposal(sampleProposal(random, [1n, 2n]));
    const attestation = encodeAttestation(sampleAttestation(random));
    for (const cut of [0, 3, proposal.length - 1]) {
      expectProtocolError("wrong-length", () => decodeProposal(proposal.subarray(0, cut)));
    }
    expectProtocolError("wrong-length", () => decodeProposal(Uint8Array.of(...proposal, 0)));
    expectProtocolError("wrong-length", () => decodeAttestation(attestation.subarray(1)));
    expectProtocolError("wrong-length", () => decodeAttestation(Uint8Array.of(...attestation, 0)));
  });

  it("refuses a second encoding of the same: zero words at the end, spare bits, another version or kind", () => {
    const proposal = encodeProposal(sampleProposal(random, [1n]));
    const words = 3 + 160 + 2 + 2 + 20;
    const longer = Uint8Array.of(
      ...proposal.subarray(0, words),
      0,
      2,
      ...proposal.subarray(words + 2, words + 34),
      ...new Uint8Array(32),
      ...proposal.subarray(-96),
    );
    expectProtocolError("not-canonical", () => decodeProposal(longer));
    for (const [at, value] of [
      [0, 2],
      [1, 2],
      [3 + 4 * 32 + 24, 1], // spare bits of the header's last word
    ] as const) {
      const altered = proposal.slice();
      altered[at] = value;
      expectProtocolError("not-canonical", () => decodeProposal(altered));
    }
    const attestation = encodeAttestation(sampleAttestation(random));
    attestation[3 + 4 + 31] = 1;
    expectProtocolError("not-canonical", () => decodeAttestation(attestation));
  });

  it("refuses a position beyond the largest committee", () => {
    const attestation = encodeAttestation(sampleAttestation(random));
    attestation[2] = 48;
    expectProtocolError("out-of-range", () => decodeAttestation(attestation));
    expectProtocolError("out-of-range", () =>
      encodeAttestation({ ...sampleAttestation(random), position: 48 }),
    );
  });

  it("never throws anything but its own errors for random bytes", () => {
    for (let i = 0; i < 300; i++) {
      const bytes = random.bytes(random.below(600));
      bytes.set([1, 1 + (i % 2), 5].slice(0, Math.min(3, bytes.length)));
      for (const decode of [decodeProposal, decodeAttestation]) {
        try {
          decode(bytes);
        } catch (error) {
          expect(error).to.have.property("remedy");
        }
      }
    }
  });
});

import { addressToHex } from "../address.ts";
import { bytesToHex, toHex } from "../bytes.ts";
import { attestedBlockOf, encodeAttestation, encodeProposal } from "../gossip.ts";
import { encodeHeader } from "../header.ts";
import { seededRandom } from "./random.ts";
import { sampleAttestation, sampleProposal } from "./samples.ts";

/** Encodings of what committee members send each other. */
export function gossipVectors(): unknown {
  const random = seededRandom("vectors/gossip");
  const proposals = [0, 1, 5].map((count) => {
    // The last has a zero word inside, which stays.
    const words = Array.from({ length: count }, (_, i) => (i === 2 ? 0n : random.bits(248) | 1n));
    const proposal = sampleProposal(random, words);
    return {
      position: proposal.position,
      header: encodeHeader(proposal.header).map((word) => toHex(word)),
      messages: proposal.messages,
      modifier: proposal.modifier,
      coinbase: addressToHex(proposal.coinbase),
      words: words.map((word) => toHex(word)),
      signature: bytesToHex(proposal.signature),
      chainHash: toHex(attestedBlockOf(proposal).chainHash),
      bytes: bytesToHex(encodeProposal(proposal)),
    };
  });
  const attestations = Array.from({ length: 3 }, () => {
    const attestation = sampleAttestation(random);
    const { slot, chainHash, modifier, coinbase } = attestation.block;
    return {
      position: attestation.position,
      slot,
      chainHash: toHex(chainHash),
      modifier,
      coinbase: addressToHex(coinbase),
      signature: bytesToHex(attestation.signature),
      bytes: bytesToHex(encodeAttestation(attestation)),
    };
  });
  return { proposals, attestations };
}

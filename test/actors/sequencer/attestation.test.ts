import { bls12_381 } from "@noble/curves/bls12-381.js";
import { expect } from "chai";

import { LocalAttester, attesterKey, attesterPublicKey } from "../../../actors/sequencer/attestation.ts";

const TAG = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

describe("Local attester", () => {
  it("gives one aggregate over the digest, with the bits of its members", async () => {
    const keys = [1, 2, 3].map((n) => attesterKey(new Uint8Array(32).fill(n)));
    const digest = new Uint8Array(32).fill(9);
    const { bitmap, signature } = await new LocalAttester({ keys }).attest({
      digest,
      duty: { proposer: "0x", position: 0, committeeSize: 2 },
    });
    expect(bitmap).to.equal(0b11n);
    expect(signature).to.have.length(96);

    const { longSignatures, G1 } = bls12_381;
    const publicKeys = keys.slice(0, 2).map((key) => G1.Point.fromAffine(attesterPublicKey(key)));
    const message = longSignatures.hash(digest, TAG);
    const aggregate = longSignatures.Signature.fromBytes(signature);
    expect(
      longSignatures.verify(aggregate, message, longSignatures.aggregatePublicKeys(publicKeys)),
    ).to.equal(true);
    expect(longSignatures.verify(aggregate, message, publicKeys[0]!)).to.equal(false);
  });

  it("reduces any seed to a key", () => {
    expect(attesterKey(new Uint8Array(32))).to.have.length(32);
    expect(() => attesterPublicKey(attesterKey(new Uint8Array(32)))).not.to.throw();
    expect(() => attesterPublicKey(attesterKey(new Uint8Array(64).fill(255)))).not.to.throw();
  });
});

import { expect } from "chai";

import { LocalAttester } from "../../../actors/sequencer/attestation.ts";
import { blsPublicKey, blsSecretKey, blsVerifyAggregate, type Signature } from "../../../protocol/bls.ts";
import { toBytes } from "../../../protocol/bytes.ts";

describe("Local attester", () => {
  it("gives one aggregate over the digest, with the bits of its members", async () => {
    const secrets = [1, 2, 3].map((n) => blsSecretKey(new Uint8Array(32).fill(n)));
    const keys = secrets.map((secret) => toBytes(secret, 32));
    const digest = new Uint8Array(32).fill(9);
    const { bitmap, signature } = await new LocalAttester({ keys }).attest({
      digest,
      duty: { proposer: "0x", position: 0, committeeSize: 2 },
    });
    expect(bitmap).to.equal(0b11n);
    expect(signature).to.have.length(96);

    const [first, second] = secrets.map(blsPublicKey);
    expect(blsVerifyAggregate([first!, second!], digest, signature as Signature)).to.equal(true);
    expect(blsVerifyAggregate([first!], digest, signature as Signature)).to.equal(false);
  });
});

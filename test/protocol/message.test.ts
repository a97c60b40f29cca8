import { expect } from "chai";

import { toBytes } from "../../protocol/bytes.ts";
import { BN254_R } from "../../protocol/field.ts";
import * as inbox from "../../protocol/message.ts";
import { encodeBody } from "../../protocol/transaction.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import { sampleBody, sampleMessage } from "../../protocol/vectors/samples.ts";
import { expectProtocolError } from "./support/errors.ts";

/** A fee deposit for leaf 1 with the key's x = 1, as bytes. */
const deposit = inbox.encodeMessage({
  type: inbox.MESSAGE_FEE_DEPOSIT,
  index: 1,
  keyX: 1n,
  keyParity: 1,
  amount: 5n,
  sender: 9n as never,
});

function changed(at: number, value: Uint8Array): Uint8Array {
  const bytes = deposit.slice();
  bytes.set(value, at);
  return bytes;
}

describe("protocol/message", () => {
  it("decodes what it encoded, as bytes and as words of the event", () => {
    const random = seededRandom("messages");
    for (let i = 0; i < 30; i++) {
      const message = sampleMessage(random);
      expect(inbox.encodeMessage(message)).to.have.length(inbox.MESSAGE_BYTES);
      expect(inbox.decodeMessage(inbox.encodeMessage(message))).to.deep.equal(message);
      expect(inbox.messageFromWords(inbox.messageToWords(message))).to.deep.equal(message);
    }
  });

  it("gives the circuit 22 words of 32 bits", () => {
    const words = inbox.messageToUint32s(inbox.decodeMessage(deposit));
    expect(words).to.have.length(22);
    expect(words[0]).to.equal((1 << 24) | 1);
    expect(words[1]).to.equal(1);
    expect(words[6]).to.equal(9);
    expect(words[9]).to.equal(5);
    expect(words[17]).to.equal(1);
  });

  it("rolls every message into the hash, in order", () => {
    const random = seededRandom("rolling");
    const [a, b] = [sampleMessage(random), sampleMessage(random)];
    const start = inbox.EMPTY_MESSAGE_HASH;
    const both = inbox.rollMessageHashes(start, [a, b]);
    expect(both).to.equal(inbox.rollMessageHash(inbox.rollMessageHash(start, a), b));
    expect(both).to.not.equal(inbox.rollMessageHashes(start, [b, a]));
    expect(both >> 224n).to.equal(0n);
    expect(inbox.rollMessageHashes(start, [])).to.equal(start);
  });

  it("makes a forced transaction of a body, with both maximal fees 0 in what is signed", () => {
    const body = sampleBody(seededRandom("forced"));
    const message = inbox.forceTransaction({ body, signature: { s: 3n, e: 4n } });
    const free = { ...body, maxFeePerL2Gas: 0n, maxFeePerDaGas: 0n };
    expect(inbox.forcedBody(message)).to.deep.equal(free);
    expect(inbox.forcedWords(message).slice(0, 2)).to.deep.equal([...encodeBody(free)]);
    expectProtocolError("invalid-message-encoding", () =>
      inbox.forceTransaction({ body: { ...body, kind: 3 }, signature: { s: 3n, e: 4n } }),
    );
  });

  it("refuses what L1 never sends", () => {
    const refused = (bytes: Uint8Array): unknown =>
      expectProtocolError("invalid-message-encoding", () => inbox.decodeMessage(bytes));
    refused(deposit.subarray(1));
    refused(changed(0, Uint8Array.of(0)));
    refused(changed(0, Uint8Array.of(5)));
    refused(changed(1, toBytes(1n << 20n, 3)));
    refused(changed(4, toBytes(2n, 4)));
    refused(changed(40, toBytes(BN254_R, 32)));
    refused(changed(87, Uint8Array.of(1)));
    expectProtocolError("invalid-message-encoding", () => inbox.messageFromWords([0n, 0n]));
    expectProtocolError("invalid-message-encoding", () =>
      inbox.messageFromWords(inbox.messageToWords(inbox.decodeMessage(deposit)).map((word) => word | 1n)),
    );
  });
});

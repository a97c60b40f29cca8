import { expect } from "chai";

import { toField } from "../../protocol/field.ts";
import { feeOf, gasOf, GAS_TRANSFER, GAS_WITHDRAW, TX_DA_GAS } from "../../protocol/gas.ts";
import { schnorrVerify } from "../../protocol/schnorr.ts";
import * as tx from "../../protocol/transaction.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import { sampleBody, sampleKeyPair } from "../../protocol/vectors/samples.ts";
import { expectProtocolError } from "./support/errors.ts";

const domain = toField(7n);

describe("protocol/transaction", () => {
  it("decodes what it encoded", () => {
    const random = seededRandom("transactions");
    for (let i = 0; i < 50; i++) {
      const transaction = { ...sampleBody(random), signature: { s: random.bits(254), e: random.bits(128) } };
      const words = tx.encodeTransaction(transaction);
      expect(words.every((word) => word >> 248n === 0n)).to.equal(true);
      expect(tx.decodeTransaction(words)).to.deep.equal(transaction);
    }
  });

  it("reads any four words of 248 bits", () => {
    const random = seededRandom("raw transactions");
    for (let i = 0; i < 50; i++) {
      const words = [248, 248, 248, 248].map((bits) => random.bits(bits)) as unknown as tx.TransactionWords;
      const { spareIsZero } = tx.readTransaction(words);
      expect(spareIsZero).to.equal(false);
    }
    expect(tx.readTransaction(tx.EMPTY_TRANSACTION_WORDS).spareIsZero).to.equal(true);
  });

  it("puts each field where the layout says", () => {
    const words = tx.encodeTransaction({
      kind: 1,
      from: 2,
      to: 3n,
      nonce: 4,
      amount: 5n,
      maxFeePerL2Gas: 6n,
      maxFeePerDaGas: 7n,
      signature: { s: (9n << 248n) | 8n, e: 10n },
    });
    expect(words).to.deep.equal([
      (1n << 240n) | (2n << 208n) | (3n << 48n) | (4n << 16n),
      (5n << 152n) | (6n << 88n) | (7n << 24n),
      8n,
      (9n << 128n) | 10n,
    ]);
  });

  it("refuses to decode spare bits in any of the three words that have them", () => {
    const words = tx.encodeTransaction({ ...sampleBody(seededRandom("spare")), signature: { s: 1n, e: 2n } });
    for (const [word, bit] of [
      [0, 0n],
      [0, 15n],
      [1, 0n],
      [1, 23n],
      [3, 134n],
      [3, 247n],
    ] as const) {
      const changed = words.map((value, i) => (i === word ? value | (1n << bit) : value));
      expectProtocolError("invalid-transaction-encoding", () =>
        tx.decodeTransaction(changed as unknown as tx.TransactionWords),
      );
    }
  });

  it("refuses to decode words over 248 bits", () => {
    for (let i = 0; i < 4; i++) {
      const words = [0n, 0n, 0n, 0n].map((value, k) => (k === i ? 1n << 248n : value));
      expectProtocolError("invalid-transaction-encoding", () =>
        tx.decodeTransaction(words as unknown as tx.TransactionWords),
      );
    }
  });

  it("refuses to encode fields that do not fit", () => {
    const good = { ...sampleBody(seededRandom("wide")), signature: { s: 1n, e: 2n } };
    expectProtocolError("out-of-range", () => tx.encodeTransaction({ ...good, kind: 256 }));
    expectProtocolError("out-of-range", () => tx.encodeTransaction({ ...good, from: 2 ** 32 }));
    expectProtocolError("out-of-range", () => tx.encodeTransaction({ ...good, to: 1n << 160n }));
    expectProtocolError("out-of-range", () => tx.encodeTransaction({ ...good, amount: 1n << 96n }));
    expectProtocolError("out-of-range", () => tx.encodeTransaction({ ...good, maxFeePerL2Gas: 1n << 64n }));
    expectProtocolError("out-of-range", () =>
      tx.encodeTransaction({ ...good, signature: { s: 1n << 254n, e: 0n } }),
    );
  });

  it("signs the body for one domain", () => {
    const random = seededRandom("signing");
    const keyPair = sampleKeyPair(random);
    const transaction = tx.signTransaction({ domain, keyPair, body: sampleBody(random) });
    const [word0, word1] = tx.encodeBody(transaction);
    const claim = { publicKey: keyPair.publicKey, signature: transaction.signature };
    expect(schnorrVerify({ ...claim, message: tx.signingMessage(domain, word0, word1) })).to.equal(true);
    expect(schnorrVerify({ ...claim, message: tx.signingMessage(toField(8n), word0, word1) })).to.equal(
      false,
    );
    expect(schnorrVerify({ ...claim, message: tx.signingMessage(domain, word0 + 1n, word1) })).to.equal(
      false,
    );
    expect(schnorrVerify({ ...claim, message: tx.signingMessage(domain, word0, word1 + 1n) })).to.equal(
      false,
    );
  });
});

describe("protocol/gas", () => {
  it("charges by kind, and DA gas for the four words", () => {
    expect(gasOf(tx.KIND_TRANSFER)).to.deep.equal({ l2: GAS_TRANSFER, da: TX_DA_GAS });
    expect(gasOf(tx.KIND_WITHDRAW)).to.deep.equal({ l2: GAS_WITHDRAW, da: TX_DA_GAS });
    expect(gasOf(3)).to.deep.equal({ l2: 0n, da: 0n });
    expect(feeOf({ l2: 2n, da: 3n }, { feePerL2Gas: 10n, feePerDaGas: 100n })).to.equal(320n);
  });
});

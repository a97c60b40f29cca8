import { expect } from "chai";

import { decodeBlock, encodeBlock } from "../../protocol/blockWords.ts";
import { genesisChainHash, signingDomain } from "../../protocol/domain.ts";
import { BN254_R, toField } from "../../protocol/field.ts";
import { truncatedToField } from "../../protocol/hash.ts";
import { chainHash, decodeHeader, encodeHeader, type Header } from "../../protocol/header.ts";
import * as record from "../../protocol/record.ts";
import { decodeTip, encodeTip } from "../../protocol/tip.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import * as sample from "../../protocol/vectors/samples.ts";
import { expectProtocolError } from "./support/errors.ts";

const random = seededRandom("records");

describe("protocol/domain", () => {
  const instance = {
    chainId: 1n,
    rollup: sample.sampleAddress(random),
    version: 1n,
    genesisRoot: toField(5n),
  };

  it("tells instances apart by every part", () => {
    const others = [
      { ...instance, chainId: 2n },
      { ...instance, rollup: sample.sampleAddress(random) },
      { ...instance, version: 2n },
      { ...instance, genesisRoot: toField(6n) },
    ];
    const hashes = new Set([instance, ...others].map(genesisChainHash));
    expect(hashes.size).to.equal(5);
    expect(signingDomain(instance)).to.equal(truncatedToField(genesisChainHash(instance)));
  });
});

describe("protocol/header", () => {
  it("decodes what it encoded", () => {
    for (let i = 0; i < 20; i++) {
      const header = sample.sampleHeader(random);
      expect(decodeHeader(encodeHeader(header))).to.deep.equal(header);
    }
  });

  it("hashes every field", () => {
    const header = sample.sampleHeader(random);
    const changes: Partial<Header>[] = [
      { parentChainHash: sample.sampleHash(random) },
      { stateRoot: toField(1n) },
      { versionedHash: 1n },
      { messageHash: 1n as never },
      { slot: 1 as never },
      { prices: { ...header.prices, feePerL2Gas: 1n } },
      { prices: { ...header.prices, feePerDaGas: 1n } },
      { gas: { ...header.gas, l2: 1n } },
      { gas: { ...header.gas, da: 1n } },
      { parentBitmap: 1n },
    ];
    const hashes = new Set([{}, ...changes].map((change) => chainHash({ ...header, ...change })));
    expect(hashes.size).to.equal(changes.length + 1);
  });

  it("refuses fields that do not fit, and a root that is no field element", () => {
    const header = sample.sampleHeader(random);
    expectProtocolError("out-of-range", () => encodeHeader({ ...header, parentBitmap: 1n << 48n }));
    expectProtocolError("out-of-range", () => encodeHeader({ ...header, gas: { l2: 1n << 32n, da: 0n } }));
    const [h0, , h2, h3, h4] = encodeHeader(header);
    expectProtocolError("not-canonical", () => decodeHeader([h0, BN254_R, h2, h3, h4]));
  });
});

describe("protocol/record", () => {
  it("decodes what it encoded", () => {
    for (let i = 0; i < 20; i++) {
      const value = sample.sampleRecord(random);
      expect(record.decodeRecord(record.encodeRecord(value))).to.deep.equal(value);
    }
  });

  it("has zeros at genesis besides chain hash and oracle", () => {
    const hash = sample.sampleHash(random);
    const oracle = { price: 1n, preBase: 2n, preBlob: 3n, postBase: 4n, postBlob: 5n };
    const words = record.encodeRecord(record.genesisRecord(hash, oracle));
    expect([words[1], words[2], words[3], words[4], words[6]]).to.deep.equal([0n, 0n, 0n, 0n, 0n]);
    expect(words[0]).to.equal(hash);
  });

  it("refuses spare bits and a wrong number of words", () => {
    const words = [...record.encodeRecord(sample.sampleRecord(random))];
    expectProtocolError("wrong-length", () => record.decodeRecord(words.slice(1)));
    words[6] = (words[6] as bigint) | (1n << 240n);
    expectProtocolError("invalid-record-encoding", () => record.decodeRecord(words));
  });

  it("covers every part of a witness, the modifier's sign too", () => {
    const witness = { ...sample.sampleWitness(random), modifier: 5 };
    const changes = [
      { bitmap: 1n },
      { proposer: sample.sampleAddress(random) },
      { signature: new Uint8Array(96) },
      { modifier: -5 },
      { coinbase: sample.sampleAddress(random) },
    ];
    const hashes = new Set([{}, ...changes].map((change) => record.witnessHash({ ...witness, ...change })));
    expect(hashes.size).to.equal(changes.length + 1);
    expectProtocolError("wrong-length", () =>
      record.witnessHash({ ...witness, signature: new Uint8Array(95) }),
    );
  });

  it("rolls blobs and fees of an epoch in order", () => {
    const step = (): record.EpochHashStep => ({
      versionedHash: random.bits(256),
      coinbase: sample.sampleAddress(random),
      attested: random.below(49),
      sequencerFee: random.bits(80),
    });
    const [a, b] = [step(), step()];
    expect(record.rollEpochHash(record.rollEpochHash(0n, a), b)).to.not.equal(
      record.rollEpochHash(record.rollEpochHash(0n, b), a),
    );
    expectProtocolError("out-of-range", () => record.rollEpochHash(0n, { ...a, sequencerFee: 1n << 80n }));
  });
});

describe("protocol/blockWords", () => {
  it("decodes what it encoded, with positive and negative modifiers", () => {
    for (let i = 0; i < 20; i++) {
      const block = sample.sampleBlock(random);
      expect(decodeBlock(encodeBlock(block))).to.deep.equal(block);
    }
  });

  it("refuses spare bits, a wrong number of words, a short signature, an unreduced root", () => {
    const block = sample.sampleBlock(random);
    const words = [...encodeBlock(block)];
    expectProtocolError("wrong-length", () => decodeBlock(words.slice(1)));
    expectProtocolError("wrong-length", () => encodeBlock({ ...block, signature: new Uint8Array(48) }));
    expectProtocolError("not-canonical", () => decodeBlock([BN254_R, ...words.slice(1)]));
    words[2] = (words[2] as bigint) | (1n << 255n);
    expectProtocolError("invalid-record-encoding", () => decodeBlock(words));
  });
});

describe("protocol/tip", () => {
  it("decodes what it encoded", () => {
    for (let i = 0; i < 20; i++) {
      const tip = sample.sampleTip(random);
      expect(decodeTip(encodeTip(tip))).to.deep.equal(tip);
    }
  });

  it("has pending in the lowest bits", () => {
    const tip = { ...sample.sampleTip(random), pending: 7, proven: 3 };
    expect(encodeTip(tip) & ((1n << 64n) - 1n)).to.equal((3n << 32n) | 7n);
    expectProtocolError("out-of-range", () => encodeTip({ ...tip, accounts: 2 ** 24 }));
  });
});

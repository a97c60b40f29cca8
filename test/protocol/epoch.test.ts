import { expect } from "chai";
import { TypedDataEncoder } from "ethers";

import * as attestation from "../../protocol/attestation.ts";
import { bytesToHex } from "../../protocol/bytes.ts";
import { epochWord } from "../../protocol/epochWord.ts";
import { BN254_R, toField } from "../../protocol/field.ts";
import { keccakWords, truncatedToField } from "../../protocol/hash.ts";
import { merkleCommitment, merklePath, verifyMerklePath } from "../../protocol/merkle.ts";
import * as participation from "../../protocol/participation.ts";
import * as inputs from "../../protocol/publicInputs.ts";
import { COMMITTEE_SIZE, SIZES } from "../../protocol/sizes.ts";
import { toEpoch, toTimestamp } from "../../protocol/time.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import * as sample from "../../protocol/vectors/samples.ts";
import * as outbox from "../../protocol/withdrawal.ts";
import { expectProtocolError } from "./support/errors.ts";

const random = seededRandom("epochs");
const sizes = SIZES.local;

function someWords(count: number): bigint[] {
  return Array.from({ length: count }, () => random.bits(256));
}

describe("protocol/withdrawal", () => {
  it("decodes what it encoded", () => {
    for (let i = 0; i < 20; i++) {
      const withdrawal = sample.sampleWithdrawal(random);
      expect(outbox.decodeWithdrawal(outbox.encodeWithdrawal(withdrawal))).to.deep.equal(withdrawal);
    }
    const recipient = sample.sampleAddress(random);
    expectProtocolError("out-of-range", () =>
      outbox.encodeWithdrawal({ asset: outbox.ASSET_TOKEN, amount: 1n << 95n, recipient }),
    );
  });

  it("folds a list into the polynomial of its halves, from 1", () => {
    const rho = toField(1_000n);
    expect(outbox.foldWithdrawals(rho, [])).to.equal(1n);
    expect(outbox.foldWithdrawals(rho, [(7n << 128n) | 9n])).to.equal(1_007_009n);
    const long = outbox.foldWithdrawals(toField(BN254_R - 1n), someWords(5));
    expect(long < BN254_R).to.equal(true);
  });

  it("draws the challenge from the chain hash and from the list", () => {
    const hash = sample.sampleHash(random);
    const words = someWords(3);
    const rho = outbox.withdrawalChallenge(hash, words);
    expect(rho >> 248n).to.equal(0n);
    expect(outbox.withdrawalChallenge(sample.sampleHash(random), words)).to.not.equal(rho);
    expect(outbox.withdrawalChallenge(hash, words.toReversed())).to.not.equal(rho);
    expect(outbox.withdrawalChallenge(hash, [...words, 0n])).to.not.equal(rho);
  });
});

describe("protocol/merkle", () => {
  it("opens every word of lists of any length", () => {
    for (const count of [1, 2, 3, 4, 5, 8, 9]) {
      const words = someWords(count);
      const commitment = merkleCommitment(words);
      for (const [index, word] of words.entries()) {
        const path = merklePath(words, index);
        expect(verifyMerklePath({ commitment, word, index, count, path })).to.equal(true);
      }
    }
  });

  it("refuses another word, index, count or path", () => {
    const words = someWords(3);
    const claim = {
      commitment: merkleCommitment(words),
      word: words[1] as bigint,
      index: 1,
      count: 3,
      path: merklePath(words, 1),
    };
    expect(verifyMerklePath(claim)).to.equal(true);
    expect(verifyMerklePath({ ...claim, word: words[0] as bigint })).to.equal(false);
    expect(verifyMerklePath({ ...claim, index: 2 })).to.equal(false);
    expect(verifyMerklePath({ ...claim, index: 5 })).to.equal(false);
    expect(verifyMerklePath({ ...claim, count: 4 })).to.equal(false);
    expect(verifyMerklePath({ ...claim, path: claim.path.slice(1) })).to.equal(false);
    expect(verifyMerklePath({ ...claim, path: claim.path.toReversed() })).to.equal(false);
  });

  it("refuses an inner node as a word, and a padded place", () => {
    const words = someWords(3);
    const commitment = merkleCommitment(words);
    const path = merklePath(words, 0);
    const inner = keccakWords(words.slice(0, 2));
    expect(verifyMerklePath({ commitment, word: inner, index: 0, count: 3, path: path.slice(1) })).to.equal(
      false,
    );
    const padded = [words[2] as bigint, inner];
    expect(verifyMerklePath({ commitment, word: 0n, index: 3, count: 3, path: padded })).to.equal(false);
    expect(
      verifyMerklePath({ commitment, word: words[2] as bigint, index: 2, count: 3, path: [0n, inner] }),
    ).to.equal(true);
  });

  it("tells lists apart that differ in padding only, and has no path for a padded place", () => {
    const words = someWords(3);
    expect(merkleCommitment(words)).to.not.equal(merkleCommitment([...words, 0n]));
    expect(merkleCommitment([])).to.equal(0n);
    expectProtocolError("out-of-range", () => merklePath(words, 3));
    expectProtocolError("out-of-range", () => merklePath([], 0));
  });
});

describe("protocol/participation", () => {
  it("counts positions over the blocks after the first, and those blocks that have a bitmap", () => {
    const all = (1n << 48n) - 1n;
    const { counts, blocks } = participation.countParticipation([all, 1n, 0n, 1n | (1n << 47n)]);
    expect(blocks).to.equal(2);
    expect(counts[0]).to.equal(2);
    expect(counts[47]).to.equal(1);
    expect(counts.reduce((sum, count) => sum + count, 0)).to.equal(3);
  });

  it("packs 24 counters a word and the blocks at bit 192", () => {
    const counts = Array.from({ length: COMMITTEE_SIZE }, (_, k) => k);
    const [low, high] = participation.encodeParticipation({ counts, blocks: 200 });
    expect((low >> 8n) & 0xffn).to.equal(1n);
    expect((high >> (8n * 23n)) & 0xffn).to.equal(47n);
    expect(high >> 192n).to.equal(200n);
    expect(participation.decodeParticipation([low, high])).to.deep.equal({ counts, blocks: 200 });
  });

  it("counts the last block's own bitmap apart, and an empty one nowhere", () => {
    const before = participation.countParticipation([0n, 1n, 3n]);
    expect(participation.countLastBitmap(before, 0n)).to.deep.equal(before);
    const { counts, blocks } = participation.countLastBitmap(before, 2n | (1n << 47n));
    expect([counts[0], counts[1], counts[47], blocks]).to.deep.equal([2, 2, 1, 3]);
    expect([0n, 1n, 0b1011n, (1n << 48n) - 1n].map(participation.countAttested)).to.deep.equal([0, 1, 3, 48]);
  });

  it("refuses counts over 255 and other than 48 of them", () => {
    const counts = Array.from({ length: COMMITTEE_SIZE }, () => 0);
    expectProtocolError("out-of-range", () => participation.encodeParticipation({ counts, blocks: 256 }));
    expectProtocolError("wrong-length", () =>
      participation.encodeParticipation({ counts: counts.slice(1), blocks: 1 }),
    );
  });
});

describe("protocol/publicInputs", () => {
  const statement = (): inputs.EpochStatement => ({
    chainHashBefore: sample.sampleHash(random),
    chainHashAfter: sample.sampleHash(random),
    genesisChainHash: sample.sampleHash(random),
    prover: sample.sampleAddress(random),
    challenge: { z: random.bits(248), gamma: random.bits(128) },
    y: random.bits(255),
    withdrawals: someWords(2),
    participation: participation.countParticipation([1n, 2n]),
  });

  it("are 13 field elements in the verifier's order", () => {
    const epoch = statement();
    const encoded = inputs.encodePublicInputs(epoch);
    expect(encoded).to.have.length(inputs.PUBLIC_INPUTS);
    expect(encoded.every((value) => value < BN254_R)).to.equal(true);
    const rho = outbox.withdrawalChallenge(epoch.chainHashAfter, epoch.withdrawals);
    expect(encoded).to.deep.equal([
      truncatedToField(epoch.chainHashBefore),
      truncatedToField(epoch.chainHashAfter),
      truncatedToField(epoch.genesisChainHash),
      epoch.prover,
      epoch.challenge.z,
      epoch.challenge.gamma,
      ...inputs.toLimbs(epoch.y),
      rho,
      outbox.foldWithdrawals(rho, epoch.withdrawals),
      ...participation.encodeParticipation(epoch.participation),
    ]);
  });

  it("put y together again from its limbs", () => {
    const y = random.bits(255);
    const [low, middle, high] = inputs.toLimbs(y);
    expect(low | (middle << 120n) | (high << 240n)).to.equal(y);
  });

  it("count a block slot without block as a blob of zeros", () => {
    const words = Array.from({ length: sizes.words }, () => random.bits(248));
    const zeros = words.map(() => 0n);
    expect(inputs.dataHash([words], sizes)).to.equal(inputs.dataHash([words, zeros], sizes));
    expect(inputs.dataHash([words], sizes)).to.not.equal(inputs.dataHash([zeros, words], sizes));
    expectProtocolError("wrong-length", () => inputs.dataHash([words.slice(1)], sizes));
    expectProtocolError("wrong-length", () => inputs.dataHash([words, words, words], sizes));
  });

  it("draw z and gamma from data and chain hash", () => {
    const hash = sample.sampleHash(random);
    const { z, gamma } = inputs.openingChallenge(toField(1n), hash);
    expect(z >> 248n).to.equal(0n);
    expect(gamma >> 128n).to.equal(0n);
    expect(inputs.openingChallenge(toField(2n), hash).z).to.not.equal(z);
    expect(inputs.openingChallenge(toField(1n), sample.sampleHash(random)).gamma).to.not.equal(gamma);
  });
});

describe("protocol/epochWord", () => {
  it("covers the participation and all the rest", () => {
    const proven = {
      epoch: toEpoch(1),
      prover: sample.sampleAddress(random),
      provenAt: toTimestamp(1_000),
      endRecordHash: 5n,
      rewards: 6n,
      participation: participation.countParticipation([0n, 1n]),
      seedWord: 8n,
      previous: 10n,
    };
    const changes = [
      { epoch: toEpoch(2) },
      { prover: sample.sampleAddress(random) },
      { provenAt: toTimestamp(1_001) },
      { endRecordHash: 7n },
      { rewards: 7n },
      { participation: participation.countParticipation([0n, 2n]) },
      { seedWord: 9n },
      { previous: 11n },
    ];
    expect(new Set([{}, ...changes].map((change) => epochWord({ ...proven, ...change }))).size).to.equal(9);
  });
});

describe("protocol/attestation", () => {
  const domain = { version: 3n, chainId: 31_337n, rollup: sample.sampleAddress(random) };

  it("is what other EIP-712 implementations compute", () => {
    for (const kind of ["Attestation", "Proposal"] as const) {
      for (let i = 0; i < 5; i++) {
        const block = sample.sampleAttestedBlock(random);
        const typed = attestation.attestationTypedData({ kind, domain, block });
        expect(bytesToHex(attestation.attestationDigest({ kind, domain, block }))).to.equal(
          TypedDataEncoder.hash(typed.domain, typed.types, typed.message),
        );
      }
    }
  });

  it("tells proposals from attestations", () => {
    const block = sample.sampleAttestedBlock(random);
    const digests = (["Attestation", "Proposal"] as const).map((kind) =>
      bytesToHex(attestation.attestationDigest({ kind, domain, block })),
    );
    expect(digests[0]).to.not.equal(digests[1]);
  });

  it("refuses a modifier over 16 bits", () => {
    const block = { ...sample.sampleAttestedBlock(random), modifier: 0x8000 };
    expectProtocolError("out-of-range", () =>
      attestation.attestationDigest({ kind: "Proposal", domain, block }),
    );
  });
});

import { expect } from "chai";

import { toAddress } from "../../protocol/address.ts";
import type { ProvenEpoch } from "../../protocol/epochWord.ts";
import { merkleCommitment } from "../../protocol/merkle.ts";
import { coinbaseFeeWord } from "../../protocol/record.ts";
import {
  claimState,
  claimTimes,
  decodeLeaf,
  encodeAttesterClaim,
  encodeSequencerClaim,
  largestEpochReward,
  proverPot,
  sequencerReward,
  yearlyGrowth,
  type ClaimTerms,
} from "../../protocol/rewards.ts";
import { packSeedWord } from "../../protocol/staking.ts";
import { toEpoch, toTimestamp, type Clock } from "../../protocol/time.ts";
import { expectProtocolError } from "./support/errors.ts";

const RATES = { blockReward: 100n, attestationBonus: 2n, attesterReward: 3n, proverReward: 50n };
const clock: Clock = {
  genesisTime: toTimestamp(1_000_000),
  slotDuration: 10,
  slotsPerEpoch: 10,
  proofSubmissionEpochs: 2,
};
const terms: ClaimTerms = { clock, delay: 150, window: 20, ring: 40, pause: { start: 0, end: 0 } };

function provenEpoch(epoch: number, leaves: readonly bigint[], counts: number[] = []): ProvenEpoch {
  return {
    epoch: toEpoch(epoch),
    prover: toAddress(7n),
    provenAt: toTimestamp(1_000_000 + (epoch + 1) * 100),
    endRecordHash: 9n,
    rewards: merkleCommitment(leaves),
    participation: { counts: Array.from({ length: 48 }, (_, k) => counts[k] ?? 0), blocks: 4 },
    seedWord: packSeedWord({
      epoch: toEpoch(epoch),
      freeze: toTimestamp(1_000_000 + (epoch - 3) * 100),
      followers: 4,
      size: 4,
      set: 1,
      seed: 5n,
    }),
  };
}

describe("rewards", () => {
  it("pay a committee block for itself and every attestation, a fallback block nothing", () => {
    expect(sequencerReward(RATES, 5)).to.equal(110n);
    expect(sequencerReward(RATES, 0)).to.equal(0n);
  });

  it("of a prover's pot count committee blocks", () => {
    expect(proverPot(RATES, 11n, { counts: [], blocks: 3 })).to.equal(161n);
  });

  it("are largest when every slot is filled and attested by all", () => {
    expect(largestEpochReward(RATES, 2, 4)).to.equal(2n * (100n + 50n + 4n * 5n));
  });

  it("grow the supply as the contract computes it", () => {
    expect(yearlyGrowth(7 * 86_400, 3_300) < 12n * 10n ** 17n).to.equal(true);
    expect(yearlyGrowth(7 * 86_400, 3_400) >= 12n * 10n ** 17n).to.equal(true);
  });

  it("read a leaf back", () => {
    const leaf = { coinbase: toAddress(0xabcn), attested: 41, sequencerFee: 123_456n };
    expect(decodeLeaf(coinbaseFeeWord(leaf))).to.deep.equal(leaf);
  });

  describe("times", () => {
    const proven = { epoch: toEpoch(50), provenAt: toTimestamp(1_005_100) };

    it("begin a delay after the proof and end with the window", () => {
      expect(claimTimes(terms, proven)).to.deep.equal({
        from: 1_005_250,
        until: 1_007_100,
        lapsed: 1_009_000,
      });
      expect(claimState(terms, proven, toTimestamp(1_005_249))).to.equal("early");
      expect(claimState(terms, proven, toTimestamp(1_005_250))).to.equal("claimable");
      expect(claimState(terms, proven, toTimestamp(1_007_100))).to.equal("sweepable");
      expect(claimState(terms, proven, toTimestamp(1_009_000))).to.equal("lapsed");
    });

    it("are put off by a pause that meets the delay, and by no other", () => {
      const from = (start: number, end: number): number =>
        claimTimes({ ...terms, pause: { start, end } }, proven).from;
      expect(from(5_200, 5_230)).to.equal(1_005_280);
      expect(from(5_000, 5_130)).to.equal(1_005_280);
      expect(from(5_000, 5_100)).to.equal(1_005_250);
      expect(from(5_250, 5_300)).to.equal(1_005_250);
    });
  });

  describe("claims", () => {
    const leaves = [1n, 2n, 3n];

    it("of a coinbase take the leaves of their epoch", () => {
      const proven = provenEpoch(50, leaves);
      const claim = encodeSequencerClaim([{ proven, leaves, indices: [2, 0] }]);
      expect((claim.length - 2) / 2).to.equal(75 + 2 * (12 + 64));
      expectProtocolError("out-of-range", () =>
        encodeSequencerClaim([{ proven, leaves: [1n], indices: [0] }]),
      );
      expectProtocolError("out-of-range", () => encodeSequencerClaim([{ proven, leaves, indices: [3] }]));
    });

    it("of an attester are as short as the attendance allows", () => {
      const length = (counts: number[]): number =>
        (encodeAttesterClaim([{ proven: provenEpoch(50, leaves, counts), position: 0 }], 48).length - 2) / 2;
      expect(length([4, 4, 4, 4])).to.equal(12 + 58 + 1);
      expect(length([4, 3, 4, 0])).to.equal(12 + 58 + 25);
      expect(length([5, 3, 4, 0])).to.equal(12 + 58 + 49);
    });

    it("of an attester name each epoch once, in order", () => {
      const entries = (epochs: number[]): { proven: ProvenEpoch; position: number }[] =>
        epochs.map((epoch) => ({ proven: provenEpoch(epoch, leaves), position: 0 }));
      encodeAttesterClaim(entries([50, 51, 60_000]), 48);
      for (const epochs of [[], [50, 50], [51, 50], [50, 70_000]]) {
        expectProtocolError("out-of-range", () => encodeAttesterClaim(entries(epochs), 48));
      }
    });
  });
});

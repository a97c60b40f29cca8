import { expect } from "chai";

import { toAddress } from "../../protocol/address.ts";
import { fromBytes, hexToBytes } from "../../protocol/bytes.ts";
import { epochWord, epochWordParts, type ProvenEpoch } from "../../protocol/epochWord.ts";
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

function provenEpoch(
  epoch: number,
  leaves: readonly bigint[],
  counts: number[] = [],
  previous = 0n,
): ProvenEpoch {
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
    previous,
  };
}

/** Epochs proven one after the other. */
function chainOf(epochs: readonly number[], leaves: readonly bigint[]): ProvenEpoch[] {
  let previous = 99n;
  return epochs.map((epoch) => {
    const proven = provenEpoch(epoch, leaves, [4, 4, 4, 4], previous);
    previous = epochWord(proven);
    return proven;
  });
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
      expect((claim.length - 2) / 2).to.equal(75 + 32 + 2 * (12 + 64));
      expectProtocolError("out-of-range", () =>
        encodeSequencerClaim([{ proven, leaves: [1n], indices: [0] }]),
      );
      expectProtocolError("out-of-range", () => encodeSequencerClaim([{ proven, leaves, indices: [3] }]));
    });

    it("of an attester are as short as the attendance allows", () => {
      const length = (counts: number[]): number =>
        (encodeAttesterClaim([{ proven: provenEpoch(50, leaves, counts), position: 0 }], 48).length - 2) / 2;
      expect(length([4, 4, 4, 4])).to.equal(12 + 56 + 1);
      expect(length([4, 3, 4, 1])).to.equal(12 + 56 + 13);
      expect(length([4, 3, 4, 0])).to.equal(12 + 56 + 25);
      expect(length([5, 3, 4, 0])).to.equal(12 + 56 + 49);
    });

    it("chain the epochs that were proven one after the other, whatever their numbers", () => {
      const [a, b, c, d] = chainOf([50, 51, 60, 61], leaves);
      const modes = (list: ProvenEpoch[]): number[] => {
        const claim = hexToBytes(
          encodeAttesterClaim(
            list.map((proven) => ({ proven, position: 0 })),
            48,
          ),
        );
        let offset = 12;
        return list.map(() => {
          const mode = claim[offset]!;
          offset += 55 + (mode & 16 ? 2 : 0) + (mode & 8 ? 1 : 0) + 1;
          return mode;
        });
      };
      // Nobody missed any: 2. The position once: 8. A skip: 16. The first of a run: 32.
      expect(modes([a!, b!, c!, d!])).to.deep.equal([42, 2, 18, 2]);
      expect(modes([a!, c!, d!])).to.deep.equal([42, 50, 2]);

      const flags = (list: ProvenEpoch[]): boolean[] => {
        const claim = hexToBytes(
          encodeSequencerClaim(list.map((proven) => ({ proven, leaves, indices: [0] }))),
        );
        let offset = 0;
        return list.map(() => {
          const chained = claim[offset + 4]! >= 0x80;
          offset += 75 + (chained ? 0 : 32) + 12 + 64;
          return chained;
        });
      };
      expect(flags([a!, b!, c!, d!])).to.deep.equal([false, true, true, true]);
      expect(flags([a!, c!, d!])).to.deep.equal([false, false, true]);
      expect(flags([b!, a!])).to.deep.equal([false, false]);
    });

    it("of an attester bring payments in a run, the link where one begins", () => {
      const chain = chainOf([50, 51], leaves);
      const claim = hexToBytes(
        encodeAttesterClaim(
          chain.map((proven) => ({ proven, position: 0 })),
          48,
        ),
      );
      const hashAt = (i: number): bigint => fromBytes(claim.slice(12 + 57 * i + 23, 12 + 57 * i + 55));
      expect(hashAt(0)).to.equal(epochWordParts(chain[0]!).link);
      expect(hashAt(1)).to.equal(epochWordParts(chain[1]!).payments);
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

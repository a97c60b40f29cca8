/** Vectors of rewards: epochs with their words, trees and packed claims. */
import { addressToHex, toAddress } from "../address.ts";
import { toHex } from "../bytes.ts";
import { epochWord, type ProvenEpoch } from "../epochWord.ts";
import { merkleCommitment } from "../merkle.ts";
import { coinbaseFeeWord } from "../record.ts";
import {
  attesterReward,
  decodeLeaf,
  encodeAttesterClaim,
  encodeSequencerClaim,
  sequencerReward,
  type AttesterEntry,
  type RewardRates,
  type SequencerEntry,
} from "../rewards.ts";
import { packSeedWord } from "../staking.ts";
import { toEpoch, toTimestamp, type Clock } from "../time.ts";
import { seededRandom } from "./random.ts";

/** Clock and committee of the contract under test. */
export const CLOCK: Clock = {
  genesisTime: toTimestamp(1_700_010_000),
  slotDuration: 250,
  slotsPerEpoch: 4,
  proofSubmissionEpochs: 2,
};
const COMMITTEE = 48;
/** Case that is not in the claims of runs. */
const LEFT_OUT = 3;
const RATES: RewardRates = {
  blockReward: 10n ** 18n,
  attestationBonus: 10n ** 16n,
  attesterReward: 3n * 10n ** 16n,
  proverReward: 2n * 10n ** 18n,
};

export function rewardVectors(): unknown {
  const random = seededRandom("vectors/rewards");
  const coinbase = toAddress(random.bits(160));
  const sequencerEntries: SequencerEntry[] = [];
  const attesterEntries: AttesterEntry[] = [];
  let previous = 0n;
  // Committees of 6, of 48 out of 100 and out of 1,000; attendance full, nearly full, and poor. One epoch has no blocks.
  const cases = [0, 1, 2, 3, 4, 5].map((i) => {
    const epoch = toEpoch(60 + i + (i > 1 ? 1 : 0));
    const size = [6, 100, 1_000][i % 3]!;
    const members = Math.min(size, COMMITTEE);
    const blocks = 1 + (i % 4);
    const missable = [0, 2, blocks][Math.floor(i / 2)]!;
    const counts = Array.from({ length: COMMITTEE }, (_, k) =>
      k < members ? blocks - Math.min(blocks, random.below(missable + 1)) : 0,
    );
    // Nibbles cannot tell more than 15 missed blocks.
    const tall = i === 5;
    const leaves = Array.from({ length: blocks }, (_, index) =>
      coinbaseFeeWord({
        coinbase: index === blocks - 1 ? coinbase : toAddress(random.bits(160)),
        attested: i === 4 ? 0 : members - index,
        sequencerFee: random.bits(72),
      }),
    );
    const proven: ProvenEpoch = {
      epoch,
      prover: toAddress(random.bits(160)),
      provenAt: toTimestamp(CLOCK.genesisTime + (epoch + 1) * 1_000 + 7),
      endRecordHash: random.bits(256),
      rewards: merkleCommitment(leaves),
      participation: {
        counts: tall ? counts.map((count, k) => (k < members ? count + 30 * (k % 2) : 0)) : counts,
        blocks: tall ? 40 : blocks,
      },
      seedWord: packSeedWord({
        epoch,
        freeze: toTimestamp(CLOCK.genesisTime + (epoch - 3) * 1_000),
        followers: size,
        size,
        set: 1,
        seed: random.bits(132),
      }),
      previous,
    };
    const position = random.below(members);
    const leaf = decodeLeaf(leaves[blocks - 1] as bigint);
    const word = epochWord(proven);
    previous = word;
    sequencerEntries.push({ proven, leaves, indices: [blocks - 1] });
    attesterEntries.push({ proven, position });
    return {
      epoch,
      provenAt: proven.provenAt,
      word: toHex(word),
      seedWord: toHex(proven.seedWord),
      leaves: leaves.map((word) => toHex(word)),
      coinbase: addressToHex(coinbase),
      fee: toHex(leaf.sequencerFee),
      reward: toHex(sequencerReward(RATES, leaf.attested)),
      sequencerClaim: encodeSequencerClaim([{ proven, leaves, indices: [blocks - 1] }]),
      position,
      attesterReward: toHex(attesterReward(RATES, proven.participation, position)),
      attesterClaim: encodeAttesterClaim([{ proven, position }], COMMITTEE),
    };
  });
  // All but one: two runs of epochs, of which the last words are read.
  const inRuns = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== LEFT_OUT);
  return {
    cases,
    runs: {
      leftOut: LEFT_OUT,
      sequencerClaim: encodeSequencerClaim(inRuns(sequencerEntries)),
      attesterClaim: encodeAttesterClaim(inRuns(attesterEntries), COMMITTEE),
    },
  };
}

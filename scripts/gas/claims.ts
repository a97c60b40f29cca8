/**
 * Gas of reward claims: a real Rollup, distributor, registry and token; the epochs are words put into the Rollup's ring, so
 * that a thousand of them need no proofs. Bitmaps are in their second lap, the payees hold the token.
 */
import { AbiCoder, keccak256, toBeHex } from "ethers";

import { toAddress } from "../../protocol/address.ts";
import {
  blsPublicKey,
  keyHash as keyHashOf,
  keyWords,
  provePossession,
  signaturePointWords,
} from "../../protocol/bls.ts";
import { toHex } from "../../protocol/bytes.ts";
import { epochWord, type ProvenEpoch } from "../../protocol/epochWord.ts";
import { merkleCommitment } from "../../protocol/merkle.ts";
import { coinbaseFeeWord } from "../../protocol/record.ts";
import {
  type AttesterEntry,
  encodeAttesterClaim,
  encodeSequencerClaim,
  type SequencerEntry,
} from "../../protocol/rewards.ts";
import { packSeedWord, placeOf, unpackSeedWord } from "../../protocol/staking.ts";
import { toEpoch, toTimestamp } from "../../protocol/time.ts";
import { type Connection, deployRollup, type PlannedRollup } from "../../test/helpers/rollup.ts";
import { type Operation, type Sample, summarize } from "./operations.ts";

const SLOTS = 32n;
const COMMITTEE = 48;
const EPOCHS = 32;
const RING = 1_024n;
const WINDOW = 1_000n;
/** Slot of the mapping of epoch words in the Rollup's storage. */
const EPOCH_WORDS = 2n;

/** Reproducible bytes. */
const random = (label: string): bigint => BigInt(keccak256(Buffer.from(label)));

export async function measureClaims(connection: Connection): Promise<Record<string, Operation>> {
  const bench = await Bench.deploy(connection);
  const spread = (gap: number): number[] => Array.from({ length: EPOCHS }, (_, i) => 20 + i * gap);
  return {
    claimSequencer32: summarize(
      await bench.sequencer(spread(1)),
      "32 blocks in 32 consecutive epochs of 32 blocks each; fees and rewards",
    ),
    claimSequencer32Scattered: summarize(
      await bench.sequencer(spread(21)),
      "the same, one block in every 21st epoch",
    ),
    claimAttester32: summarize(
      await bench.attester(spread(1), 48),
      "32 consecutive epochs of a set of 48; half of the members missed a block or two",
    ),
    claimAttester32Of1000: summarize(
      await bench.attester(spread(21), 1_000),
      "32 duties of one validator among 1,000, in every 21st epoch",
    ),
  };
}

class Bench {
  readonly #connection: Connection;
  readonly #parts: Awaited<ReturnType<typeof deployParts>>;

  private constructor(connection: Connection, parts: Awaited<ReturnType<typeof deployParts>>) {
    this.#connection = connection;
    this.#parts = parts;
  }

  static async deploy(connection: Connection): Promise<Bench> {
    return new Bench(connection, await deployParts(connection));
  }

  /** One claim of each of these epochs, after one of the lap before in the same words. */
  async sequencer(epochs: readonly number[]): Promise<Sample[]> {
    const { rewards } = this.#parts;
    const coinbase = toAddress(random(`coinbase ${epochs[1]}`) >> 96n);
    await this.#holdTokens(toHex(coinbase, 20));
    const entries: SequencerEntry[] = [];
    for (const epoch of epochs) {
      const leaves = Array.from({ length: Number(SLOTS) }, (_, i) =>
        coinbaseFeeWord({
          coinbase: i === epoch % 32 ? coinbase : toAddress(random(`other ${epoch} ${i}`) >> 96n),
          attested: 48 - (i % 5),
          sequencerFee: random(`fee ${epoch} ${i}`) >> 200n,
        }),
      );
      const last = entries.at(-1)?.proven;
      const proven = this.#epoch({ epoch, size: 48, seed: 0n, rewards: merkleCommitment(leaves), last });
      await this.#plant(proven);
      entries.push({ proven, leaves, indices: [epoch % 32] });
    }
    await this.#warm(0n, [...new Set(epochs.map((epoch) => Math.floor(epoch / 7)))], 7n);
    const tx = await rewards.claimSequencer(toHex(coinbase, 20), encodeSequencerClaim(entries));
    return [await this.#sampleOf(tx)];
  }

  async attester(epochs: readonly number[], size: number): Promise<Sample[]> {
    const { rewards, keyHash } = this.#parts;
    const entries: AttesterEntry[] = [];
    for (const epoch of epochs) {
      const { seed, position } = drawnSeed(epoch, size);
      const last = entries.at(-1)?.proven;
      const proven = this.#epoch({ epoch, size, seed, rewards: random(`rewards ${epoch}`), last });
      await this.#plant(proven);
      entries.push({ proven, position });
    }
    const groups = [...new Set(epochs.map((epoch) => Math.floor(epoch / 224)))];
    const outer = keccak256(
      AbiCoder.defaultAbiCoder().encode(["bytes32", "uint256"], [keyHash.padEnd(66, "0"), 1]),
    );
    await this.#warm(BigInt(outer), groups, 224n);
    const tx = await rewards.claimAttester(keyHash, encodeAttesterClaim(entries, COMMITTEE));
    return [await this.#sampleOf(tx)];
  }

  /** @param setUp.last the epoch made before: proven right before this one when it is of the number before */
  #epoch(setUp: {
    epoch: number;
    size: number;
    seed: bigint;
    rewards: bigint;
    last: ProvenEpoch | undefined;
  }): ProvenEpoch {
    const { epoch, size, seed, rewards, last } = setUp;
    const { genesisTime, epochDuration } = this.#parts;
    const members = Math.min(size, COMMITTEE);
    return {
      epoch: toEpoch(epoch),
      prover: toAddress(random(`prover ${epoch}`) >> 96n),
      provenAt: toTimestamp(Number(genesisTime) + (epoch + 1) * Number(epochDuration) + 123),
      endRecordHash: random(`end ${epoch}`),
      rewards,
      participation: {
        counts: Array.from({ length: COMMITTEE }, (_, k) =>
          k < members ? 32 - (Number(random(`missed ${epoch} ${k}`) % 4n) % 3) : 0,
        ),
        blocks: 32,
      },
      seedWord: packSeedWord({
        epoch: toEpoch(epoch),
        freeze: toTimestamp(Number(genesisTime) + (epoch - 3) * Number(epochDuration)),
        followers: size,
        size,
        set: 1,
        seed,
      }),
      previous: last?.epoch === epoch - 1 ? epochWord(last) : random(`previous ${epoch}`),
    };
  }

  /** Puts an epoch's word into the Rollup's ring. */
  async #plant(proven: ProvenEpoch): Promise<void> {
    const slot = keccak256(
      AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [BigInt(proven.epoch) % RING, EPOCH_WORDS]),
    );
    await this.#connection.networkHelpers.setStorageAt(
      this.#parts.rollup.target as string,
      BigInt(slot),
      toBeHex(epochWord(proven), 32),
    );
  }

  /** Gives words of a bitmap the content of a lap ago. */
  async #warm(mapping: bigint, groups: readonly number[], perWord: bigint): Promise<void> {
    const ring = (RING + 2n) / perWord + 2n;
    for (const group of groups) {
      const slot = keccak256(
        AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [BigInt(group) % ring, mapping]),
      );
      await this.#connection.networkHelpers.setStorageAt(
        this.#parts.rewards.target as string,
        BigInt(slot),
        toBeHex(1n, 32),
      );
    }
  }

  async #holdTokens(to: string): Promise<void> {
    await (await this.#parts.token.transfer(to, 1n)).wait();
  }

  async #sampleOf(sent: { hash: string; data: string; wait(): Promise<unknown> }): Promise<Sample> {
    await sent.wait();
    const receipt = await this.#connection.ethers.provider.getTransactionReceipt(sent.hash);
    return { gas: Number(receipt!.gasUsed), calldataBytes: (sent.data.length - 2) / 2 };
  }
}

/** A seed under which place 0 is in the committee, and its position. */
function drawnSeed(epoch: number, size: number): { seed: bigint; position: number } {
  for (let attempt = 0; ; ++attempt) {
    const seed = random(`seed ${epoch} ${attempt}`) >> 124n;
    const selection = unpackSeedWord(
      packSeedWord({
        epoch: toEpoch(epoch),
        freeze: toTimestamp(1),
        followers: size,
        size,
        set: 1,
        seed,
      }),
    )!;
    for (let position = 0; position < Math.min(size, COMMITTEE); ++position) {
      if (placeOf(selection, COMMITTEE, position) === 0) return { seed, position };
    }
  }
}

/** Deployed parts, a validator at place 0 among them, long after the epochs. */
async function deployParts(connection: Connection) {
  const { ethers, networkHelpers } = connection;
  const [deployer, , , , , , , creator] = await ethers.getSigners();
  const create = async ({ rollup, feeToken, genesisTime, parameters }: PlannedRollup) => {
    const epochDuration = parameters.slotDuration * SLOTS;
    const registry = await ethers.deployContract(
      "ValidatorRegistry",
      [
        {
          owner: creator!,
          token: feeToken,
          minimumStake: 10n ** 18n,
          exitDelay: 400_000n,
          evidenceWindow: 1_000n,
          committeeSize: COMMITTEE,
          seedRing: 1_000n,
          churnWindow: 600n,
          bootstrapSize: 1n,
          growthSize: 0n,
          growthRate: 8n,
          churnQuotient: 10n,
          minChurn: 8n,
          maxChurn: 8n,
        },
        { instance: rollup, genesis: genesisTime, epochDuration, slasher: creator! },
      ],
      creator,
    );
    const distributor = await ethers.deployContract(
      "RewardDistributor",
      [creator!, feeToken, ethers.ZeroAddress],
      creator,
    );
    const rewards = await ethers.deployContract(
      "Rewards",
      [
        {
          rollup,
          distributor,
          market: creator!.address,
          registry,
          genesisTime,
          epochDuration,
          slotsPerEpoch: SLOTS,
          epochRing: RING,
          claimDelay: parameters.outboxDelay,
          claimWindow: WINDOW,
          committeeSize: COMMITTEE,
          blockReward: 10n ** 18n,
          attestationBonus: 10n ** 16n,
          attesterReward: 10n ** 17n,
          proverReward: 10n ** 18n,
        },
      ],
      creator,
    );
    await distributor.setCanonical(rewards);
    return { registry, distributor, rewards, epochDuration };
  };
  let created: Awaited<ReturnType<typeof create>> | undefined;
  const driver = await deployRollup({
    connection,
    parameters: {
      slotsPerEpoch: SLOTS,
      proofSubmissionEpochs: 2n,
      recordRing: 3n * SLOTS + 1n,
      epochRing: RING,
      inboxRing: 8n * SLOTS,
    },
    rewards: async (planned) => {
      created = await create(planned);
      return created.rewards.getAddress();
    },
  });
  const { registry, distributor, rewards, epochDuration } = created!;
  const { rollup, genesisTime, contracts } = driver;
  const token = contracts.feeToken;

  await token.approve(registry, 10n ** 18n);
  const secret = random("validator") >> 8n;
  const key = blsPublicKey(secret);
  await registry.connect(deployer).deposit({
    proposer: deployer!.address,
    withdrawer: deployer!.address,
    instance: ethers.ZeroAddress,
    amount: 10n ** 18n,
    key: keyWords(key) as [string, string, string],
    proof: signaturePointWords(
      provePossession(secret, {
        domain: { chainId: 31337n, registry: toAddress(await registry.getAddress()) },
        withdrawer: toAddress(deployer!.address),
      }),
    ),
  });
  await token.transfer(distributor, 10n ** 24n);
  await token.transfer(contracts.feePortal, 10n ** 24n);
  await networkHelpers.time.increaseTo(genesisTime + 710n * epochDuration);
  const keyHash = toHex(keyHashOf(key) >> 32n, 28);
  return { rollup, rewards, token, genesisTime, epochDuration, keyHash };
}

/**
 * What the proven epochs owe, and the transactions that pay it: from L1's events alone, with the lists that stand in the
 * calldata of the proofs. A list is believed only when it has the commitment that the epoch's word holds.
 */
import { Contract, type Interface, type JsonRpcProvider, type Log } from "ethers";

import { addressToHex, toAddress } from "../../protocol/address.ts";
import { fromBytes, hexToBytes, toHex } from "../../protocol/bytes.ts";
import type { ProvenEpoch } from "../../protocol/epochWord.ts";
import { keccakWords } from "../../protocol/hash.ts";
import { merkleCommitment } from "../../protocol/merkle.ts";
import {
  decodeParticipation,
  encodeParticipation,
  type ParticipationWords,
} from "../../protocol/participation.ts";
import {
  attesterReward,
  claimState,
  claimTimes,
  decodeLeaf,
  encodeAttesterClaim,
  encodeSequencerClaim,
  proverPot,
  sequencerReward,
  type ClaimState,
  type ClaimTerms,
  type ClaimTimes,
  type RewardRates,
} from "../../protocol/rewards.ts";
import { committeeSizeOf, placeOf, unpackSeedWord, type SeedWord } from "../../protocol/staking.ts";
import { epochStart, toEpoch, toTimestamp, type Timestamp } from "../../protocol/time.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import { type ProofCall, proofCallsIn } from "../l1/proofCalls.ts";
import { readHead } from "../l1/provider.ts";
import type { RollupContract } from "../l1/rollupContract.ts";
import { ActorError } from "../support/actorError.ts";

/** Parameters of {@link RewardBook}. */
export interface RewardBookOptions {
  provider: JsonRpcProvider;
  rollup: RollupContract;
  /** Rewards contract of the rollup. */
  rewards: string;
}

/** A proven epoch with everything that claims about it need. */
export interface BookedEpoch {
  proven: ProvenEpoch;
  /** Words of its blocks; undefined when the transaction of its proof does not hold them. */
  leaves: readonly bigint[] | undefined;
  /** Number of its last block. */
  lastBlock: number;
  times: ClaimTimes;
  state: ClaimState;
}

/** A block that earned something for its coinbase. */
export interface BlockEarning {
  epoch: number;
  /** Place in the epoch. */
  index: number;
  /** Base units. */
  fee: bigint;
  reward: bigint;
  attested: number;
  state: ClaimState | "paid";
  /** In L1 seconds. */
  from: number;
  until: number;
}

/** An epoch in which a validator served. */
export interface DutyEarning {
  epoch: number;
  /** In the committee. */
  position: number;
  /** Blocks attested, of `blocks`. */
  attested: number;
  blocks: number;
  reward: bigint;
  state: ClaimState | "paid";
  from: number;
  until: number;
}

/** A transaction that pays. */
export interface Claim {
  to: string;
  data: string;
  epochs: number[];
  /** As far as the distributor has funds. */
  amount: bigint;
}

/** Terms of the contract, read once. */
interface Terms {
  claim: Omit<ClaimTerms, "pause">;
  rates: RewardRates;
  committee: number;
  distributor: string;
  /** Undefined for a permissioned set. */
  registry: string | undefined;
}

interface RawConfig {
  distributor: string;
  registry: string;
  claimDelay: bigint;
  claimWindow: bigint;
  epochRing: bigint;
  committeeSize: bigint;
  blockReward: bigint;
  attestationBonus: bigint;
  attesterReward: bigint;
  proverReward: bigint;
}

/** L1 blocks asked for at once. */
const RANGE = 2_000;
/** Epochs in one claim: 0.3 to 1.7 million gas. */
const EPOCHS_A_CLAIM = 96;
/** Epochs whose pots share a word of the rewards contract. */
const EPOCHS_A_POT_WORD = 16;

const rollupAbi = (): Interface => contractInterface("rollup/Rollup");
const rewardsAbi = (): Interface => contractInterface("rewards/Rewards");

/** Reads L1 once; `refresh` reads what came since. */
export class RewardBook {
  readonly #options: RewardBookOptions;
  readonly #rewards: Contract;
  readonly #epochs = new Map<number, Omit<BookedEpoch, "times" | "state">>();
  #terms: Terms | undefined;
  #pause = { start: 0, end: 0 };
  #now = 0 as Timestamp;
  #readTo: number;

  constructor(options: RewardBookOptions) {
    this.#options = options;
    this.#rewards = new Contract(options.rewards, rewardsAbi(), options.provider);
    this.#readTo = options.rollup.parameters.startBlock - 1;
  }

  /** Reads new events and the present time. */
  async refresh(): Promise<void> {
    const { provider, rollup } = this.#options;
    const head = await readHead(provider);
    if (!head) throw unavailable("L1 has no block", "start it");
    await this.terms();
    const contract = new Contract(rollup.parameters.address, rollupAbi(), provider);
    const pause = (await contract.getFunction("pauseWord").staticCall()) as bigint;
    this.#pause = { start: Number(pause >> 64n), end: Number(pause & 0xffff_ffff_ffff_ffffn) };
    this.#now = toTimestamp(head.timestamp);
    const topics = rollupAbi().encodeFilterTopics("EpochProven", []);
    for (let from = this.#readTo + 1; from <= head.number; from += RANGE) {
      const toBlock = Math.min(head.number, from + RANGE - 1);
      const { address } = rollup.parameters;
      for (const log of await provider.getLogs({ address, fromBlock: from, toBlock, topics })) {
        const booked = await this.#book(log);
        this.#epochs.set(booked.proven.epoch, booked);
      }
      this.#readTo = toBlock;
    }
  }

  /** Terms and rates of the contract. */
  async terms(): Promise<Terms> {
    if (this.#terms) return this.#terms;
    const c = (await this.#rewards.getFunction("config").staticCall()) as RawConfig;
    this.#terms = {
      claim: {
        clock: this.#options.rollup.parameters.clock,
        delay: Number(c.claimDelay),
        window: Number(c.claimWindow),
        ring: Number(c.epochRing),
      },
      rates: {
        blockReward: c.blockReward,
        attestationBonus: c.attestationBonus,
        attesterReward: c.attesterReward,
        proverReward: c.proverReward,
      },
      committee: Number(c.committeeSize),
      distributor: c.distributor,
      registry: BigInt(c.registry) === 0n ? undefined : c.registry,
    };
    return this.#terms;
  }

  /** Proven epochs that are not out of time, oldest first. */
  epochs(): BookedEpoch[] {
    return [...this.#epochs.values()]
      .map((booked) => ({ ...booked, ...this.#timing(booked.proven) }))
      .filter(({ state }) => state !== "lapsed")
      .sort((a, b) => a.proven.epoch - b.proven.epoch);
  }

  /** Blocks of a coinbase. */
  async blocksOf(coinbase: string): Promise<BlockEarning[]> {
    const { rates } = await this.terms();
    const wanted = toAddress(coinbase);
    const found: BlockEarning[] = [];
    for (const { proven, leaves = [], times, state } of this.epochs()) {
      for (const [index, word] of leaves.entries()) {
        const leaf = decodeLeaf(word);
        if (leaf.coinbase !== wanted) continue;
        const paid = (await this.#rewards
          .getFunction("isSequencerClaimed")
          .staticCall(proven.epoch, index)) as boolean;
        found.push({
          epoch: proven.epoch,
          index,
          fee: leaf.sequencerFee,
          reward: sequencerReward(rates, leaf.attested),
          attested: leaf.attested,
          state: paid ? "paid" : state,
          from: times.from,
          until: times.until,
        });
      }
    }
    return found;
  }

  /**
   * Duties of a validator, by the hash of its attester key (28 bytes).
   * @throws ActorError STATE_UNAVAILABLE for a permissioned set, whose members earn nothing here
   */
  async dutiesOf(keyHash: string): Promise<DutyEarning[]> {
    const { rates } = await this.terms();
    const found: DutyEarning[] = [];
    for (const { proven, times, state } of this.epochs()) {
      const position = await this.#positionOf(proven, keyHash);
      if (position === undefined) continue;
      const paid = (await this.#rewards
        .getFunction("isAttesterClaimed")
        .staticCall(keyHash, proven.epoch)) as boolean;
      found.push({
        epoch: proven.epoch,
        position,
        attested: proven.participation.counts[position] ?? 0,
        blocks: proven.participation.blocks,
        reward: attesterReward(rates, proven.participation, position),
        state: paid ? "paid" : state,
        from: times.from,
        until: times.until,
      });
    }
    return found;
  }

  /** Transactions that pay a coinbase all it can claim now. */
  async claimsOfCoinbase(coinbase: string): Promise<Claim[]> {
    const open = (await this.blocksOf(coinbase)).filter(({ state }) => state === "claimable");
    const byEpoch = new Map<number, BlockEarning[]>();
    for (const block of open) byEpoch.set(block.epoch, [...(byEpoch.get(block.epoch) ?? []), block]);
    return batches([...byEpoch]).map((batch) => ({
      to: this.#options.rewards,
      data: rewardsAbi().encodeFunctionData("claimSequencer", [
        coinbase,
        encodeSequencerClaim(
          batch.map(([epoch, blocks]) => {
            const { proven, leaves } = this.#epochs.get(epoch)!;
            return { proven, leaves: leaves!, indices: blocks.map(({ index }) => index) };
          }),
        ),
      ]),
      epochs: batch.map(([epoch]) => epoch),
      amount: batch.flatMap(([, blocks]) => blocks).reduce((sum, { fee, reward }) => sum + fee + reward, 0n),
    }));
  }

  /** Transactions that pay a validator's withdrawer all it can claim now; epochs without an attestation are left out. */
  async claimsOfValidator(keyHash: string): Promise<Claim[]> {
    const { committee } = await this.terms();
    const open = (await this.dutiesOf(keyHash)).filter(
      ({ state, reward }) => state === "claimable" && reward > 0n,
    );
    return batches(open).map((batch) => ({
      to: this.#options.rewards,
      data: rewardsAbi().encodeFunctionData("claimAttester", [
        keyHash,
        encodeAttesterClaim(
          batch.map(({ epoch, position }) => ({ proven: this.#epochs.get(epoch)!.proven, position })),
          committee,
        ),
      ]),
      epochs: batch.map(({ epoch }) => epoch),
      amount: batch.reduce((sum, { reward }) => sum + reward, 0n),
    }));
  }

  /** The transaction that pays a prover what the market credited to it; undefined when it is owed nothing. */
  async claimOfProver(prover: string): Promise<Claim | undefined> {
    const [fees, reward] = (await this.#rewards.getFunction("creditOf").staticCall(prover)) as [
      bigint,
      bigint,
    ];
    if (fees + reward === 0n) return undefined;
    const data = rewardsAbi().encodeFunctionData("collectProver", [prover]);
    return { to: this.#options.rewards, data, epochs: [], amount: fees + reward };
  }

  /** Transactions that move what spent pots left, burn what is due, and sweep what nobody claimed in time. */
  async leftovers(): Promise<Claim[]> {
    const claims = await this.#flushes();
    for (const { proven, leaves, state } of this.epochs()) {
      if (state === "early") continue;
      const { epoch } = proven;
      const [potSpent, burned] = (await this.#rewards.getFunction("isSettled").staticCall(epoch)) as [
        boolean,
        boolean,
      ];
      const sweeps = state === "sweepable" && leaves !== undefined && !potSpent;
      if (burned && !sweeps) continue;
      const opening = await this.opening(epoch);
      const data = sweeps
        ? rewardsAbi().encodeFunctionData("sweep", [opening, leaves])
        : rewardsAbi().encodeFunctionData("burnFees", [opening]);
      claims.push({ to: this.#options.rewards, data, epochs: [epoch], amount: 0n });
    }
    return claims;
  }

  /** One for every word that has something to flush; 16 epochs share one. */
  async #flushes(): Promise<Claim[]> {
    const firsts = new Set(
      this.epochs().map(({ proven }) => proven.epoch - (proven.epoch % EPOCHS_A_POT_WORD)),
    );
    const claims: Claim[] = [];
    for (const epoch of firsts) {
      const [unspent, burned] = (await this.#rewards.getFunction("leftoversOf").staticCall(epoch)) as [
        bigint,
        bigint,
      ];
      if (unspent + burned === 0n) continue;
      const data = rewardsAbi().encodeFunctionData("flush", [epoch]);
      claims.push({ to: this.#options.rewards, data, epochs: [epoch], amount: 0n });
    }
    return claims;
  }

  /** An epoch's pot before anybody spent of it. */
  async potOf(epoch: number): Promise<bigint> {
    const { rates } = await this.terms();
    const { endRecord } = await this.opening(epoch);
    const proverFees = (endRecord[6]! >> 80n) & ((1n << 80n) - 1n);
    return proverPot(rates, proverFees, this.#epochs.get(epoch)!.proven.participation);
  }

  /**
   * An epoch's word opened, as market and sweeps take it.
   * @throws ActorError STATE_UNAVAILABLE for an epoch that is not proven
   */
  async opening(epoch: number): Promise<{
    when: bigint;
    participation: ParticipationWords;
    seedWord: bigint;
    rewardsRoot: string;
    prover: string;
    endRecord: bigint[];
    previous: string;
  }> {
    const booked = this.#epochs.get(epoch);
    if (!booked) throw unavailable(`epoch ${epoch} is not proven`, "wait for its proof");
    const { provider, rollup } = this.#options;
    const { address, startBlock } = rollup.parameters;
    const { proven, lastBlock } = booked;
    const abi = rollupAbi();
    const topics = abi.encodeFilterTopics("Proposed", [lastBlock]);
    const logs = await provider.getLogs({ address, fromBlock: startBlock, toBlock: "latest", topics });
    // A number has several blocks when some were pruned: the hash tells.
    for (const log of logs) {
      const endRecord = [...(abi.parseLog(log)!.args["record"] as Iterable<bigint>)];
      if (keccakWords(endRecord) !== proven.endRecordHash) continue;
      return {
        when: (BigInt(epoch) << 64n) | BigInt(proven.provenAt),
        participation: encodeParticipation(proven.participation),
        seedWord: proven.seedWord,
        rewardsRoot: toHex(proven.rewards),
        prover: addressToHex(proven.prover),
        endRecord,
        previous: toHex(proven.previous),
      };
    }
    throw unavailable(`the last block of epoch ${epoch} has no event`, "ask an L1 node with full history");
  }

  #timing(proven: ProvenEpoch): { times: ClaimTimes; state: ClaimState } {
    const terms = { ...this.#terms!.claim, pause: this.#pause };
    return { times: claimTimes(terms, proven), state: claimState(terms, proven, this.#now) };
  }

  async #book(log: Log): Promise<Omit<BookedEpoch, "times" | "state">> {
    const { args } = rollupAbi().parseLog(log)!;
    const [low, high] = [...(args["participation"] as Iterable<bigint>)];
    const rewards = BigInt(args["rewardsRoot"] as string);
    const transaction = await this.#options.provider.getTransaction(log.transactionHash);
    const isList = ({ coinbaseFees }: ProofCall): boolean => merkleCommitment(coinbaseFees) === rewards;
    return {
      proven: {
        epoch: toEpoch(args["epoch"] as bigint),
        prover: toAddress(args["prover"] as string),
        provenAt: toTimestamp(args["timestamp"] as bigint),
        endRecordHash: BigInt(args["endRecordHash"] as string),
        rewards,
        participation: decodeParticipation([low!, high!]),
        seedWord: args["seedWord"] as bigint,
        previous: BigInt(args["previous"] as string),
      },
      leaves: proofCallsIn(transaction?.data ?? "0x").find(isList)?.coinbaseFees,
      lastBlock: Number(args["number"]),
    };
  }

  /** From the registry's own answer while it keeps the epoch's seed, later from who stood at the committee's places. */
  async #positionOf({ epoch, seedWord }: ProvenEpoch, keyHash: string): Promise<number | undefined> {
    const { registry, committee } = await this.terms();
    if (registry === undefined) {
      throw unavailable("a permissioned set earns no attester rewards", "claim with --coinbase");
    }
    const selection = unpackSeedWord(seedWord as SeedWord);
    if (!selection) return undefined;
    const { address, clock } = this.#options.rollup.parameters;
    const abi = contractInterface("staking/IValidatorRegistry");
    const contract = new Contract(registry, abi, this.#options.provider);
    const wanted = fromBytes(hexToBytes(keyHash));
    if (((await contract.getFunction("seedOf").staticCall(address, epoch)) as bigint) === seedWord) {
      const [, hashes] = (await contract
        .getFunction("committeeOf")
        .staticCall(address, epoch, epochStart(clock, epoch))) as [string[], string[]];
      const position = hashes.findIndex((hash) => BigInt(hash) >> 32n === wanted);
      return position < 0 ? undefined : position;
    }
    for (let position = 0; position < committeeSizeOf(selection, committee); ++position) {
      const place = placeOf(selection, committee, position);
      const pinned = place >= selection.followers;
      const [holder] = (await contract
        .getFunction("tenureAt")
        .staticCall(
          pinned ? address : addressToHex(toAddress(0n)),
          pinned ? place - selection.followers : place,
          selection.freeze,
        )) as [string];
      if (BigInt(holder) === wanted) return position;
    }
    return undefined;
  }
}

function batches<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / EPOCHS_A_CLAIM) }, (_, i) =>
    items.slice(i * EPOCHS_A_CLAIM, (i + 1) * EPOCHS_A_CLAIM),
  );
}

function unavailable(message: string, remedy: string): ActorError {
  return new ActorError("STATE_UNAVAILABLE", message, remedy);
}

/**
 * The proof market on L1 as actors and tasks see it: state, and the records and words that its calls take. Those are found
 * by the events' topics, so that a call costs the same however long the chain is.
 */
import { Contract, type EventLog, type JsonRpcProvider } from "ethers";

import { type Address, addressToHex, toAddress } from "../../protocol/address.ts";
import { toHex } from "../../protocol/bytes.ts";
import { keccakWords } from "../../protocol/hash.ts";
import { type MarketParameters, STAGES, type Stage } from "../../protocol/market.ts";
import type { QuoteDomain } from "../../protocol/quote.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import { MarketError } from "./marketError.ts";

/** What must be known of a deployment; its record is one. */
export interface MarketDeployment {
  chainId: number;
  block: number;
  version: number;
  verificationKeyHash: string;
  addresses: {
    rollup: string;
    token: string;
    market?: string | undefined;
    proofSubmitter?: string | undefined;
  };
}

/** Parameters of {@link MarketContract}. */
export interface MarketContractOptions {
  provider: JsonRpcProvider;
  deployment: MarketDeployment;
}

/** A prover's money, in base units, and its lowest valid nonce. */
export interface BondStatus {
  prover: string;
  free: bigint;
  reserved: bigint;
  withdrawing: bigint;
  /** Seconds since 1970; undefined when nothing is on its way. */
  withdrawableAt: number | undefined;
  nonce: bigint;
}

/** An epoch in the market. */
export interface EpochStatus {
  epoch: number;
  stage: Stage;
  prover: string;
  fee: bigint;
  /** As claimed; of a defaulted claim's only the rescuer's share is left. */
  bond: bigint;
  since: number;
  exclusiveUntil: number;
  deadline: number;
  endRecordHash: string;
}

/** Seven words of a record. */
export type RecordWords = readonly bigint[];

/** The short opening of an epoch word. */
export interface WordOpening {
  when: bigint;
  duties: string;
  rewardsRoot: string;
  prover: string;
  endRecordHash: string;
  previous: string;
}

/** The full opening. */
export interface EpochOpening {
  when: bigint;
  participation: readonly bigint[];
  seedWord: bigint;
  rewardsRoot: string;
  prover: string;
  endRecord: RecordWords;
  previous: string;
}

const ZERO = `0x${"00".repeat(32)}`;
const NOBODY = `0x${"00".repeat(20)}`;
const NO_RECORD: RecordWords = [0n, 0n, 0n, 0n, 0n, 0n, 0n];
const NO_WORD: WordOpening = {
  when: 0n,
  duties: ZERO,
  rewardsRoot: ZERO,
  prover: NOBODY,
  endRecordHash: ZERO,
  previous: ZERO,
};

export class MarketContract {
  readonly address: string;
  readonly market: Contract;
  readonly rollup: Contract;
  readonly #deployment: MarketDeployment;
  #pot: Promise<Contract> | undefined;

  /** @throws MarketError NO_MARKET */
  constructor({ provider, deployment }: MarketContractOptions) {
    const { market, rollup } = deployment.addresses;
    if (market === undefined) {
      throw new MarketError(
        "NO_MARKET",
        "the deployment's record names no market",
        "name the record of a deployment that has one with --record",
      );
    }
    this.address = market;
    this.#deployment = deployment;
    this.market = new Contract(market, contractInterface("market/ProofMarket"), provider);
    this.rollup = new Contract(rollup, contractInterface("rollup/Rollup"), provider);
  }

  get domain(): QuoteDomain {
    const { chainId, version, verificationKeyHash, addresses } = this.#deployment;
    return {
      version: BigInt(version),
      chainId: BigInt(chainId),
      market: toAddress(this.address),
      rollup: toAddress(addresses.rollup),
      verifierKeyHash: BigInt(verificationKeyHash),
    };
  }

  async parameters(): Promise<MarketParameters> {
    return (await this.#view("parameters")) as MarketParameters;
  }

  async bond(prover: Address): Promise<BondStatus> {
    const name = addressToHex(prover);
    const raw = (await this.#view("accountOf", name)) as Record<keyof BondStatus, bigint>;
    const { free, reserved, withdrawing, nonce } = raw;
    const withdrawableAt = withdrawing === 0n ? undefined : Number(raw.withdrawableAt);
    return { prover: name, free, reserved, withdrawing, withdrawableAt, nonce };
  }

  /** What the market says of an epoch; undefined when its ring word is another's, or nobody opened it. */
  async epoch(epoch: number): Promise<EpochStatus | undefined> {
    const raw = (await this.#view("claimOf", epoch)) as Record<string, bigint | string>;
    if (Number(raw["epoch"]) !== epoch || raw["since"] === 0n) return undefined;
    return {
      epoch,
      stage: STAGES[Number(raw["stage"])]!,
      prover: raw["prover"] as string,
      fee: BigInt(raw["fee"]!),
      bond: BigInt(raw["bond"]!),
      since: Number(raw["since"]),
      exclusiveUntil: Number(raw["exclusiveUntil"]),
      deadline: Number(raw["deadline"]),
      endRecordHash: raw["endRecordHash"] as string,
    };
  }

  async reserve(epoch: number, time: number): Promise<bigint> {
    return (await this.#view("reserveAt", epoch, time)) as bigint;
  }

  /** The oldest epoch with unproven blocks. @throws MarketError NOTHING_TO_PROVE */
  async oldestEpoch(): Promise<{ epoch: number; pending: number; proven: number; current: number }> {
    const status = (await this.rollup.getFunction("status")()) as Record<string, bigint>;
    if (status["pending"] === status["proven"]) {
      throw new MarketError("NOTHING_TO_PROVE", "every block is proven", "wait for the next one");
    }
    return {
      epoch: Number(status["firstUnprovenEpoch"]),
      pending: Number(status["pending"]),
      proven: Number(status["proven"]),
      current: Number(status["epoch"]),
    };
  }

  /** Records that show the end of the oldest unproven epoch. @throws MarketError EPOCH_NOT_COMPLETE */
  async endOf(epoch: number, slotsPerEpoch: number): Promise<{ end: RecordWords; next: RecordWords }> {
    const { pending, proven, current } = await this.oldestEpoch();
    const records = await this.#records(proven + 1, pending);
    const epochOf = (record: RecordWords): number =>
      Math.floor(Number((record[4]! >> 192n) & 0xffff_ffffn) / slotsPerEpoch);
    let last: number | undefined;
    for (let number = proven + 1; number <= pending && epochOf(records.get(number)!) === epoch; ++number)
      last = number;
    const end = last === undefined ? undefined : records.get(last)!;
    const lastSlot = (epoch + 1) * slotsPerEpoch - 1;
    const isFull = end !== undefined && Number((end[4]! >> 192n) & 0xffff_ffffn) === lastSlot;
    if (last === undefined || end === undefined || (last === pending && current <= epoch && !isFull)) {
      throw new MarketError(
        "EPOCH_NOT_COMPLETE",
        `epoch ${epoch} can still get a block`,
        "claim it after its last slot",
      );
    }
    return { end, next: records.get(last + 1) ?? NO_RECORD };
  }

  /** Opening of the word of the epoch proven last, as `claim` and `open` take it. */
  async predecessor(): Promise<WordOpening> {
    const { proven } = (await this.rollup.getFunction("status")()) as { proven: bigint };
    const newest = proven === 0n ? undefined : await this.#proof(null, proven);
    return newest ? shortOpening(newest) : NO_WORD;
  }

  /** What the Rollup's ring holds in an epoch's place, as `slash` and `release` take it. */
  async ringWord(epoch: number): Promise<WordOpening> {
    const [{ epochRing }, { epoch: current }] = (await Promise.all([
      this.rollup.getFunction("config")(),
      this.rollup.getFunction("status")(),
    ])) as [{ epochRing: bigint }, { epoch: bigint }];
    const laps: bigint[] = [];
    for (let shared = BigInt(epoch) % epochRing; shared <= current; shared += epochRing) laps.push(shared);
    const found = laps.length === 0 ? undefined : await this.#proof(laps);
    return found ? shortOpening(found) : NO_WORD;
  }

  /** Full opening of a proven epoch's word, as `settle` takes it. @throws MarketError NOT_PROVEN */
  async opening(epoch: number): Promise<EpochOpening> {
    const found = await this.#proof([BigInt(epoch)]);
    if (!found) {
      throw new MarketError("NOT_PROVEN", `epoch ${epoch} is not proven`, "wait for its proof");
    }
    const { args } = found;
    const number = Number(args["number"]);
    const records = await this.#records(number, number);
    return {
      when: whenOf(found),
      participation: [...(args["participation"] as readonly bigint[])],
      seedWord: args["seedWord"] as bigint,
      rewardsRoot: args["rewardsRoot"] as string,
      prover: args["prover"] as string,
      endRecord: records.get(number)!,
      previous: args["previous"] as string,
    };
  }

  /** Whether an epoch's pot was spent; of an epoch whose ring word came round it is not known any more. */
  async isSettled(epoch: number): Promise<boolean> {
    const pot = await this.#pots();
    const [potSpent] = (await pot.getFunction("isSettled").staticCall(epoch)) as [boolean, boolean];
    return potSpent;
  }

  /** What settlements credited to a prover and it has not collected, fees and rewards. */
  async credit(prover: Address): Promise<bigint> {
    const pot = await this.#pots();
    const [fees, reward] = (await pot.getFunction("creditOf").staticCall(addressToHex(prover))) as [
      bigint,
      bigint,
    ];
    return fees + reward;
  }

  /** The call that pays a prover what it was credited. */
  async collection(prover: Address): Promise<{ to: string; data: string }> {
    const pot = await this.#pots();
    const data = pot.interface.encodeFunctionData("collectProver", [addressToHex(prover)]);
    return { to: await pot.getAddress(), data };
  }

  /**
   * The submission of an epoch's proof through `ProofSubmitter`: it reverts before the proof is looked at when its prover
   * would be paid less than `leastFee`, in basis points of the pot, and starts the epoch's clock if nobody has. Undefined
   * where none is deployed.
   */
  async guarded({
    submission,
    prover,
    leastFee,
  }: {
    /** Calldata of `submitEpochProof`. */
    submission: string;
    prover: Address;
    leastFee: bigint;
  }): Promise<{ to: string; data: string } | undefined> {
    const to = this.#deployment.addresses.proofSubmitter;
    if (to === undefined) return undefined;
    const values = [submission, addressToHex(prover), leastFee, await this.predecessor()];
    return { to, data: contractInterface("market/ProofSubmitter").encodeFunctionData("submit", values) };
  }

  encode(method: string, values: readonly unknown[]): string {
    return this.market.interface.encodeFunctionData(method, values);
  }

  /** The rewards contract, whose pots the market spends. */
  #pots(): Promise<Contract> {
    this.#pot ??= this.#view("pot").then(
      (address) => new Contract(address as string, contractInterface("rewards/Rewards"), this.market.runner),
    );
    return this.#pot;
  }

  async #view(method: string, ...values: unknown[]): Promise<unknown> {
    return (await this.market.getFunction(method).staticCall(...values)) as unknown;
  }

  /** The newest proof of any of some epochs, or up to a block: of one proven twice, after a recovery, the latter counts. */
  async #proof(
    epochs: readonly bigint[] | null,
    number: bigint | null = null,
  ): Promise<EventLog | undefined> {
    const filter = this.rollup.filters["EpochProven"]!(epochs, number);
    return (await this.rollup.queryFilter(filter, this.#deployment.block)).at(-1) as EventLog | undefined;
  }

  /** The newest record of each number: a pruned block's number comes again. */
  async #records(from: number, to: number): Promise<Map<number, RecordWords>> {
    const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
    const filter = this.rollup.filters["Proposed"]!(numbers);
    const logs = (await this.rollup.queryFilter(filter, this.#deployment.block)) as EventLog[];
    return new Map(
      logs.map(({ args }) => [Number(args["number"]), [...(args["record"] as readonly bigint[])]]),
    );
  }
}

function shortOpening(log: EventLog): WordOpening {
  const { args } = log;
  const when = whenOf(log);
  const participation = args["participation"] as readonly bigint[];
  return {
    when,
    duties: toHex(keccakWords([when, participation[0]!, participation[1]!, args["seedWord"] as bigint])),
    rewardsRoot: args["rewardsRoot"] as string,
    prover: args["prover"] as string,
    endRecordHash: args["endRecordHash"] as string,
    previous: args["previous"] as string,
  };
}

function whenOf({ args }: EventLog): bigint {
  return ((args["epoch"] as bigint) << 64n) | (args["timestamp"] as bigint);
}

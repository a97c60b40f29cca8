/** The Rollup on L1 as the actors see it: parameters, views, events. */
import { Contract, type JsonRpcProvider, type Log, ZeroAddress } from "ethers";

import type { FeeConfig } from "../../protocol/fees.ts";
import { decodeBlock } from "../../protocol/blockWords.ts";
import type { Gas, GasPrices } from "../../protocol/gas.ts";
import type { Field } from "../../protocol/field.ts";
import type { TruncatedHash } from "../../protocol/hash.ts";
import { MESSAGE_BYTES, type Message, decodeMessage } from "../../protocol/message.ts";
import { type Oracle, decodeRecord } from "../../protocol/record.ts";
import { type SizeName, type Sizes, sizesNamed } from "../../protocol/sizes.ts";
import { type Clock, toTimestamp } from "../../protocol/time.ts";
import { wordsToBytes } from "../../protocol/bytes.ts";
import { ActorError, messageOf } from "../support/actorError.ts";
import { contractInterface } from "./contractInterface.ts";
import type { L1Head } from "./provider.ts";
import { readLogs } from "./readLogs.ts";

/** What an actor must be told of a rollup; a deployment record is one. Everything else it reads from the chain. */
export interface RollupReference {
  chainId: number;
  /** L1 block of the Rollup's creation: a sync begins there. */
  block: number;
  /** Size of the epoch circuit that the verifier belongs to. */
  circuit: SizeName;
  addresses: { rollup: string };
}

/** Parameters that a Rollup has for life, read from the chain. */
export interface RollupParameters {
  address: string;
  chainId: number;
  startBlock: number;
  version: bigint;
  clock: Clock;
  sizes: Sizes;
  genesisRoot: Field;
  /** chainHash_0. */
  genesisHash: TruncatedHash;
  initialOracle: Oracle;
  fees: FeeConfig;
  /** Least first deposit of an account, in base units of the token deposited. */
  minimumFeeRegistration: bigint;
  minimumAssetRegistration: bigint;
  /** Seconds after which a block must consume a message. */
  messageDeadline: number;
  /** What `propose` refuses more of. */
  limits: {
    /** Charged gas of a block. */
    gasL2: bigint;
    gasDa: bigint;
    /** Either way. */
    modifier: number;
    /** Records kept: of unproven blocks and the proven tip. */
    records: number;
  };
  /** Who answers for committees. */
  validatorSet: string;
  /** Contract that takes challenges of aggregates; the zero address for none. */
  aggregateChallenge: string;
  /** Seconds for which an epoch's proof must show its last block's aggregate; 0: never. */
  challengeWindow: bigint;
  feePortal: string;
  assetPortal: string;
  feeToken: string;
  asset: string;
}

/** The fields of the contract's configuration that actors read. */
interface RawConfig {
  version: bigint;
  genesisRoot: bigint;
  genesisTime: bigint;
  slotDuration: bigint;
  slotsPerEpoch: bigint;
  proofSubmissionEpochs: bigint;
  maxMessages: bigint;
  fees: FeeConfig;
  initialOracle: bigint;
  minimumFeeRegistration: bigint;
  minimumAssetRegistration: bigint;
  messageDeadline: bigint;
  maxL2Gas: bigint;
  maxDaGas: bigint;
  maxModifier: bigint;
  recordRing: bigint;
  validatorSet: string;
  aggregateChallenge: string;
  attestationChallengeWindow: bigint;
  feeToken: string;
  asset: string;
}

/** Where on L1 an event happened. */
export interface L1Position {
  block: L1Head;
  transactionHash: string;
  logIndex: number;
}

/** A block joined the pending chain. */
export interface ProposedEvent {
  type: "proposed";
  at: L1Position;
  number: number;
  /** Seven words. */
  record: readonly bigint[];
  /** Six words. */
  blk: readonly bigint[];
  versionedHash: string;
  proposer: string;
}

/** Unproven blocks were dropped. */
export interface PrunedEvent {
  type: "pruned";
  at: L1Position;
  proven: number;
  pending: number;
}

/** Unproven blocks behind `last` were dropped: the aggregate of the first of them was wrong. */
export interface RolledBackEvent {
  type: "rolledBack";
  at: L1Position;
  last: number;
  pending: number;
}

/** Blocks up to `number` are proven. */
export interface EpochProvenEvent {
  type: "epochProven";
  at: L1Position;
  epoch: number;
  number: number;
  prover: string;
  /** Of the proof, in L1 seconds. */
  timestamp: number;
  endRecordHash: string;
  /** Merkle commitment of the epoch's reward words. */
  rewardsRoot: string;
  /** With the last block's bitmap. */
  participation: readonly [bigint, bigint];
  /** What the validator set drew the epoch's committee from. */
  seedWord: bigint;
  /** Commitment of the epoch's withdrawals, 224 bits, and the time of the proof, 32; 0 without withdrawals. */
  outboxWord: bigint;
}

/** A message was sent to the ledger. */
export interface MessageSentEvent {
  type: "messageSent";
  at: L1Position;
  /** From 1. */
  index: number;
  message: Message;
  rollingHash: bigint;
}

export type RollupEvent = ProposedEvent | PrunedEvent | RolledBackEvent | EpochProvenEvent | MessageSentEvent;

/** The tip as of now, a due prune applied. */
export interface RollupStatus {
  pending: number;
  proven: number;
  firstUnprovenEpoch: number;
  deadlineEpoch: number;
  inboxCount: number;
  accounts: number;
}

/** The duty of a slot. */
export interface ProposerDuty {
  proposer: string;
  /** Proposer's position in the committee. */
  position: number;
  committeeSize: number;
}

/** Read when first needed, so that importing this file needs no build. */
const abi = () => contractInterface("rollup/Rollup");

/** Reads the Rollup and decodes its events. */
export class RollupContract {
  readonly parameters: RollupParameters;
  readonly #provider: JsonRpcProvider;
  readonly #contract: Contract;

  private constructor(provider: JsonRpcProvider, contract: Contract, parameters: RollupParameters) {
    this.#provider = provider;
    this.#contract = contract;
    this.parameters = parameters;
  }

  /** @throws ActorError CHAIN_MISMATCH when there is no Rollup at the address, or one for another circuit size */
  static async connect({
    provider,
    deployment,
  }: {
    provider: JsonRpcProvider;
    deployment: RollupReference;
  }): Promise<RollupContract> {
    const address = deployment.addresses.rollup;
    const contract = new Contract(address, abi(), provider);
    const sizes = sizesNamed(deployment.circuit);
    const config = await call<RawConfig>(contract, "config").catch((error: unknown) => {
      throw new ActorError(
        "CHAIN_MISMATCH",
        `no Rollup answers at ${address}: ${messageOf(error)}`,
        "check the deployment record",
        error,
      );
    });
    if (Number(config.maxMessages) !== sizes.messages || Number(config.slotsPerEpoch) > sizes.blocks) {
      throw new ActorError(
        "CHAIN_MISMATCH",
        `the Rollup at ${address} is not of the circuit size ${sizes.name}`,
        "check the deployment record",
      );
    }
    const [genesisHash, feePortal, assetPortal] = await Promise.all([
      call<string>(contract, "genesisHash"),
      call<string>(contract, "feePortal"),
      call<string>(contract, "assetPortal"),
    ]);
    return new RollupContract(provider, contract, {
      address,
      chainId: deployment.chainId,
      startBlock: deployment.block,
      version: config.version,
      clock: {
        genesisTime: toTimestamp(config.genesisTime),
        slotDuration: Number(config.slotDuration),
        slotsPerEpoch: Number(config.slotsPerEpoch),
        proofSubmissionEpochs: Number(config.proofSubmissionEpochs),
      },
      sizes,
      genesisRoot: config.genesisRoot as Field,
      genesisHash: BigInt(genesisHash) as TruncatedHash,
      initialOracle: decodeRecord([0n, 0n, 0n, 0n, 0n, config.initialOracle, 0n]).oracle,
      fees: feeConfigOf(config.fees),
      minimumFeeRegistration: config.minimumFeeRegistration,
      minimumAssetRegistration: config.minimumAssetRegistration,
      messageDeadline: Number(config.messageDeadline),
      limits: {
        gasL2: config.maxL2Gas,
        gasDa: config.maxDaGas,
        modifier: Number(config.maxModifier),
        records: Number(config.recordRing),
      },
      validatorSet: config.validatorSet,
      aggregateChallenge: config.aggregateChallenge,
      challengeWindow: config.attestationChallengeWindow,
      feePortal,
      assetPortal,
      feeToken: config.feeToken,
      asset: config.asset,
    });
  }

  async status(): Promise<RollupStatus> {
    const s = await call<Record<keyof RollupStatus, bigint>>(this.#contract, "status");
    return {
      pending: Number(s.pending),
      proven: Number(s.proven),
      firstUnprovenEpoch: Number(s.firstUnprovenEpoch),
      deadlineEpoch: Number(s.deadlineEpoch),
      inboxCount: Number(s.inboxCount),
      accounts: Number(s.accounts),
    };
  }

  /** Hash of the record of a block between proven and pending. */
  async recordHash(number: number): Promise<bigint> {
    return BigInt(await call<string>(this.#contract, "recordHash", number));
  }

  /** When a message was sent, in seconds since genesis; for a message that waits for its block. */
  async messageSentAt(index: number): Promise<number> {
    return Number((await call<bigint>(this.#contract, "inboxWord", index)) & 0xffff_ffffn);
  }

  /** Undefined while the slot has no proposer: its epoch is not drawn, or who would propose was jailed or has left. */
  async proposerOf(slot: number): Promise<ProposerDuty | undefined> {
    try {
      const [proposer, position, committeeSize] = await call<[string, bigint, bigint]>(
        this.#contract,
        "proposerOf",
        slot,
      );
      if (proposer === ZeroAddress) return undefined;
      return { proposer, position: Number(position), committeeSize: Number(committeeSize) };
    } catch (error) {
      if ((error as { code?: string }).code === "CALL_EXCEPTION") return undefined;
      throw error;
    }
  }

  /** Prices that a block of the slot on top of this record must claim. */
  async pricesAfter(parent: readonly bigint[], slot: number): Promise<GasPrices> {
    const [feePerL2Gas, feePerDaGas] = await call<[bigint, bigint]>(
      this.#contract,
      "pricesAfter",
      [...parent],
      slot,
    );
    return { feePerL2Gas, feePerDaGas };
  }

  /** Records and charged gas of the blocks that were accepted with this number, in order. */
  async proposalsOf(
    number: number,
    { from, to }: { from: number; to: number },
  ): Promise<{ record: readonly bigint[]; gas: Gas }[]> {
    const logs = await this.#contract.queryFilter(this.#contract.filters["Proposed"]!(number), from, to);
    return logs.map((log) => {
      const { args } = abi().parseLog(log)!;
      const { gas } = decodeBlock([...(args["blk"] as bigint[])]);
      return { record: [...(args["record"] as bigint[])], gas };
    });
  }

  /**
   * Events of L1 blocks `from` to `to`, in order, see {@link readLogs}. `readBlock` gives the header of a block.
   * @throws ActorError L1_EVENT_UNEXPECTED when blocks change meanwhile
   */
  async events({
    from,
    to,
    head = to,
    readBlock,
  }: {
    from: number;
    to: number;
    /** Number of the newest L1 block. Default: `to`. */
    head?: number;
    readBlock: (number: number) => Promise<L1Head>;
  }): Promise<RollupEvent[]> {
    const { address } = this.parameters;
    const logs = await readLogs({ provider: this.#provider, address, from, to, head, readBlock });
    const blocks = await readAll([...new Set(logs.map(({ blockNumber }) => blockNumber))], readBlock);
    const events: RollupEvent[] = [];
    for (const log of logs) {
      const block = blocks.get(log.blockNumber)!;
      if (block.hash !== log.blockHash) {
        throw new ActorError(
          "L1_EVENT_UNEXPECTED",
          `L1 block ${log.blockNumber} changed while it was read`,
          "read it again",
        );
      }
      const event = decodeEvent(log, { block, transactionHash: log.transactionHash, logIndex: log.index });
      if (event) events.push(event);
    }
    return events;
  }
}

/** An ethers result has its fields as getters, which do not survive a copy. */
function feeConfigOf(fees: FeeConfig): FeeConfig {
  return {
    targetL2: fees.targetL2,
    targetDa: fees.targetDa,
    fractionL2: fees.fractionL2,
    fractionDa: fees.fractionDa,
    proposeGas: fees.proposeGas,
    proofGas: fees.proofGas,
    provingCost: fees.provingCost,
    maxFeePerL2Gas: fees.maxFeePerL2Gas,
    maxFeePerDaGas: fees.maxFeePerDaGas,
    oracleLag: fees.oracleLag,
    oracleLifetime: fees.oracleLifetime,
  };
}

/** Headers of many blocks, so many asked for at a time. */
const HEADERS_AT_ONCE = 16;

async function readAll(
  numbers: readonly number[],
  readBlock: (number: number) => Promise<L1Head>,
): Promise<Map<number, L1Head>> {
  const found = new Map<number, L1Head>();
  for (let at = 0; at < numbers.length; at += HEADERS_AT_ONCE) {
    const heads = await Promise.all(numbers.slice(at, at + HEADERS_AT_ONCE).map(readBlock));
    for (const head of heads) found.set(head.number, head);
  }
  return found;
}

function decodeEvent(log: Log, at: L1Position): RollupEvent | undefined {
  const parsed = abi().parseLog(log);
  if (!parsed) return undefined;
  const { args } = parsed;
  switch (parsed.name) {
    case "Proposed":
      return {
        type: "proposed",
        at,
        number: Number(args["number"]),
        record: [...(args["record"] as bigint[])],
        blk: [...(args["blk"] as bigint[])],
        versionedHash: args["versionedHash"] as string,
        proposer: args["proposer"] as string,
      };
    case "Pruned":
      return { type: "pruned", at, proven: Number(args["proven"]), pending: Number(args["pending"]) };
    case "RolledBack":
      return { type: "rolledBack", at, last: Number(args["last"]), pending: Number(args["pending"]) };
    case "EpochProven":
      return {
        type: "epochProven",
        at,
        epoch: Number(args["epoch"]),
        number: Number(args["number"]),
        prover: args["prover"] as string,
        timestamp: Number(args["timestamp"]),
        endRecordHash: args["endRecordHash"] as string,
        rewardsRoot: args["rewardsRoot"] as string,
        participation: [...(args["participation"] as [bigint, bigint])] as [bigint, bigint],
        seedWord: args["seedWord"] as bigint,
        outboxWord: args["outboxWord"] as bigint,
      };
    case "MessageSent":
      return {
        type: "messageSent",
        at,
        index: Number(args["index"]),
        message: messageOfWords([...(args["message"] as bigint[])]),
        rollingHash: args["rollingHash"] as bigint,
      };
    default:
      return undefined; // Genesis, WithdrawalConsumed
  }
}

/** The messages that a transaction sent to the ledger. */
export function messagesOf(logs: readonly Log[], rollup: string): Message[] {
  return logs
    .filter((log) => log.address.toLowerCase() === rollup.toLowerCase())
    .map((log) => abi().parseLog(log))
    .filter((parsed) => parsed?.name === "MessageSent")
    .map((parsed) => messageOfWords([...(parsed!.args["message"] as bigint[])]));
}

/** 88 bytes, left-aligned in three words. */
function messageOfWords(words: readonly bigint[]): Message {
  return decodeMessage(wordsToBytes(words).subarray(0, MESSAGE_BYTES));
}

/** Calls a view; `Result` says what its ABI gives. */
function call<Result>(contract: Contract, name: string, ...args: unknown[]): Promise<Result> {
  return contract.getFunction(name).staticCall(...args) as Promise<Result>;
}

/**
 * The chains as L1's events tell them: messages, pending blocks, proven tip. Every change gives back the step that
 * undoes it, so that an L1 reorg is a walk back over those steps.
 */
import { type BlockRecord, genesisRecord } from "../../protocol/record.ts";
import { AccountTree } from "../../protocol/tree.ts";
import type {
  EpochProvenEvent,
  MessageSentEvent,
  PrunedEvent,
  RolledBackEvent,
  RollupParameters,
} from "../l1/rollupContract.ts";
import { ActorError } from "../support/actorError.ts";
import type { Message } from "../../protocol/message.ts";
import type { Withdrawal } from "../../protocol/withdrawal.ts";
import { MessageLog } from "./messageLog.ts";
import type { NodeBlock, ValidBlock } from "./nodeBlock.ts";

/** An event does not follow those before it: the RPC server left some out. */
export class EventGap extends ActorError {
  override readonly name = "EventGap";

  constructor(what: string) {
    super("L1_EVENT_UNEXPECTED", `unexpected event: ${what}`, "sync again from the Rollup's creation");
  }
}

/** Takes one change back. */
export type Undo = () => void;

/** An epoch that L1 accepted a proof of. */
export interface ProvenEpoch {
  epoch: number;
  /** Its last block. */
  number: number;
  prover: string;
  transactionHash: string;
  /** Its messages to L1, in order of execution. */
  withdrawals: readonly Withdrawal[];
  /** What L1 has of them. */
  outboxWord: bigint;
}

/** Where a chain that was kept on disk goes on. */
export interface ChainStart {
  messages: readonly Message[];
  epochs?: readonly ProvenEpoch[];
  /** The proven block and its parent's record; absent: genesis. */
  tip?: { parentRecord: BlockRecord; block: ValidBlock };
}

/** Proven epochs whose withdrawals are kept; a store on disk has them all. */
const KEPT_EPOCHS = 1_024;

/** What a block stands on: the parent's record and the accounts after it. */
export interface ChainPoint {
  number: number;
  record: BlockRecord;
  state: AccountTree;
}

export class ChainState {
  readonly genesis: ChainPoint;
  readonly #messages = new MessageLog();
  /** Block n is at n - 1 - #forgotten. */
  readonly #blocks: NodeBlock[] = [];
  #forgotten = 0;
  /** Of the newest forgotten block. */
  #forgottenRecord: BlockRecord | undefined;
  readonly #epochs: ProvenEpoch[] = [];
  #proven = 0;

  /**
   * @param start where to go on; absent: at genesis
   * @throws ActorError CHAIN_MISMATCH when the Rollup's genesis is not the empty ledger
   */
  constructor(parameters: RollupParameters, start?: ChainStart) {
    const state = AccountTree.empty();
    if (state.root() !== parameters.genesisRoot) {
      throw new ActorError(
        "CHAIN_MISMATCH",
        "the Rollup's genesis is not the empty ledger",
        "use the code of its release",
      );
    }
    this.genesis = {
      number: 0,
      record: genesisRecord(parameters.genesisHash, parameters.initialOracle),
      state,
    };
    if (!start) return;
    const { messages, epochs = [], tip } = start;
    for (const message of messages) this.#messages.push(message);
    this.#epochs.push(...epochs.slice(-KEPT_EPOCHS));
    if (!tip) return;
    this.#forgotten = tip.block.number - 1;
    this.#forgottenRecord = tip.parentRecord;
    this.#messages.forget(tip.parentRecord.messageCount);
    this.#blocks.push(tip.block);
    this.#proven = tip.block.number;
  }

  /** Messages that L1 sent, oldest first; forgotten are those that the blocks still kept do not need. */
  get messages(): MessageLog {
    return this.#messages;
  }

  /** Number of L1's newest pending block, valid or not. */
  get pending(): number {
    return this.#forgotten + this.#blocks.length;
  }

  /** Number of the newest proven block. */
  get proven(): number {
    return this.#proven;
  }

  /** Epochs proven, oldest first; the oldest of all are forgotten. */
  get provenEpochs(): readonly ProvenEpoch[] {
    return this.#epochs;
  }

  /** Block `number`, from 1 to `pending`; undefined also for one that was proven long ago. */
  block(number: number): NodeBlock | undefined {
    return this.#blocks[number - 1 - this.#forgotten];
  }

  /** Record of a block, of genesis for 0. Reaches one block further back than `block`. */
  record(number: number): BlockRecord | undefined {
    if (number === 0) return this.genesis.record;
    return number === this.#forgotten ? this.#forgottenRecord : this.block(number)?.record;
  }

  /** The newest block that is valid, with all before it. */
  get tip(): ChainPoint {
    for (let number = this.pending; number > this.#forgotten; number--) {
      const block = this.block(number)!;
      if (block.status === "valid") return pointOf(block);
    }
    return this.genesis;
  }

  /** The proven tip. */
  get provenTip(): ChainPoint {
    return this.point(this.#proven) ?? this.genesis;
  }

  /** Undefined for a block that does not exist or is not valid. */
  point(number: number): ChainPoint | undefined {
    if (number === 0) return this.genesis;
    const block = this.block(number);
    return block?.status === "valid" ? pointOf(block) : undefined;
  }

  addMessage({ index, message }: MessageSentEvent): Undo {
    expect(index === this.#messages.length + 1, `message ${index} follows ${this.#messages.length}`);
    this.#messages.push(message);
    return () => this.#messages.pop();
  }

  addBlock(block: NodeBlock): Undo {
    expect(block.number === this.pending + 1, `block ${block.number} follows ${this.pending}`);
    this.#blocks.push(block);
    return () => void this.#blocks.pop();
  }

  prune({ proven, pending }: PrunedEvent): { dropped: NodeBlock[]; undo: Undo } {
    expect(proven === this.#proven && pending === this.pending, `prune of ${proven}..${pending}`);
    return this.#drop(proven);
  }

  /** Unproven blocks behind `last` are gone. */
  rollBack({ last, pending }: RolledBackEvent): { dropped: NodeBlock[]; undo: Undo } {
    const fits = last >= this.#proven && last < pending && pending === this.pending;
    expect(fits, `roll-back of ${last}..${pending}`);
    return this.#drop(last);
  }

  #drop(last: number): { dropped: NodeBlock[]; undo: Undo } {
    const dropped = this.#blocks.splice(last - this.#forgotten);
    return { dropped, undo: () => void this.#blocks.push(...dropped) };
  }

  /** The messages to L1 of an epoch that ends with a block, every block of it valid; undefined when one is not. */
  withdrawalsUpTo(number: number): Withdrawal[] | undefined {
    const list: Withdrawal[] = [];
    for (let i = this.#proven + 1; i <= number; i++) {
      const block = this.block(i);
      if (block?.status !== "valid" || !block.result) return undefined;
      list.push(...block.result.withdrawals);
    }
    return list;
  }

  prove({ epoch, number, prover, outboxWord, at }: EpochProvenEvent): { proven: ProvenEpoch; undo: Undo } {
    // A proof is of one epoch: one that was left out shows in the next.
    const isOf = (block: number): boolean => this.block(block)?.epoch === epoch;
    expect(number > this.#proven && isOf(this.#proven + 1) && isOf(number), `proof of block ${number}`);
    const { transactionHash } = at;
    const withdrawals = this.withdrawalsUpTo(number) ?? [];
    const proven: ProvenEpoch = { epoch, number, prover, transactionHash, withdrawals, outboxWord };
    const before = this.#proven;
    this.#proven = number;
    this.#epochs.push(proven);
    const undo = (): void => {
      this.#proven = before;
      this.#epochs.pop();
    };
    return { proven, undo };
  }

  /** Forgets blocks that were proven long ago, and the messages that they consumed. */
  trim({ keep }: { keep: number }): void {
    const count = this.#proven - keep - this.#forgotten;
    if (count <= 0) return;
    this.#forgottenRecord = this.#blocks.splice(0, count).at(-1)!.record;
    this.#forgotten += count;
    this.#messages.forget(this.#forgottenRecord.messageCount);
    if (this.#epochs.length > KEPT_EPOCHS) this.#epochs.splice(0, this.#epochs.length - KEPT_EPOCHS);
  }
}

function pointOf(block: ValidBlock): ChainPoint {
  return { number: block.number, record: block.record, state: block.state };
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new EventGap(what);
}

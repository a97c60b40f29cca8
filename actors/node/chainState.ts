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
  RollupParameters,
} from "../l1/rollupContract.ts";
import { ActorError } from "../support/actorError.ts";
import type { Message } from "../../protocol/message.ts";
import type { NodeBlock, ValidBlock } from "./nodeBlock.ts";

/** Takes one change back. */
export type Undo = () => void;

/** An epoch that L1 accepted a proof of. */
export interface ProvenEpoch {
  epoch: number;
  /** Its last block. */
  number: number;
  prover: string;
  transactionHash: string;
}

/** What a block stands on: the parent's record and the accounts after it. */
export interface ChainPoint {
  number: number;
  record: BlockRecord;
  state: AccountTree;
}

export class ChainState {
  readonly genesis: ChainPoint;
  readonly #messages: Message[] = [];
  /** Block n is at n - 1. */
  readonly #blocks: NodeBlock[] = [];
  readonly #epochs: ProvenEpoch[] = [];
  #proven = 0;

  /** @throws ActorError CHAIN_MISMATCH when the Rollup's genesis is not the empty ledger */
  constructor(parameters: RollupParameters) {
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
  }

  /** Messages that L1 sent, oldest first. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Number of L1's newest pending block, valid or not. */
  get pending(): number {
    return this.#blocks.length;
  }

  /** Number of the newest proven block. */
  get proven(): number {
    return this.#proven;
  }

  /** Epochs proven, oldest first. */
  get provenEpochs(): readonly ProvenEpoch[] {
    return this.#epochs;
  }

  /** Block `number`, from 1 to `pending`. */
  block(number: number): NodeBlock | undefined {
    return this.#blocks[number - 1];
  }

  /** The newest block that is valid, with all before it. */
  get tip(): ChainPoint {
    for (let number = this.pending; number > 0; number--) {
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
    return () => void this.#messages.pop();
  }

  addBlock(block: NodeBlock): Undo {
    expect(block.number === this.pending + 1, `block ${block.number} follows ${this.pending}`);
    this.#blocks.push(block);
    return () => void this.#blocks.pop();
  }

  prune({ proven, pending }: PrunedEvent): { dropped: NodeBlock[]; undo: Undo } {
    expect(proven === this.#proven && pending === this.pending, `prune of ${proven}..${pending}`);
    const dropped = this.#blocks.splice(proven);
    return { dropped, undo: () => void this.#blocks.push(...dropped) };
  }

  prove({ epoch, number, prover, at }: EpochProvenEvent): Undo {
    expect(number > this.#proven && number <= this.pending, `proof of block ${number}`);
    const before = this.#proven;
    this.#proven = number;
    this.#epochs.push({ epoch, number, prover, transactionHash: at.transactionHash });
    return () => {
      this.#proven = before;
      this.#epochs.pop();
    };
  }

  /** Forgets what the slots of old proven blocks read and wrote; keeps their records and states. */
  trim({ keep }: { keep: number }): void {
    for (let number = this.#proven - keep; number > 0; number--) {
      const block = this.block(number);
      if (block?.status !== "valid" || block.result === undefined) return;
      block.result = undefined;
    }
  }
}

function pointOf(block: ValidBlock): ChainPoint {
  return { number: block.number, record: block.record, state: block.state };
}

function expect(condition: boolean, what: string): void {
  if (condition) return;
  throw new ActorError(
    "L1_EVENT_UNEXPECTED",
    `unexpected event: ${what}`,
    "sync again from the Rollup's creation",
  );
}

import type { BlockData } from "../../protocol/blob.ts";
import type { ProposedBlock } from "../../protocol/blockWords.ts";
import type { Header } from "../../protocol/header.ts";
import type { BlockResult } from "../../protocol/ledger.ts";
import type { Message } from "../../protocol/message.ts";
import type { BlockRecord } from "../../protocol/record.ts";
import type { AccountTree } from "../../protocol/tree.ts";
import type { L1Position } from "../l1/rollupContract.ts";

/** A claim of a header that its content does not yield, or a blob that nobody can prove. */
export interface BlockFault {
  claim: "blob" | "stateRoot" | "gasL2" | "gasDa" | "messages" | "chainHash" | "recordHash";
  claimed: string;
  actual: string;
}

/** A block of the pending chain as L1 announced it. */
export interface AnnouncedBlock {
  number: number;
  epoch: number;
  /** The seven words whose hash the Rollup stores. */
  record: BlockRecord;
  claims: ProposedBlock;
  header: Header;
  versionedHash: string;
  proposer: string;
  at: L1Position;
}

/** A block whose claims the node has verified by executing it. */
export interface ValidBlock extends AnnouncedBlock {
  status: "valid";
  data: BlockData;
  messages: readonly Message[];
  /** Accounts after the block. */
  state: AccountTree;
  /** What each slot read and wrote; dropped for blocks that were proven long ago. */
  result: BlockResult | undefined;
}

/** A block that claims what its content does not yield, or that stands on such a block. Never followed. */
export interface InvalidBlock extends AnnouncedBlock {
  status: "invalid";
  /** Undefined for a block that stands on an invalid one. */
  fault: BlockFault | undefined;
}

export type NodeBlock = ValidBlock | InvalidBlock;

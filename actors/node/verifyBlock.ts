import { type BlockData, MalformedBlobError, decodeBlob } from "../../protocol/blob.ts";
import { type ProposedBlock, decodeBlock } from "../../protocol/blockWords.ts";
import { type Header, chainHash } from "../../protocol/header.ts";
import { truncatedToField } from "../../protocol/hash.ts";
import { type BlockResult, executeBlock } from "../../protocol/ledger.ts";
import { type Message, rollMessageHashes } from "../../protocol/message.ts";
import { type BlockRecord, decodeRecord } from "../../protocol/record.ts";
import type { SignatureClaim } from "../../protocol/schnorr.ts";
import { epochOf } from "../../protocol/time.ts";
import type { AccountTree } from "../../protocol/tree.ts";
import type { ProposedEvent, RollupParameters } from "../l1/rollupContract.ts";
import type { AnnouncedBlock, BlockFault } from "./nodeBlock.ts";

/** The block of an event, its header put together from the event and the parent's record. */
export function announcedBlock({
  event,
  parent,
  parameters,
}: {
  event: ProposedEvent;
  parent: BlockRecord;
  parameters: RollupParameters;
}): AnnouncedBlock {
  const record = decodeRecord(event.record);
  const claims = decodeBlock(event.blk);
  return {
    number: event.number,
    epoch: epochOf(parameters.clock, claims.slot),
    record,
    claims,
    header: headerOf({ claims, parent, record, versionedHash: event.versionedHash }),
    versionedHash: event.versionedHash,
    proposer: event.proposer,
    at: event.at,
  };
}

function headerOf({
  claims,
  parent,
  record,
  versionedHash,
}: {
  claims: ProposedBlock;
  parent: BlockRecord;
  record: BlockRecord;
  versionedHash: string;
}): Header {
  return {
    parentChainHash: parent.chainHash,
    stateRoot: claims.stateRoot,
    versionedHash: BigInt(versionedHash),
    messageHash: record.messageHash,
    slot: claims.slot,
    prices: claims.prices,
    gas: claims.gas,
    parentBitmap: parent.bitmap,
  };
}

/** Parameters of {@link verifyBlock}. */
export interface VerifyBlockParameters {
  block: AnnouncedBlock;
  parent: BlockRecord;
  /** Accounts after the parent. */
  state: AccountTree;
  /** The blob, checked against the versioned hash by the caller. */
  blob: Uint8Array;
  /** Messages from the parent's cursor on; as many as L1 has sent. */
  inbox: readonly Message[];
  parameters: RollupParameters;
  verifySignature?: (claim: SignatureClaim) => boolean;
}

export type Verification =
  | { valid: true; data: BlockData; messages: readonly Message[]; result: BlockResult }
  | { valid: false; fault: BlockFault };

/** Executes a block and compares every claim of its header with what the content yields. */
export function verifyBlock(input: VerifyBlockParameters): Verification {
  const { block, parent, state, blob, inbox, parameters, verifySignature } = input;
  const { claims, header, record } = block;
  const messages = inbox.slice(0, claims.messages);
  const verification = verifyClaims({
    header,
    parent,
    state,
    blob,
    messages,
    parameters,
    ...(verifySignature ? { verifySignature } : {}),
  });
  if (!verification.valid) return verification;
  return (
    firstWrong([
      ["messages", BigInt(record.messageCount), BigInt(parent.messageCount + messages.length)],
      ["chainHash", record.chainHash, chainHash(header)],
    ]) ?? verification
  );
}

/** Parameters of {@link verifyClaims}. */
export interface VerifyClaimsParameters {
  header: Header;
  parent: BlockRecord;
  /** Accounts after the parent. */
  state: AccountTree;
  /** The blob, checked against the versioned hash by the caller. */
  blob: Uint8Array;
  /** Those that the block consumes. */
  messages: readonly Message[];
  parameters: RollupParameters;
  verifySignature?: (claim: SignatureClaim) => boolean;
}

/** Executes a block's content and compares what its header claims of the result. */
export function verifyClaims(input: VerifyClaimsParameters): Verification {
  const { header, parent, state, blob, messages, parameters, verifySignature } = input;
  let data: BlockData;
  try {
    data = decodeBlob(blob, parameters.sizes);
  } catch (error) {
    if (!(error instanceof MalformedBlobError)) throw error;
    return invalid("blob", "well-formed", error.message);
  }
  const result = executeBlock(state, {
    data,
    messages,
    prices: header.prices,
    domain: truncatedToField(parameters.genesisHash),
    sizes: parameters.sizes,
    ...(verifySignature ? { verifySignature } : {}),
  });
  return (
    firstWrong([
      ["messages", header.messageHash, rollMessageHashes(parent.messageHash, messages)],
      ["gasL2", header.gas.l2, result.gas.l2],
      ["gasDa", header.gas.da, result.gas.da],
      ["stateRoot", header.stateRoot, result.state.root()],
    ]) ?? { valid: true, data, messages, result }
  );
}

function firstWrong(checks: [BlockFault["claim"], bigint, bigint][]): Verification | undefined {
  const wrong = checks.find(([, claimed, actual]) => claimed !== actual);
  return wrong && invalid(wrong[0], String(wrong[1]), String(wrong[2]));
}

function invalid(claim: BlockFault["claim"], claimed: string, actual: string): Verification {
  return { valid: false, fault: { claim, claimed, actual } };
}

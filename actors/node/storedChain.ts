/** From a chain to what is stored of it, and back. */
import type { Account } from "../../protocol/account.ts";
import { decodeBlob } from "../../protocol/blob.ts";
import { chainHash } from "../../protocol/header.ts";
import { EMPTY_MESSAGE_HASH, rollMessageHashes } from "../../protocol/message.ts";
import { merkleCommitment } from "../../protocol/merkle.ts";
import { decodeRecord } from "../../protocol/record.ts";
import type { SignatureClaim } from "../../protocol/schnorr.ts";
import { AccountTree } from "../../protocol/tree.ts";
import { encodeWithdrawal } from "../../protocol/withdrawal.ts";
import { isBlobOf } from "../l1/blobSidecar.ts";
import { withTail } from "../l1/blobStore.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";
import { ChainState, type ChainStart } from "./chainState.ts";
import type { NodeBlock } from "./nodeBlock.ts";
import type { StoredBlock, StoredState } from "./nodeStore.ts";
import { announcedBlock, verifyBlock } from "./verifyBlock.ts";

/** The accounts that the unproven blocks up to one wrote, as they are after it. */
export function changedAccounts({
  chain,
  upTo,
}: {
  chain: ChainState;
  upTo: number;
}): (readonly [number, Account])[] {
  const end = chain.point(upTo);
  if (!end) return [];
  const leaves = new Set<number>();
  for (let number = chain.proven + 1; number <= upTo; number++) {
    const block = chain.block(number);
    if (block?.status !== "valid" || !block.result) continue;
    const { messages, slots } = block.result;
    const updates = [
      ...messages.map(({ update }) => update),
      ...slots.flatMap(({ sender, receiver }) => [sender, receiver]),
    ];
    for (const { index, before, after } of updates) if (before !== after) leaves.add(index);
  }
  return [...leaves].map((leaf) => [leaf, end.state.get(leaf)] as const);
}

/**
 * The chain that a store holds, every part of it checked: the accounts against the proven block's state root, that
 * block against its chain hash, the messages against their rolling hash, the withdrawals against their Outbox words;
 * the blocks after it are executed again.
 * @throws Error that names the first part that does not hold
 */
export function restoreChain({
  stored,
  parameters,
  verifySignature,
}: {
  stored: StoredState;
  parameters: RollupParameters;
  verifySignature: ((claim: SignatureClaim) => boolean) | undefined;
}): ChainState {
  const { messages, proven, epochs } = stored;
  require(rollMessageHashes(EMPTY_MESSAGE_HASH, messages) === stored.rollingHash, "its messages");
  for (const { epoch, withdrawals, outboxWord } of epochs) {
    const commitment = merkleCommitment(withdrawals.map(encodeWithdrawal));
    require(commitment >> 32n === outboxWord >> 32n, `the withdrawals of epoch ${epoch}`);
  }
  const chain =
    proven === 0
      ? new ChainState(parameters, { messages })
      : new ChainState(parameters, { messages, epochs, tip: provenTip(stored, parameters) });
  for (const block of stored.blocks) {
    if (block.event.number <= proven) continue;
    require(block.event.number === chain.pending + 1, `block ${chain.pending + 1}`);
    chain.addBlock(executed({ chain, block, parameters, verifySignature }));
  }
  return chain;
}

function provenTip(
  { blocks, proven, accounts, messages }: StoredState,
  parameters: RollupParameters,
): NonNullable<ChainStart["tip"]> {
  const stored = blocks.find(({ event }) => event.number === proven);
  const before = blocks.find(({ event }) => event.number === proven - 1);
  require(stored !== undefined && (before !== undefined || proven === 1), `block ${proven}`);
  const parent = before ? decodeRecord(before.event.record) : new ChainState(parameters).genesis.record;
  const block = announcedBlock({ event: stored!.event, parent, parameters });
  require(chainHash(block.header) === block.record.chainHash, `the header of block ${proven}`);
  const state = AccountTree.from(accounts);
  require(state.root() === block.claims.stateRoot, "its accounts");
  const consumed = messages.slice(0, block.record.messageCount);
  require(rollMessageHashes(EMPTY_MESSAGE_HASH, consumed) === block.record.messageHash, "its messages");
  return {
    parentRecord: parent,
    block: {
      ...block,
      status: "valid",
      data: decodeBlob(withTail(stored!.blob), parameters.sizes),
      messages: consumed.slice(parent.messageCount),
      state,
      result: undefined,
    },
  };
}

function executed({
  chain,
  block: { event, valid, blob },
  parameters,
  verifySignature,
}: {
  chain: ChainState;
  block: StoredBlock;
  parameters: RollupParameters;
  verifySignature: ((claim: SignatureClaim) => boolean) | undefined;
}): NodeBlock {
  const { number, versionedHash } = event;
  const whole = withTail(blob);
  require(isBlobOf(whole, versionedHash), `the blob of block ${number}`);
  const block = announcedBlock({
    event,
    parent: chain.record(number - 1) ?? chain.genesis.record,
    parameters,
  });
  const parent = chain.point(number - 1);
  if (!parent) {
    require(!valid, `block ${number}`);
    return { ...block, status: "invalid", fault: undefined };
  }
  const verification = verifyBlock({
    block,
    parent: parent.record,
    state: parent.state,
    blob: whole,
    inbox: chain.messages.slice(parent.record.messageCount),
    parameters,
    ...(verifySignature ? { verifySignature } : {}),
  });
  require(verification.valid === valid, `block ${number}`);
  if (!verification.valid) return { ...block, status: "invalid", fault: verification.fault };
  const { data, messages, result } = verification;
  return { ...block, status: "valid", data, messages, result, state: result.state };
}

function require(condition: boolean, what: string): void {
  if (!condition) throw new Error(`${what} ${what.startsWith("its") ? "do" : "does"} not hold`);
}

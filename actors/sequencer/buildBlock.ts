import { blockDataOf, encodeBlob } from "../../protocol/blob.ts";
import type { Field } from "../../protocol/field.ts";
import type { GasPrices } from "../../protocol/gas.ts";
import { type Header, chainHash } from "../../protocol/header.ts";
import type { TruncatedHash } from "../../protocol/hash.ts";
import { type BlockResult, executeBlock } from "../../protocol/ledger.ts";
import { type Message, isDeposit, rollMessageHashes } from "../../protocol/message.ts";
import type { SignatureClaim } from "../../protocol/schnorr.ts";
import type { Sizes } from "../../protocol/sizes.ts";
import type { Slot } from "../../protocol/time.ts";
import { commitmentOf, versionedHashOf } from "../l1/blobSidecar.ts";
import type { ChainPoint } from "../node/chainState.ts";
import type { PooledTransaction } from "./mempool.ts";

/** Parameters of {@link buildBlock}. */
export interface BuildBlockParameters {
  parent: ChainPoint;
  slot: Slot;
  prices: GasPrices;
  /** Messages from the parent's cursor on that L1 has; the block takes as many as it can. */
  inbox: readonly Message[];
  /** In the order in which they are to be tried. */
  candidates: readonly PooledTransaction[];
  domain: Field;
  sizes: Sizes;
  verifySignature: (claim: SignatureClaim) => boolean;
  /** The blob's versioned hash. Default: computed from its commitment, which takes 10 ms. */
  hashBlob?: (blob: Uint8Array) => string;
}

/** A block ready to be attested. */
export interface BuiltBlock {
  header: Header;
  chainHash: TruncatedHash;
  blob: Uint8Array;
  messages: readonly Message[];
  transactions: readonly PooledTransaction[];
  result: BlockResult;
}

/** Candidates tried for every slot, so that a pool of failing ones costs bounded time. */
const TRIES_PER_SLOT = 4;

/** Takes the messages that are due and the transactions that apply on top of them, in the given order. */
export function buildBlock(parameters: BuildBlockParameters): BuiltBlock {
  const { parent, slot, prices, inbox, sizes, hashBlob = hashOfCommitment } = parameters;
  const messages = inbox.slice(0, sizes.messages);
  const transactions = choose(parameters, messages);
  const result = execute(parameters, messages, transactions);
  const blob = encodeBlob(
    transactions.map(({ words }) => words),
    sizes,
  );
  const header: Header = {
    parentChainHash: parent.record.chainHash,
    stateRoot: result.state.root(),
    versionedHash: BigInt(hashBlob(blob)),
    messageHash: rollMessageHashes(parent.record.messageHash, messages),
    slot,
    prices,
    gas: result.gas,
    parentBitmap: parent.record.bitmap,
  };
  return { header, chainHash: chainHash(header), blob, messages, transactions, result };
}

function hashOfCommitment(blob: Uint8Array): string {
  return versionedHashOf(commitmentOf(blob));
}

/** A forced transaction takes its slot from the blob's, so the blob's transactions end before the first of them. */
function choose(parameters: BuildBlockParameters, messages: readonly Message[]): PooledTransaction[] {
  const { sizes, candidates } = parameters;
  const forced = messages.findIndex((message) => !isDeposit(message));
  const room = forced === -1 ? sizes.transactions : sizes.transactions - sizes.messages + forced;
  const chosen: PooledTransaction[] = [];
  let tries = TRIES_PER_SLOT * sizes.transactions;
  for (const candidate of candidates) {
    if (chosen.length === room || tries-- === 0) break;
    const { slots } = execute(parameters, messages, [...chosen, candidate]);
    if (slots[chosen.length]?.outcome.type === "applied") chosen.push(candidate);
  }
  return chosen;
}

function execute(
  parameters: BuildBlockParameters,
  messages: readonly Message[],
  transactions: readonly PooledTransaction[],
): BlockResult {
  const { parent, prices, domain, sizes, verifySignature } = parameters;
  const data = blockDataOf(
    transactions.map(({ words }) => words),
    sizes,
  );
  return executeBlock(parent.state, { data, messages, prices, domain, sizes, verifySignature });
}

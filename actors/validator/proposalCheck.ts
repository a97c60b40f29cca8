/**
 * What a committee member checks of a proposal before it signs: everything that would make `propose` revert, everything
 * that would make the epoch unprovable, and the step of the exchange rate, which L1 bounds but cannot judge. The order is
 * that of the costs; what L1 refuses comes first, the execution last.
 */
import { MalformedBlobError, findBlobFault } from "../../protocol/blob.ts";
import { type SignedProposal, attestedBlockOf } from "../../protocol/gossip.ts";
import { rollMessageHashes } from "../../protocol/message.ts";
import { encodeRecord } from "../../protocol/record.ts";
import type { SignatureClaim } from "../../protocol/schnorr.ts";
import { type Epoch, epochOf } from "../../protocol/time.ts";
import { isBlobOf } from "../l1/blobSidecar.ts";
import { withoutTail } from "../l1/blobStore.ts";
import type { RollupContract, RollupParameters } from "../l1/rollupContract.ts";
import type { ChainPoint } from "../node/chainState.ts";
import type { Messages } from "../node/messageLog.ts";
import type { Node } from "../node/node.ts";
import { verifyClaims } from "../node/verifyBlock.ts";
import { type PriceOpinion, findStepFault } from "../price/priceStep.ts";

/** Why a member does not sign. */
export type RefusalReason =
  /** The proposer builds on something else than L1's tip, or L1's tip is a block that nobody can prove. */
  | "wrongParent"
  | "slotTaken"
  | "recordRingFull"
  | "wrongPrices"
  | "gasOverLimit"
  | "modifierOutOfBounds"
  /** The step of the exchange rate contradicts the member's own price source: see `priceStep.ts`. */
  | "modifierWrongWay"
  | "modifierTooFar"
  | "tooManyMessages"
  | "messageNotSent"
  | "overdueMessageLeft"
  | "wrongMessageHash"
  | "wrongParentBitmap"
  | "malformedBlob"
  | "wrongVersionedHash"
  | "wrongGas"
  | "wrongStateRoot";

export interface Refusal {
  reason: RefusalReason;
  /** What was claimed, and what holds. */
  detail: string;
}

/** Where a proposal is looked at. */
export interface ProposalContext {
  parameters: RollupParameters;
  /** What a block of the slot has to stand on; undefined when that is a block that nobody can prove. */
  parent: ChainPoint | undefined;
  /** Blocks behind the proven tip, the parent included. */
  unproven: number;
  /** Every message that L1 has. */
  messages: Messages;
  rollup: Pick<RollupContract, "pricesAfter" | "messageSentAt">;
  /** On the exchange rate; absent: every step within the bounds passes. */
  opinion?: PriceOpinion | undefined;
  verifySignature?: (claim: SignatureClaim) => boolean;
}

/** The first thing that is wrong with a proposal; undefined when it can be signed. Its signature is not looked at. */
export async function checkProposal(
  proposal: SignedProposal,
  context: ProposalContext,
): Promise<Refusal | undefined> {
  const { parent } = context;
  if (!parent) return refuse("wrongParent", "the pending tip is invalid");
  return (
    checkPlace(proposal, parent, context) ??
    checkLimits(proposal, context) ??
    checkStep(proposal, parent, context) ??
    (await checkPrices(proposal, parent, context)) ??
    (await checkMessages(proposal, parent, context)) ??
    checkBlob(proposal, context) ??
    checkExecution(proposal, parent, context)
  );
}

function checkPlace(
  { header }: SignedProposal,
  { record }: ChainPoint,
  { unproven, parameters }: ProposalContext,
): Refusal | undefined {
  if (header.parentChainHash !== record.chainHash) {
    return refuse("wrongParent", `on ${header.parentChainHash}, the tip is ${record.chainHash}`);
  }
  if (header.slot <= record.slot)
    return refuse("slotTaken", `slot ${header.slot}, the tip has ${record.slot}`);
  if (header.parentBitmap !== record.bitmap) {
    return refuse("wrongParentBitmap", `${header.parentBitmap}, the parent has ${record.bitmap}`);
  }
  if (unproven + 1 >= parameters.limits.records)
    return refuse("recordRingFull", `${unproven} unproven blocks`);
  return undefined;
}

function checkLimits(
  { header, messages, modifier }: SignedProposal,
  { parameters: { limits, sizes } }: ProposalContext,
): Refusal | undefined {
  const { l2, da } = header.gas;
  if (l2 > limits.gasL2 || da > limits.gasDa) {
    return refuse("gasOverLimit", `${l2} and ${da}, at most ${limits.gasL2} and ${limits.gasDa}`);
  }
  if (messages > sizes.messages) return refuse("tooManyMessages", `${messages}, at most ${sizes.messages}`);
  if (Math.abs(modifier) > limits.modifier) {
    return refuse("modifierOutOfBounds", `${modifier}, at most ${limits.modifier} either way`);
  }
  return undefined;
}

function checkStep(
  { modifier }: SignedProposal,
  { record: { oracle } }: ChainPoint,
  { opinion }: ProposalContext,
): Refusal | undefined {
  const fault = opinion && findStepFault(oracle.price, modifier, opinion);
  return fault && refuse(fault, `${modifier} from ${oracle.price}, the market is at ${opinion.market}`);
}

async function checkPrices(
  { header: { prices, slot } }: SignedProposal,
  { record }: ChainPoint,
  { rollup }: ProposalContext,
): Promise<Refusal | undefined> {
  const right = await rollup.pricesAfter(encodeRecord(record), slot);
  if (prices.feePerL2Gas === right.feePerL2Gas && prices.feePerDaGas === right.feePerDaGas) return undefined;
  return refuse(
    "wrongPrices",
    `${prices.feePerL2Gas} and ${prices.feePerDaGas}, not ${right.feePerL2Gas} and ${right.feePerDaGas}`,
  );
}

/** As L1 measures: an overdue message obliges a block to consume as many as it can. */
async function checkMessages(
  { header, messages }: SignedProposal,
  { record }: ChainPoint,
  { messages: sent, rollup, parameters }: ProposalContext,
): Promise<Refusal | undefined> {
  const cursor = record.messageCount + messages;
  if (cursor > sent.length) return refuse("messageNotSent", `up to ${cursor}, L1 has ${sent.length}`);
  if (cursor < sent.length && messages < parameters.sizes.messages) {
    const due = (await rollup.messageSentAt(cursor + 1)) + parameters.messageDeadline;
    if (due <= header.slot * parameters.clock.slotDuration) {
      return refuse("overdueMessageLeft", `message ${cursor + 1} is due since ${due}`);
    }
  }
  const hash = rollMessageHashes(record.messageHash, sent.slice(record.messageCount, cursor));
  if (header.messageHash !== hash) return refuse("wrongMessageHash", `${header.messageHash}, not ${hash}`);
  return undefined;
}

/** A malformed blob can be proven by nobody; it is looked for first, since some have no commitment at all. */
function checkBlob({ blob, header }: SignedProposal, { parameters }: ProposalContext): Refusal | undefined {
  const fault = findBlobFault(blob, parameters.sizes);
  if (fault) return refuse("malformedBlob", new MalformedBlobError(fault).message);
  const hash = `0x${header.versionedHash.toString(16).padStart(64, "0")}`;
  if (!isBlobOf(blob, hash)) return refuse("wrongVersionedHash", `the blob is not that of ${hash}`);
  return undefined;
}

function checkExecution(
  { header, messages, blob }: SignedProposal,
  { record, state }: ChainPoint,
  { messages: sent, parameters, verifySignature }: ProposalContext,
): Refusal | undefined {
  const taken = sent.slice(record.messageCount, record.messageCount + messages);
  const verification = verifyClaims({
    header,
    parent: record,
    state,
    blob,
    messages: taken,
    parameters,
    ...(verifySignature ? { verifySignature } : {}),
  });
  if (verification.valid) return undefined;
  const { claim, claimed, actual } = verification.fault;
  return refuse(claim === "stateRoot" ? "wrongStateRoot" : "wrongGas", `${claim} ${claimed}, not ${actual}`);
}

function refuse(reason: RefusalReason, detail: string): Refusal {
  return { reason, detail };
}

/** Parameters of {@link contextOf}. */
export interface ContextRequest {
  node: Node;
  epoch: Epoch;
  opinion?: PriceOpinion | undefined;
  verifySignature?: (claim: SignatureClaim) => boolean;
}

/** What a block of an epoch has to stand on, on a node's present chains: the proven tip when a prune is due. */
export async function contextOf(request: ContextRequest): Promise<ProposalContext> {
  const { node, epoch, opinion, verifySignature } = request;
  const { chain, parameters, rollup } = node;
  const oldest = chain.block(chain.proven + 1);
  // A pause moves deadlines, never to an earlier epoch, and L1 alone knows it: asked only when it could matter.
  const pruneDue =
    oldest !== undefined &&
    epoch > oldest.epoch + parameters.clock.proofSubmissionEpochs &&
    epoch > (await rollup.status()).deadlineEpoch;
  const number = pruneDue ? chain.proven : chain.pending;
  return {
    parameters,
    parent: chain.point(number),
    unproven: number - chain.proven,
    messages: chain.messages,
    rollup,
    opinion,
    ...(verifySignature ? { verifySignature } : {}),
  };
}

/** A checker's answer. */
export type ProposalCheck = (proposal: SignedProposal) => Promise<Refusal | undefined>;

/** Parameters of {@link sharedCheck}. */
export interface SharedCheckOptions {
  node: Node;
  /** The members' opinion on the exchange rate, asked for each proposal that is looked at. Absent: they have none. */
  opinion?: (() => Promise<PriceOpinion | undefined>) | undefined;
  verifySignature?: (claim: SignatureClaim) => boolean;
}

/** Answers remembered. */
const REMEMBERED = 16;

/**
 * A check against one node's own execution of the chain. Members of one process that trust that node share it: the same
 * proposal on the same chain is executed once.
 */
export function sharedCheck({ node, opinion, verifySignature }: SharedCheckOptions): ProposalCheck {
  const answers = new Map<string, Promise<Refusal | undefined>>();
  return async (proposal) => {
    await node.sync();
    const { clock } = node.parameters;
    const { chainHash, modifier } = attestedBlockOf(proposal);
    // The blob and the number of messages are not under the signature: another message may say them wrong.
    const blob = Buffer.from(withoutTail(proposal.blob)).toString("base64");
    const id = [chainHash, modifier, proposal.messages, node.syncedTo, blob].join();
    const known = answers.get(id);
    if (known) return known;
    const answer = (async () =>
      checkProposal(
        proposal,
        await contextOf({
          node,
          epoch: epochOf(clock, proposal.header.slot),
          opinion: await opinion?.(),
          ...(verifySignature ? { verifySignature } : {}),
        }),
      ))();
    if (answers.size >= REMEMBERED) answers.delete(answers.keys().next().value!);
    answers.set(id, answer);
    answer.catch(() => answers.delete(id));
    return answer;
  };
}

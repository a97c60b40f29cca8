/** A committee with real keys over the in-memory L1, and proposals as an honest proposer makes them. */
import { join } from "node:path";

import { toAddress } from "../../../protocol/address.ts";
import { attestationDigest } from "../../../protocol/attestation.ts";
import { toBytes } from "../../../protocol/bytes.ts";
import { type Signature, keyHash } from "../../../protocol/bls.ts";
import { type SignedProposal, attestedBlockOf } from "../../../protocol/gossip.ts";
import type { Message } from "../../../protocol/message.ts";
import { schnorrVerify } from "../../../protocol/schnorr.ts";
import { KIND_TRANSFER, encodeTransaction, signTransaction } from "../../../protocol/transaction.ts";
import { toSlot } from "../../../protocol/time.ts";
import { BlsKey } from "../../../actors/bls/blst.ts";
import { openActorJournal } from "../../../actors/journal/actorJournal.ts";
import { commitmentOf, versionedHashOf } from "../../../actors/l1/blobSidecar.ts";
import { ChainState, type ChainPoint } from "../../../actors/node/chainState.ts";
import { buildBlock } from "../../../actors/sequencer/buildBlock.ts";
import type { PooledTransaction } from "../../../actors/sequencer/mempool.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import type { CommitteeMember } from "../../../actors/validator/committees.ts";
import { CommitteeSigner } from "../../../actors/validator/committeeSigner.ts";
import { attestationDomain } from "../../../actors/validator/proposalIntake.ts";
import type { ProposalContext } from "../../../actors/validator/proposalCheck.ts";
import { DOMAIN, FakeL1, PRICES, depositsOf, fakeParameters, keyPair } from "./fakeL1.ts";

export const parameters = fakeParameters();
export const domain = attestationDomain(parameters);
export const COINBASE = toAddress("0x00000000000000000000000000000000000000cc");
const MEMBER = "0x00000000000000000000000000000000000000dd";

/** Committee key by position. */
export function memberKey(position: number): BlsKey {
  return new BlsKey(toBytes(BigInt(1_000 + position), 32));
}

export function committeeOf(size: number): CommitteeMember[] {
  return Array.from({ length: size }, (_, k) => {
    const key = memberKey(k).publicKey;
    return { proposer: MEMBER, keyHash: keyHash(key), key };
  });
}

/** A member's key with its slashing protection in a folder; the journal has to be closed. */
export function openSigner(folder: string, position: number) {
  const journal = openActorJournal({
    path: join(folder, `member-${position}.journal`),
    logger: silentLogger,
  });
  return { journal, signer: new CommitteeSigner({ key: memberKey(position), domain, journal }) };
}

/** Signs without any protection, as whoever wants to cheat would. */
export function signRaw(
  proposal: Omit<SignedProposal, "signature">,
  kind: "Proposal" | "Attestation" = "Proposal",
  key = memberKey(proposal.position),
): Signature {
  return key.sign(attestationDigest({ kind, domain, block: attestedBlockOf(proposal) }));
}

/** Two users with deposits: a block that consumed them, and a transfer that can follow. */
export function smallChain(): {
  l1: FakeL1;
  inbox: Message[];
  genesis: ChainPoint;
  tip: ChainPoint;
  transfer: PooledTransaction;
} {
  const l1 = new FakeL1();
  const inbox = [...depositsOf(0), ...depositsOf(1)];
  l1.send(inbox);
  const { genesis } = new ChainState(l1.parameters);
  const { point } = l1.propose({ parent: genesis, slot: 1, inbox });
  const { point: tip } = l1.propose({ parent: point, slot: 2, inbox });
  const transaction = signTransaction({
    domain: DOMAIN,
    keyPair: keyPair(0),
    body: {
      kind: KIND_TRANSFER,
      from: 0,
      to: 1n,
      nonce: 0,
      amount: 5n,
      maxFeePerL2Gas: 10n,
      maxFeePerDaGas: 20n,
    },
  });
  const transfer: PooledTransaction = { id: "1", transaction, words: encodeTransaction(transaction) };
  return { l1, inbox, genesis, tip, transfer };
}

/** What an honest proposer of a slot signs. */
export function honestProposal({
  parent,
  slot,
  inbox,
  candidates = [],
  position = 0,
}: {
  parent: ChainPoint;
  slot: number;
  inbox: readonly Message[];
  candidates?: readonly PooledTransaction[];
  position?: number;
}): SignedProposal {
  const built = buildBlock({
    parent,
    slot: toSlot(slot),
    prices: PRICES,
    inbox: inbox.slice(parent.record.messageCount),
    candidates,
    domain: DOMAIN,
    sizes: parameters.sizes,
    verifySignature: schnorrVerify,
  });
  const { header, blob } = built;
  const proposal = {
    position,
    header,
    messages: built.messages.length,
    modifier: 0,
    coinbase: COINBASE,
    blob,
  };
  return { ...proposal, signature: signRaw(proposal) };
}

/** The blob's own versioned hash. */
export function hashOf(blob: Uint8Array): bigint {
  return BigInt(versionedHashOf(commitmentOf(blob)));
}

/** Where a proposal on a point is looked at; no message is overdue. */
export function contextOn(parent: ChainPoint, messages: readonly Message[]): ProposalContext {
  return {
    parameters,
    parent,
    unproven: parent.number,
    messages,
    rollup: {
      pricesAfter: () => Promise.resolve(PRICES),
      messageSentAt: () => Promise.resolve(1_000_000),
    },
    verifySignature: schnorrVerify,
  };
}

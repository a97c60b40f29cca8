/** The first door for a proposal from the network: what it is, whether it is in time, and whether its proposer signed it. */
import { type AttestationDomain, type AttestedBlock, attestationDigest } from "../../protocol/attestation.ts";
import { toAddress } from "../../protocol/address.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { type SignedProposal, attestedBlockOf, decodeProposal } from "../../protocol/gossip.ts";
import { type Slot, epochOf, slotAt, toTimestamp } from "../../protocol/time.ts";
import { verifyAggregate } from "../bls/blst.ts";
import type { L1Head } from "../l1/provider.ts";
import type { RollupContract, RollupParameters } from "../l1/rollupContract.ts";
import { type DropVerdict, ignore, reject } from "../p2p/gossip.ts";
import type { CommitteeMember, Committees } from "./committees.ts";

/** A proposal that its slot's proposer signed. */
export interface ReceivedProposal {
  proposal: SignedProposal;
  block: AttestedBlock;
  committee: readonly CommitteeMember[];
}

/** Parameters of {@link receiveProposal}. */
export interface IntakeOptions {
  rollup: Pick<RollupContract, "parameters" | "proposerOf">;
  committees: Pick<Committees, "of">;
  /** Slots of which a proposal is taken. */
  slots: readonly Slot[];
}

/** The proposal of some bytes, or why it is dropped. */
export async function receiveProposal(
  data: Uint8Array,
  { rollup, committees, slots }: IntakeOptions,
): Promise<ReceivedProposal | DropVerdict> {
  let proposal: SignedProposal;
  try {
    proposal = decodeProposal(data);
  } catch (error) {
    if (error instanceof ProtocolError) return reject("malformed");
    throw error;
  }
  const { slot } = proposal.header;
  if (!slots.includes(slot)) return ignore("untimely");

  const { parameters } = rollup;
  const duty = await rollup.proposerOf(slot);
  const committee = await committees.of(epochOf(parameters.clock, slot));
  if (duty?.position !== proposal.position) return reject("notEntitled");
  const block = attestedBlockOf(proposal);
  const digest = attestationDigest({ kind: "Proposal", domain: attestationDomain(parameters), block });
  const key = committee[proposal.position]?.key;
  if (!key || !verifyAggregate([key], digest, proposal.signature)) {
    return reject("badSignature");
  }
  return { proposal, block, committee };
}

export function attestationDomain({ version, chainId, address }: RollupParameters): AttestationDomain {
  return { version, chainId: BigInt(chainId), rollup: toAddress(address) };
}

/** The slot of an L1 head, and that of the block after it: what is signed now can land in either. */
export function slotsAround({ clock }: RollupParameters, head: L1Head, l1BlockTime: number): Slot[] {
  return [head.timestamp, head.timestamp + l1BlockTime]
    .filter((time) => time >= clock.genesisTime)
    .map((time) => slotAt(clock, toTimestamp(time)))
    .filter((slot, i, all) => all.indexOf(slot) === i);
}

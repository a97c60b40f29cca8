/** Whether a block's published aggregate is its committee's, and what L1 is shown when it is not. */
import { toAddress } from "../../protocol/address.ts";
import { encodeAggregateOpening } from "../../protocol/aggregateOpening.ts";
import { attestationDigest } from "../../protocol/attestation.ts";
import { witnessWords } from "../../protocol/aggregateOpening.ts";
import { type PublicKey, keyWords, openPublishedSignature } from "../../protocol/bls.ts";
import { encodeRecord } from "../../protocol/record.ts";
import { verifyAggregate } from "../bls/blst.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";
import type { AnnouncedBlock } from "../node/nodeBlock.ts";
import type { CommitteeMember } from "../validator/committees.ts";
import { attestationDomain } from "../validator/proposalIntake.ts";

/** What is known of a block's aggregate. */
export type AggregateVerdict =
  | { type: "valid"; attestations: number; committeeSize: number }
  | { type: "wrong"; keys: readonly PublicKey[] }
  /** The epoch has no committee, or a member's key was never shown: nothing can be said, on L1 neither. */
  | { type: "unknown" };

/** Parameters of {@link judgeAggregate}. */
export interface JudgeAggregateRequest {
  block: Pick<AnnouncedBlock, "record" | "claims">;
  committee: readonly CommitteeMember[];
  parameters: RollupParameters;
}

/** Bits beyond the committee and quorums are for `propose` to refuse: a block on L1 has neither. */
export function judgeAggregate({ block, committee, parameters }: JudgeAggregateRequest): AggregateVerdict {
  const { record, claims } = block;
  // A block that needs no attestations has none, and a committee's block has a quorum.
  if (record.bitmap === 0n) return { type: "valid", attestations: 0, committeeSize: committee.length };
  const members = committee.filter((_, k) => (record.bitmap >> BigInt(k)) & 1n);
  if (members.length === 0) return { type: "unknown" };
  const keys = members.map(({ key }) => key).filter((key) => key !== undefined);
  if (keys.length < members.length) return { type: "unknown" };
  const { slot, modifier, coinbase, signature } = claims;
  const digest = attestationDigest({
    kind: "Attestation",
    domain: attestationDomain(parameters),
    block: { slot, chainHash: record.chainHash, modifier, coinbase },
  });
  return verifyAggregate(keys, digest, signature)
    ? { type: "valid", attestations: keys.length, committeeSize: committee.length }
    : { type: "wrong", keys };
}

/**
 * Opening of a block's aggregate, for the contract that checks it; undefined when a key of its attesters is not known, or
 * when the published bytes are no point.
 */
export function openAttestation(
  block: Pick<AnnouncedBlock, "record" | "claims" | "proposer">,
  committee: readonly CommitteeMember[],
): readonly bigint[] | undefined {
  const { modifier, coinbase, signature } = block.claims;
  const members = committee.filter((_, k) => (block.record.bitmap >> BigInt(k)) & 1n);
  const keys = members.map(({ key }) => key).filter((key) => key !== undefined);
  if (keys.length === 0 || keys.length < members.length) return undefined;
  if (openPublishedSignature(signature).type === "noPoint") return undefined;
  return encodeAggregateOpening({
    witness: { proposer: toAddress(block.proposer), modifier, coinbase, signature },
    keys,
  });
}

/** Calldata for the aggregate challenge: what the block published, and the keys that should have signed. */
export function challengeCall(
  block: Pick<AnnouncedBlock, "record" | "claims" | "proposer">,
  keys: readonly PublicKey[],
): string {
  const { modifier, coinbase, signature } = block.claims;
  const witness = witnessWords({ proposer: toAddress(block.proposer), modifier, coinbase, signature });
  const record = [...encodeRecord(block.record)];
  const opened = openPublishedSignature(signature);
  const abi = contractInterface("slashing/IAggregateChallenge");
  if (opened.type === "noPoint") {
    const [c0hi, c0lo, c1hi, c1lo] = opened.root;
    const root = [
      [c0hi, c0lo],
      [c1hi, c1lo],
    ];
    return abi.encodeFunctionData("invalidateMalformed", [record, witness, root]);
  }
  const opening = [...witness, ...opened.words, ...keys.flatMap(keyWords)];
  return abi.encodeFunctionData("invalidate", [record, opening]);
}

/**
 * Passes committee messages on between machines: what its signer had a say in, is in time, and carries what was signed.
 * Whether a block holds is for members to find out; a relay does not execute it.
 */
import { attestationDigest } from "../../protocol/attestation.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { type SignedAttestation, type SignedProposal, decodeAttestation } from "../../protocol/gossip.ts";
import { rollMessageHashes } from "../../protocol/message.ts";
import { type Slot, epochOf } from "../../protocol/time.ts";
import { toHex } from "../../protocol/bytes.ts";
import { verifyAggregate } from "../bls/blst.ts";
import { isBlobOf } from "../l1/blobSidecar.ts";
import type { HeadFollower } from "../l1/headFollower.ts";
import type { Node } from "../node/node.ts";
import { ACCEPT, type GossipMessage, type Relay, type Verdict, ignore, reject } from "../p2p/gossip.ts";
import { topicsOf } from "../p2p/topics.ts";
import type { Service } from "../support/service.ts";
import type { Committees } from "./committees.ts";
import { attestationDomain, receiveProposal, slotsAround } from "./proposalIntake.ts";

/** Parameters of {@link CommitteeRelay}. */
export interface CommitteeRelayOptions {
  node: Pick<Node, "parameters" | "rollup" | "chain">;
  heads: Pick<HeadFollower, "head" | "refresh">;
  relay: Relay;
  committees: Pick<Committees, "of">;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
}

/** Messages of one kind, slot and position that are passed on: two that differ are evidence, more are noise. */
const PASSED_ON = 2;
/** Slots of which it is remembered how many were. */
const KEPT_SLOTS = 4;

export class CommitteeRelay implements Service {
  readonly #options: CommitteeRelayOptions;
  /** By slot, then by kind and position. */
  readonly #passed = new Map<number, Map<string, number>>();
  #stops: (() => void)[] = [];

  constructor(options: CommitteeRelayOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    if (this.#stops.length > 0) return Promise.resolve();
    const { relay, node } = this.#options;
    const { proposals, attestations } = topicsOf(node.parameters);
    this.#stops = [
      relay.relay(proposals.name, (message) => this.#judgeProposal(message)),
      relay.relay(attestations.name, (message) => this.#judgeAttestation(message)),
    ];
    return Promise.resolve();
  }

  stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    return Promise.resolve();
  }

  async #judgeProposal({ data }: GossipMessage): Promise<Verdict> {
    const { node, heads, committees } = this.#options;
    await heads.refresh();
    const { rollup } = node;
    const received = await receiveProposal(data, { rollup, committees, slots: this.#slots() });
    if ("type" in received) return received;
    const { header, position, blob } = received.proposal;
    if (this.#isEnough("proposal", header.slot, position)) return ignore("duplicate");
    if (!isBlobOf(blob, toHex(header.versionedHash))) return reject("invalid");
    if (!this.#hasItsMessages(received.proposal)) return ignore("invalid");
    return this.#passOn("proposal", header.slot, position);
  }

  async #judgeAttestation({ data }: GossipMessage): Promise<Verdict> {
    let attestation: SignedAttestation;
    try {
      attestation = decodeAttestation(data);
    } catch (error) {
      if (error instanceof ProtocolError) return reject("malformed");
      throw error;
    }
    const { position, block, signature } = attestation;
    if (!(await this.#isTimely(block.slot))) return ignore("untimely");
    const { node, committees } = this.#options;
    const { parameters } = node;
    const committee = await committees.of(epochOf(parameters.clock, block.slot));
    if (committee.length === 0) return ignore("untimely");
    const member = committee[position];
    if (!member) return reject("notEntitled");
    if (!member.key) return ignore("notEntitled");
    if (this.#isEnough("attestation", block.slot, position)) return ignore("duplicate");
    const digest = attestationDigest({ kind: "Attestation", domain: attestationDomain(parameters), block });
    if (!verifyAggregate([member.key], digest, signature)) return reject("badSignature");
    return this.#passOn("attestation", block.slot, position);
  }

  /** The number of messages is not under the signature, only their hash: a wrong copy must not keep the right one away. */
  #hasItsMessages({ header, messages }: SignedProposal): boolean {
    const { chain } = this.#options.node;
    const { record } = chain.tip;
    if (record.chainHash !== header.parentChainHash) return true; // not ours to tell
    const taken = chain.messages.slice(record.messageCount, record.messageCount + messages);
    if (taken.length < messages) return true; // L1 has more than we have seen
    return header.messageHash === rollMessageHashes(record.messageHash, taken);
  }

  /** A peer's head may be newer than ours. */
  async #isTimely(slot: Slot): Promise<boolean> {
    const slots = this.#slots();
    if (slots.includes(slot)) return true;
    if (slot < (slots[0] ?? 0)) return false;
    await this.#options.heads.refresh();
    return this.#slots().includes(slot);
  }

  #slots(): Slot[] {
    const { heads, node, l1BlockTime } = this.#options;
    return heads.head ? slotsAround(node.parameters, heads.head, 2 * l1BlockTime) : [];
  }

  #isEnough(kind: string, slot: number, position: number): boolean {
    return (this.#passed.get(slot)?.get(`${kind}/${position}`) ?? 0) >= PASSED_ON;
  }

  #passOn(kind: string, slot: number, position: number): Verdict {
    const passed = this.#passed.get(slot) ?? new Map<string, number>();
    const id = `${kind}/${position}`;
    this.#passed.set(slot, passed.set(id, (passed.get(id) ?? 0) + 1));
    for (const old of this.#passed.keys()) if (old < slot - KEPT_SLOTS) this.#passed.delete(old);
    return ACCEPT;
  }
}

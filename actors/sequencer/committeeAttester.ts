/**
 * Where a proposer of a staked network gets its committee's signatures from: it shows its signed proposal to everybody,
 * gathers what the members answer, and aggregates. It waits for all of them, as each bit pays, until the cut-off; from
 * then on a quorum is enough.
 */
import { addressToHex, toAddress } from "../../protocol/address.ts";
import { attestationDigest, quorumOf } from "../../protocol/attestation.ts";
import { bytesToHex } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  type SignedAttestation,
  attestedBlockOf,
  decodeAttestation,
  encodeProposal,
} from "../../protocol/gossip.ts";
import { epochOf, toSlot } from "../../protocol/time.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";
import { ACCEPT, type Gossip, type GossipMessage, type Verdict, ignore, reject } from "../p2p/gossip.ts";
import { type Topics, topicsOf } from "../p2p/topics.ts";
import { ActorError } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { CommitteeSigner } from "../validator/committeeSigner.ts";
import type { CommitteeMember, Committees } from "../validator/committees.ts";
import { attestationDomain } from "../validator/proposalIntake.ts";
import type { Attestation, AttestationProvider, AttestationRequest } from "./attestation.ts";
import { AttestationPool } from "./attestationPool.ts";

/** Parameters of {@link CommitteeAttester}. */
export interface CommitteeAttesterOptions {
  parameters: RollupParameters;
  gossip: Gossip;
  committees: Pick<Committees, "of">;
  signer: CommitteeSigner;
  logger: Logger;
  /** Milliseconds after which a quorum is enough. Default: a sixth of a slot. */
  cutOff?: number;
  /** Milliseconds after which the slot is given up without quorum. Default: two thirds of a slot. */
  giveUp?: number;
}

export class CommitteeAttester implements AttestationProvider {
  readonly #options: Required<CommitteeAttesterOptions>;
  readonly #topics: Topics;
  /** Of the newest proposal: asked again for the same block, its answers count, since nobody gives them twice. */
  #newest: Gathering | undefined;

  constructor(options: CommitteeAttesterOptions) {
    const slot = options.parameters.clock.slotDuration * 1000;
    this.#options = { cutOff: slot / 6, giveUp: (2 * slot) / 3, ...options };
    this.#topics = topicsOf(options.parameters);
  }

  /**
   * @throws ActorError NOT_IN_COMMITTEE when our key is not the position's, SLOT_SIGNED when another block of the slot was
   * signed, QUORUM_MISSED when too few answered in time
   */
  async attest(request: AttestationRequest): Promise<Attestation> {
    const { parameters, gossip, committees, signer } = this.#options;
    const { duty, block, coinbase, modifier } = request;
    const { position } = duty;
    const slot = toSlot(request.slot);
    const committee = await committees.of(epochOf(parameters.clock, slot));
    if (committee[position]?.keyHash !== signer.keyHash) throw notMember(slot, position);

    const { header, blob, messages } = block;
    const unsigned = {
      position,
      header,
      messages: messages.length,
      modifier,
      coinbase: toAddress(coinbase),
      blob,
    };
    const attested = attestedBlockOf(unsigned);
    const proposal = { ...unsigned, signature: signer.sign("Proposal", attested) };
    const own = signer.sign("Attestation", attested);
    const digest = attestationDigest({
      kind: "Attestation",
      domain: attestationDomain(parameters),
      block: attested,
    });
    const id = bytesToHex(digest);
    const gathering =
      this.#newest?.id === id ? this.#newest : new Gathering({ id, committee, digest, gossip });
    this.#newest = gathering;
    gathering.take({ position, block: attested, signature: own }, gossip.id);

    const { name, limits } = this.#topics.attestations;
    const unsubscribe = gossip.subscribe(name, limits, (message) =>
      this.#receive(message, attested, gathering),
    );
    try {
      gossip.publish(this.#topics.proposals.name, encodeProposal(proposal));
      return await this.#gather(gathering, slot, request.signal);
    } finally {
      unsubscribe();
    }
  }

  async #gather(gathering: Gathering, slot: number, signal: AbortSignal | undefined): Promise<Attestation> {
    const { cutOff, giveUp, logger } = this.#options;
    const began = performance.now();
    const passed = (): number => performance.now() - began;
    const { size } = gathering.committee;
    for (;;) {
      signal?.throwIfAborted();
      const late = passed() >= cutOff;
      // One look while nobody is missing, or from the cut-off on: a pairing each time.
      if (late || gathering.pool.size === size) {
        const good = gathering.pool.verify();
        if (good === size || (late && good >= quorumOf(size))) {
          const attestation = gathering.pool.aggregate();
          logger.info({ slot, attestations: good, of: size, milliseconds: Math.round(passed()) }, "gathered");
          return attestation;
        }
        if (passed() >= giveUp) throw quorumMissed(slot, good, size);
      }
      await gathering.next((late ? giveUp : cutOff) - passed(), signal);
    }
  }

  #receive({ data, from }: GossipMessage, ours: SignedAttestation["block"], gathering: Gathering): Verdict {
    let attestation: SignedAttestation;
    try {
      attestation = decodeAttestation(data);
    } catch (error) {
      if (error instanceof ProtocolError) return reject("malformed");
      throw error;
    }
    // Of another block: not ours to judge, and of no use.
    const { slot, chainHash, modifier, coinbase } = attestation.block;
    const same =
      slot === ours.slot &&
      chainHash === ours.chainHash &&
      modifier === ours.modifier &&
      addressToHex(coinbase) === addressToHex(ours.coinbase);
    if (!same) return ignore("untimely");
    switch (gathering.take(attestation, from)) {
      case "taken":
        return ACCEPT;
      case "duplicate":
        return ignore("duplicate");
      case "unknownPosition":
        return reject("notEntitled");
    }
  }
}

/** The attestations of one proposal as they come in. */
class Gathering {
  /** The digest that is signed. */
  readonly id: string;
  readonly committee: { size: number };
  readonly pool: AttestationPool;
  #wake: () => void = () => undefined;

  constructor(parts: {
    id: string;
    committee: readonly CommitteeMember[];
    digest: Uint8Array;
    gossip: Gossip;
  }) {
    const { id, committee, digest, gossip } = parts;
    this.id = id;
    this.committee = { size: committee.length };
    this.pool = new AttestationPool({
      digest,
      keys: committee.map(({ key }) => key),
      onBad: (from) => gossip.report(from, "badSignature"),
    });
  }

  take({ position, signature }: SignedAttestation, from: string): ReturnType<AttestationPool["add"]> {
    const answer = this.pool.add(position, signature, from);
    if (answer === "taken") this.#wake();
    return answer;
  }

  /** Resolves with the next attestation, at the latest after so many milliseconds. */
  next(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(), Math.max(0, milliseconds));
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        this.#wake = () => undefined;
        resolve();
      };
      signal?.addEventListener("abort", done, { once: true });
      this.#wake = done;
    });
  }
}

function notMember(slot: number, position: number): ActorError {
  return new ActorError(
    "NOT_IN_COMMITTEE",
    `the key is not that of position ${position}, which proposes in slot ${slot}`,
    "start the proposer with the attester key that was deposited beside its address",
  );
}

function quorumMissed(slot: number, good: number, size: number): ActorError {
  return new ActorError(
    "QUORUM_MISSED",
    `slot ${slot}: ${good} of ${size} members attested, ${quorumOf(size)} are needed`,
    "see the validators' logs for what they refused",
  );
}

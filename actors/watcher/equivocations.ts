/** Two different messages that one key signed for one slot: kept with both, since each is evidence by itself. */
import { type AttestedBlock, attestationDigest } from "../../protocol/attestation.ts";
import { bytesToHex, toHex } from "../../protocol/bytes.ts";
import type { KeyHash } from "../../protocol/bls.ts";
import { verifyAggregate } from "../bls/blst.ts";
import type { Journal } from "../journal/journal.ts";
import type { SignedKind } from "../journal/signingGuard.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";
import type { CommitteeMember } from "../validator/committees.ts";
import { attestationDomain } from "../validator/proposalIntake.ts";

/** One line of the evidence journal. Messages are in the encodings of `protocol/gossip.ts`. */
export interface Equivocation {
  type: "equivocation";
  kind: SignedKind;
  slot: number;
  position: number;
  keyHash: string;
  first: string;
  second: string;
}

/** A signed message as it was gossiped. */
export interface SignedMessage {
  kind: SignedKind;
  position: number;
  block: AttestedBlock;
  signature: Uint8Array;
  data: Uint8Array;
}

/** What a message turned out to be. */
export type Observation = "first" | "known" | "badSignature" | "notEntitled" | "equivocation";

/** Parameters of {@link Equivocations}. */
export interface EquivocationsOptions {
  parameters: RollupParameters;
  journal: Journal<Equivocation>;
}

/** Slots of which messages are remembered. */
const KEPT_SLOTS = 64;

export class Equivocations {
  readonly #options: EquivocationsOptions;
  /** First message by slot, then by kind and position. */
  readonly #seen = new Map<number, Map<string, { digest: string; data: Uint8Array }>>();
  readonly #convicted = new Set<string>();

  constructor(options: EquivocationsOptions) {
    this.#options = options;
    for (const { kind, slot, position } of options.journal.entries) {
      this.#convicted.add(`${slot}/${kind}/${position}`);
    }
  }

  /** Every one found, oldest first. */
  get all(): readonly Equivocation[] {
    return this.#options.journal.entries;
  }

  /** Looks at a message of a member; a second, different one goes to the journal before this returns. */
  observe(message: SignedMessage, committee: readonly CommitteeMember[]): Observation {
    const { kind, position, block, signature, data } = message;
    const member = committee[position];
    if (!member?.key) return "notEntitled";
    const domain = attestationDomain(this.#options.parameters);
    const bytes = attestationDigest({ kind, domain, block });
    const digest = bytesToHex(bytes);
    const id = `${kind}/${position}`;
    const earlier = this.#seen.get(block.slot)?.get(id);
    if (earlier?.digest === digest) return "known";
    if (!verifyAggregate([member.key], bytes, signature)) return "badSignature";
    if (!earlier) {
      this.#remember(block.slot).set(id, { digest, data });
      return "first";
    }
    this.#convict({
      kind,
      slot: block.slot,
      position,
      keyHash: member.keyHash,
      first: earlier.data,
      second: data,
    });
    return "equivocation";
  }

  #convict(found: {
    kind: SignedKind;
    slot: number;
    position: number;
    keyHash: KeyHash;
    first: Uint8Array;
    second: Uint8Array;
  }): void {
    const { kind, slot, position, keyHash, first, second } = found;
    const id = `${slot}/${kind}/${position}`;
    // Two are as good as ten.
    if (this.#convicted.has(id)) return;
    this.#options.journal.append({
      type: "equivocation",
      kind,
      slot,
      position,
      keyHash: toHex(keyHash),
      first: bytesToHex(first),
      second: bytesToHex(second),
    });
    this.#convicted.add(id);
  }

  #remember(slot: number): Map<string, { digest: string; data: Uint8Array }> {
    let messages = this.#seen.get(slot);
    if (!messages) this.#seen.set(slot, (messages = new Map<string, { digest: string; data: Uint8Array }>()));
    for (const old of this.#seen.keys()) if (old < slot - KEPT_SLOTS) this.#seen.delete(old);
    return messages;
  }
}

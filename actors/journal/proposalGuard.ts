import { ActorError } from "../support/actorError.ts";
import type { ActorJournal } from "./actorJournal.ts";

/** Parameters of {@link ProposalGuard}. */
export interface ProposalGuardOptions {
  journal: ActorJournal;
  /** Tells the rollup from every other: what was signed for another does not count, its slots are others. */
  scope: string;
}

/**
 * The only door to a proposal's signature: a slot is signed once, whatever happens to the process.
 * Two different signed proposals for one slot are an offence that anyone can prove.
 */
export class ProposalGuard {
  readonly #journal: ActorJournal;
  readonly #scope: string;
  readonly #signed = new Map<number, string>();
  #refusedUpTo = -1;

  constructor({ journal, scope }: ProposalGuardOptions) {
    this.#journal = journal;
    this.#scope = scope;
    for (const entry of journal.entries) {
      if (entry.type === "proposal" && (entry.scope ?? scope) === scope)
        this.#signed.set(entry.slot, entry.digest);
    }
  }

  /** Refuses every slot up to one, for a journal that may have lost what it knew of them. */
  refuseUpTo(slot: number): void {
    this.#refusedUpTo = slot;
  }

  /** True when a proposal for the slot was signed, by this process or an earlier one. */
  hasSigned(slot: number): boolean {
    return this.#signed.has(slot);
  }

  /**
   * Records the digest, then allows to sign it. The same digest again is allowed.
   * @throws ActorError SLOT_SIGNED for another digest of the same slot
   */
  checkAndInsertProposal(slot: number, digest: string): void {
    const earlier = this.#signed.get(slot);
    if (earlier === digest) return;
    if (earlier !== undefined) {
      throw new ActorError(
        "SLOT_SIGNED",
        `slot ${slot} was signed with digest ${earlier}, now asked for ${digest}`,
        "wait for the next slot",
      );
    }
    if (slot <= this.#refusedUpTo) {
      throw new ActorError(
        "SLOT_SIGNED",
        `slot ${slot} may have been signed before: the journal is new or lost its end`,
        "wait for the next slot",
      );
    }
    this.#journal.append({ type: "proposal", scope: this.#scope, slot, digest });
    this.#signed.set(slot, digest);
  }
}

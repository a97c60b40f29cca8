import { ActorError } from "../support/actorError.ts";
import type { ActorJournal, SignedEntry } from "./actorJournal.ts";

/** What a committee member signs once a slot. */
export type SignedKind = SignedEntry["kind"];

/** Parameters of {@link SigningGuard}. */
export interface SigningGuardOptions {
  journal: ActorJournal;
  /** Names key and instance; what was signed for another scope does not count. */
  scope: string;
}

/**
 * The only door to a committee key's signatures: of each kind, one digest a slot, and never for a slot before the last
 * one signed, whatever happens to the process. Two different ones for one slot are an offence that anyone can prove.
 *
 * The line is on disk before the door opens. A process that dies between the two may sign the same digest later, which
 * gives the same signature, and no other.
 */
export class SigningGuard {
  readonly #options: SigningGuardOptions;
  /** The newest slot signed for, by kind. */
  readonly #newest = new Map<SignedKind, { slot: number; digest: string }>();

  #refusedUpTo = -1;

  constructor(options: SigningGuardOptions) {
    this.#options = options;
    for (const entry of options.journal.entries) {
      if (entry.type !== "signed" || entry.scope !== options.scope) continue;
      const { kind, slot, digest } = entry;
      if (slot > (this.#newest.get(kind)?.slot ?? -1)) this.#newest.set(kind, { slot, digest });
    }
  }

  /** Refuses every slot up to one, for a journal that may have lost what it knew of them. */
  refuseUpTo(slot: number): void {
    this.#refusedUpTo = slot;
  }

  /**
   * Records the digest, then allows to sign it. The same digest again is allowed.
   * @throws ActorError SLOT_SIGNED for another digest of the slot, or a slot before the newest one; JOURNAL_CLOSED when
   * the line could not be written
   */
  checkAndInsert({ kind, slot, digest }: { kind: SignedKind; slot: number; digest: string }): void {
    const newest = this.#newest.get(kind);
    if (newest?.slot === slot && newest.digest === digest) return;
    if (newest !== undefined && newest.slot >= slot) {
      throw new ActorError(
        "SLOT_SIGNED",
        `${kind} of slot ${newest.slot} was signed with digest ${newest.digest}, now asked for ${digest} of slot ${slot}`,
        "wait for the next slot",
      );
    }
    if (slot <= this.#refusedUpTo) {
      throw new ActorError(
        "SLOT_SIGNED",
        `${kind} of slot ${slot} may have been signed before: the journal is new or lost its end`,
        "wait for the next slot",
      );
    }
    const { journal, scope } = this.#options;
    journal.append({ type: "signed", kind, scope, slot, digest });
    this.#newest.set(kind, { slot, digest });
  }
}

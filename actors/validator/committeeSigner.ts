import {
  type AttestationDomain,
  type AttestedBlock,
  attestationDigest,
  domainSeparator,
} from "../../protocol/attestation.ts";
import { bytesToHex, toHex } from "../../protocol/bytes.ts";
import { type KeyHash, type PublicKey, type Signature, keyHash } from "../../protocol/bls.ts";
import type { BlsKey } from "../bls/blst.ts";
import type { ActorJournal } from "../journal/actorJournal.ts";
import { type SignedKind, SigningGuard } from "../journal/signingGuard.ts";

/** Parameters of {@link CommitteeSigner}. */
export interface CommitteeSignerOptions {
  key: BlsKey;
  domain: AttestationDomain;
  /** The key's own: no other process may sign with it. */
  journal: ActorJournal;
}

/** A committee key behind its slashing protection: no signature leaves that is not on disk first. */
export class CommitteeSigner {
  readonly publicKey: PublicKey;
  readonly keyHash: KeyHash;
  readonly #key: BlsKey;
  readonly #domain: AttestationDomain;
  readonly #guard: SigningGuard;

  constructor({ key, domain, journal }: CommitteeSignerOptions) {
    this.#key = key;
    this.#domain = domain;
    this.publicKey = key.publicKey;
    this.keyHash = keyHash(key.publicKey);
    const scope = `${toHex(domainSeparator(domain))}/${toHex(this.keyHash)}`;
    this.#guard = new SigningGuard({ journal, scope });
  }

  /** See {@link SigningGuard.refuseUpTo}. */
  refuseUpTo(slot: number): void {
    this.#guard.refuseUpTo(slot);
  }

  /** @throws ActorError SLOT_SIGNED when the key has signed something else for the slot, or anything for a later one */
  sign(kind: SignedKind, block: AttestedBlock): Signature {
    const digest = attestationDigest({ kind, domain: this.#domain, block });
    this.#guard.checkAndInsert({ kind, slot: block.slot, digest: bytesToHex(digest) });
    return this.#key.sign(digest);
  }
}

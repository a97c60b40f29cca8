import type { PublicKey, Signature } from "../../protocol/bls.ts";
import { aggregate, verifyAggregate } from "../bls/blst.ts";
import type { Attestation } from "./attestation.ts";

/** What became of a signature. */
export type PoolAnswer = "taken" | "duplicate" | "unknownPosition";

/** Parameters of {@link AttestationPool}. */
export interface AttestationPoolOptions {
  /** What the members sign. */
  digest: Uint8Array;
  /** By committee position; undefined where no key is known, so that nothing can be verified. */
  keys: readonly (PublicKey | undefined)[];
  /** Told of every signature that turns out to be bad, with the peer it came from. */
  onBad: (from: string) => void;
}

interface Candidate {
  signature: Signature;
  from: string;
}

/** Signatures that may wait at one position: the first to arrive need not be the member's. */
const WAITING = 4;

/**
 * Signatures of one committee over one digest. They are verified together, in the time of one; only when a batch fails,
 * each alone, and the bad ones are thrown out: none of them can spoil the aggregate.
 */
export class AttestationPool {
  readonly #options: AttestationPoolOptions;
  readonly #good = new Map<number, Signature>();
  readonly #waiting = new Map<number, Candidate[]>();

  constructor(options: AttestationPoolOptions) {
    this.#options = options;
  }

  /** Positions with a signature, verified or not. */
  get size(): number {
    return this.#good.size + this.#waiting.size;
  }

  add(position: number, signature: Signature, from: string): PoolAnswer {
    if (!this.#options.keys[position]) return "unknownPosition";
    if (this.#good.has(position)) return "duplicate";
    const waiting = this.#waiting.get(position) ?? [];
    if (waiting.some((known) => sameBytes(known.signature, signature))) return "duplicate";
    this.#waiting.set(position, waiting);
    waiting.push({ signature, from });
    if (waiting.length >= WAITING) this.#verifyAlone(position);
    return this.#good.has(position) || this.#waiting.has(position) ? "taken" : "duplicate";
  }

  /** Verifies what waits. @returns positions with a good signature */
  verify(): number {
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].map(([position, [first]]) => ({ position, ...first! }));
      if (this.#isGood(batch)) {
        for (const { position, signature } of batch) this.#take(position, signature);
        break;
      }
      for (const { position } of batch) this.#verifyAlone(position);
    }
    return this.#good.size;
  }

  /** One signature for all that were found good. @throws Error while there is none */
  aggregate(): Attestation {
    const positions = [...this.#good.keys()];
    return {
      bitmap: positions.reduce((bits, position) => bits | (1n << BigInt(position)), 0n),
      signature: aggregate([...this.#good.values()]),
    };
  }

  #verifyAlone(position: number): void {
    for (const { signature, from } of this.#waiting.get(position) ?? []) {
      if (this.#isGood([{ position, signature }])) return this.#take(position, signature);
      this.#options.onBad(from);
    }
    this.#waiting.delete(position);
  }

  #take(position: number, signature: Signature): void {
    this.#good.set(position, signature);
    this.#waiting.delete(position);
  }

  #isGood(batch: readonly { position: number; signature: Signature }[]): boolean {
    const { keys, digest } = this.#options;
    try {
      const sum = aggregate(batch.map(({ signature }) => signature));
      return verifyAggregate(
        batch.map(({ position }) => keys[position]!),
        digest,
        sum,
      );
    } catch {
      return false; // bytes that are no signature
    }
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

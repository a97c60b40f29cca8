import { ProtocolError } from "./errors.ts";

/** What one epoch circuit takes. The Rollup that verifies its proofs is deployed with the same numbers. */
export interface Sizes {
  readonly name: SizeName;
  /** Blocks an epoch: the most, an epoch may have fewer. */
  readonly blocks: number;
  /** Transaction slots a block. */
  readonly transactions: number;
  /** Message slots a block; at most `transactions`. */
  readonly messages: number;
  /** Usable words a blob: one for the count and four a transaction. */
  readonly words: number;
}

export type SizeName = "local" | "medium" | "large";

/** Levels of the 4-ary account tree. */
export const TREE_DEPTH = 10;
/** Leaves of the account tree: 4^10. */
export const MAX_ACCOUNTS = 2 ** 20;
/** Most members of a committee: positions in the attestation bitmap. */
export const COMMITTEE_SIZE = 48;
/** Blob words one transaction takes. */
export const WORDS_PER_TRANSACTION = 4;

export const SIZES: Readonly<Record<SizeName, Sizes>> = {
  local: size({ name: "local", blocks: 2, transactions: 6, messages: 2 }),
  medium: size({ name: "medium", blocks: 4, transactions: 6, messages: 2 }),
  large: size({ name: "large", blocks: 32, transactions: 5, messages: 2 }),
};

/** @throws {ProtocolError} `unknown-size` */
export function sizesNamed(name: string): Sizes {
  if (!Object.hasOwn(SIZES, name)) {
    throw new ProtocolError({
      code: "unknown-size",
      message: `there is no circuit size "${name}"`,
      remedy: `Choose one of: ${Object.keys(SIZES).join(", ")}`,
    });
  }
  return SIZES[name as SizeName];
}

function size(counts: Omit<Sizes, "words">): Sizes {
  return { ...counts, words: 1 + WORDS_PER_TRANSACTION * counts.transactions };
}

import { accountExists } from "../../protocol/account.ts";
import { sha256 } from "../../protocol/hash.ts";
import { type KeyPair, schnorrKeyPair } from "../../protocol/schnorr.ts";
import type { AccountTree } from "../../protocol/tree.ts";

/** A user of the ledger: a key, and the account that L1 gave it. */
export interface User {
  keyPair: KeyPair;
  /** Leaf index; undefined until it is registered. */
  leaf: number | undefined;
}

/** Users whose keys follow from a seed: the same on every run, so of no value. */
export function seededUsers({ seed, count }: { seed: number; count: number }): User[] {
  return Array.from({ length: count }, (_, i) => ({
    keyPair: schnorrKeyPair(sha256(new TextEncoder().encode(`calpulli user ${seed} ${i}`))),
    leaf: undefined,
  }));
}

/** True when the user's account exists in this state. */
export function isActive(user: User, state: AccountTree): user is User & { leaf: number } {
  return user.leaf !== undefined && accountExists(state.get(user.leaf));
}

import { ZERO, type Field } from "./field.ts";
import type { GrumpkinPoint } from "./grumpkin.ts";
import type { Permute } from "./poseidon2.ts";
import { wordLayout } from "./words.ts";

/** A leaf of the account tree. */
export interface Account {
  /** Grumpkin public key; (0, 0) while the leaf is empty. */
  readonly key: GrumpkinPoint;
  /** Fee juice in base units, below 2^96. It only pays fees. */
  readonly feeBalance: bigint;
  /** Bridged asset in base units, below 2^96. */
  readonly balance: bigint;
  /** Transactions sent; the last value, 2^32 - 1, is never used by one. */
  readonly nonce: number;
}

export const EMPTY_ACCOUNT: Account = { key: { x: ZERO, y: ZERO }, feeBalance: 0n, balance: 0n, nonce: 0 };

/** "leaf": no inner node hashes the same input. */
const LEAF_TAG = 0x6c656166n as Field;

const PACKED = wordLayout("account", { nonce: 32, balance: 96, feeBalance: 96 });

/** The three numbers in one field element. @throws {ProtocolError} `out-of-range` */
export function packAccount({ feeBalance, balance, nonce }: Account): Field {
  return PACKED.pack({ nonce: BigInt(nonce), balance, feeBalance }) as Field;
}

/** P(keyX, keyY, packed, tag)[0]. @throws {ProtocolError} `out-of-range` */
export function hashAccount(account: Account, permute: Permute): Field {
  return permute([account.key.x, account.key.y, packAccount(account), LEAF_TAG])[0];
}

/** An empty leaf has the key (0, 0), the point at infinity, for which anybody could sign. */
export function accountExists({ key }: Account): boolean {
  return key.x !== 0n || key.y !== 0n;
}

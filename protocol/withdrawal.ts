/**
 * Messages from the ledger to L1: withdrawals, and deposits that are returned.
 *
 *     word    asset1 | amount95 | recipient160
 *
 * The circuit folds an epoch's list into one field element, `acc = acc * rho + half` over the two halves of each word,
 * from 1. L1 gets the list as calldata, draws `rho` from it and from the chain hash, and must come to the same
 * number; then it stores the Merkle commitment of the list in the Outbox, see `merkle.ts`.
 */
import type { Address } from "./address.ts";
import { reduceToField, type Field } from "./field.ts";
import { keccakWords, type TruncatedHash } from "./hash.ts";
import { wordLayout } from "./words.ts";

export const ASSET_FEE_JUICE = 0;
export const ASSET_TOKEN = 1;

export interface Withdrawal {
  readonly asset: typeof ASSET_FEE_JUICE | typeof ASSET_TOKEN;
  /** Base units, below 2^95. */
  readonly amount: bigint;
  readonly recipient: Address;
}

const WORD = wordLayout("withdrawal", { asset: 1, amount: 95, recipient: 160 });
const LOW_128 = (1n << 128n) - 1n;

/** @throws {ProtocolError} `out-of-range` */
export function encodeWithdrawal({ asset, amount, recipient }: Withdrawal): bigint {
  return WORD.pack({ asset: BigInt(asset), amount, recipient });
}

/** @throws {ProtocolError} `out-of-range` for more than 256 bits. */
export function decodeWithdrawal(word: bigint): Withdrawal {
  const { asset, amount, recipient } = WORD.unpack(word);
  return { asset: asset === 1n ? ASSET_TOKEN : ASSET_FEE_JUICE, amount, recipient: recipient as Address };
}

/** Challenge of an epoch's list: the upper 248 bits of keccak256(chain hash after the epoch ‖ words). */
export function withdrawalChallenge(chainHashAfter: TruncatedHash, words: readonly bigint[]): Field {
  return (keccakWords([chainHashAfter, ...words]) >> 8n) as Field;
}

/** The list folded with `rho`; 1 for an empty list. */
export function foldWithdrawals(rho: Field, words: readonly bigint[]): Field {
  return words.reduce<Field>((acc, word) => {
    const half = reduceToField(acc * rho + (word >> 128n));
    return reduceToField(half * rho + (word & LOW_128));
  }, 1n as Field);
}

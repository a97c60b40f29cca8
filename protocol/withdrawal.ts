/**
 * Messages from the ledger to L1: withdrawals, and deposits that are returned.
 *
 *     word    asset1 | amount95 | recipient160
 *
 * The circuit folds an epoch's list into one field element, `acc = acc * rho + half` over the two halves of each word,
 * from 1. L1 gets the list as calldata, draws `rho` from it and from the chain hash, and must come to the same
 * number; then it stores the root of a Merkle tree over the list, the Outbox root.
 */
import type { Address } from "./address.ts";
import { fromBytes, wordsToBytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import { reduceToField, type Field } from "./field.ts";
import { keccak256, keccakWords, type TruncatedHash } from "./hash.ts";
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

/**
 * Root of the Outbox tree. The leaves are keccak256(word), padded with zero to the next power of two; a node is
 * keccak256(left ‖ right). A tree of one leaf is that leaf; an empty list has the root 0 and nothing to consume.
 * A leaf hashes 32 bytes and a node 64, so neither passes for the other, and the padding has no known preimage.
 */
export function outboxRoot(words: readonly bigint[]): bigint {
  return outboxLevels(words).at(-1)?.[0] ?? 0n;
}

/** Siblings from the leaf up: what `consume` takes with the leaf's index. @throws {ProtocolError} `out-of-range` */
export function outboxPath(words: readonly bigint[], index: number): bigint[] {
  if (!Number.isInteger(index) || index < 0 || index >= words.length) {
    throw new ProtocolError({
      code: "out-of-range",
      message: `the epoch has no withdrawal ${index}, only ${words.length}`,
      remedy: "Take the index from the epoch's list of withdrawals",
    });
  }
  return outboxLevels(words)
    .slice(0, -1)
    .map((level, height) => level[(index >> height) ^ 1] as bigint);
}

/** Parameters of {@link verifyOutboxPath}. */
export interface OutboxClaim {
  readonly root: bigint;
  readonly word: bigint;
  readonly index: number;
  readonly path: readonly bigint[];
}

/** Whether a word stands at an index; an index that the path is too short for is refused. */
export function verifyOutboxPath({ root, word, index, path }: OutboxClaim): boolean {
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** path.length) return false;
  const computed = path.reduce(
    (node, sibling, height) =>
      ((index >> height) & 1) === 0 ? hashPair(node, sibling) : hashPair(sibling, node),
    hashLeaf(word),
  );
  return computed === root;
}

/** Levels of the tree from the leaves to the root; none for an empty list. */
function outboxLevels(words: readonly bigint[]): bigint[][] {
  if (words.length === 0) return [];
  let level = words.map(hashLeaf);
  while ((level.length & (level.length - 1)) !== 0) level.push(0n);
  const levels = [level];
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: below.length / 2 }, (_, i) =>
      hashPair(below[2 * i] as bigint, below[2 * i + 1] as bigint),
    );
    levels.push(level);
  }
  return levels;
}

function hashLeaf(word: bigint): bigint {
  return keccakWords([word]);
}

function hashPair(left: bigint, right: bigint): bigint {
  return fromBytes(keccak256(wordsToBytes([left, right])));
}

/**
 * Merkle commitment to a list of words, as L1 makes it for an epoch's withdrawals and for its fees by coinbase.
 *
 * A binary keccak tree whose leaves are the words themselves, padded with zero words to a power of two; the commitment
 * is keccak256(root ‖ count). The count fixes the depth, so an inner node is never taken for a leaf.
 */
import { ProtocolError } from "./errors.ts";
import { keccakWords } from "./hash.ts";

/** keccak256(root ‖ count); 0 for an empty list. */
export function merkleCommitment(words: readonly bigint[]): bigint {
  const root = levels(words).at(-1)?.[0];
  return root === undefined ? 0n : keccakWords([root, BigInt(words.length)]);
}

/** Siblings of a word, from the leaves up. @throws {ProtocolError} `out-of-range` */
export function merklePath(words: readonly bigint[], index: number): bigint[] {
  if (!Number.isInteger(index) || index < 0 || index >= words.length) {
    throw new ProtocolError({
      code: "out-of-range",
      message: `there is no word ${index} in a list of ${words.length}`,
      remedy: "Take the index from the epoch's list",
    });
  }
  return levels(words)
    .slice(0, -1)
    .map((level, height) => level[(index >> height) ^ 1] as bigint);
}

/** Parameters of {@link verifyMerklePath}. */
export interface MerkleClaim {
  readonly commitment: bigint;
  readonly word: bigint;
  readonly index: number;
  /** Length of the list. */
  readonly count: number;
  readonly path: readonly bigint[];
}

/** Whether a word stands at an index of the list; false for an index or a path that does not fit the count. */
export function verifyMerklePath({ commitment, word, index, count, path }: MerkleClaim): boolean {
  if (!Number.isInteger(index) || index < 0 || index >= count) return false;
  if (path.length !== depthOf(count)) return false;
  const root = path.reduce(
    (node, sibling, height) => keccakWords(((index >> height) & 1) === 0 ? [node, sibling] : [sibling, node]),
    word,
  );
  return keccakWords([root, BigInt(count)]) === commitment;
}

/** From the leaves to the root; none for an empty list. */
function levels(words: readonly bigint[]): bigint[][] {
  if (words.length === 0) return [];
  const width = 2 ** depthOf(words.length);
  const all = [Array.from({ length: width }, (_, i) => words[i] ?? 0n)];
  for (let below = all[0] as bigint[]; below.length > 1; below = all.at(-1) as bigint[]) {
    const pairs = Array.from({ length: below.length / 2 }, (_, i) => below.slice(2 * i, 2 * i + 2));
    all.push(pairs.map(keccakWords));
  }
  return all;
}

/** Least depth of a tree with `count` leaves. */
function depthOf(count: number): number {
  return Math.ceil(Math.log2(count));
}

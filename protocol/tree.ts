import { EMPTY_ACCOUNT, hashAccount, type Account } from "./account.ts";
import { ProtocolError } from "./errors.ts";
import { reduceToField, type Field } from "./field.ts";
import { poseidon2Permute, type Permute, type PoseidonState } from "./poseidon2.ts";
import { MAX_ACCOUNTS, TREE_DEPTH } from "./sizes.ts";

/** All four children at each level, from the leaf's level up to the root's. */
export type TreePath = readonly PoseidonState[];

/**
 * The account tree: 4-ary, depth 10, node(x) = P(x)[0] + x[0].
 *
 * Immutable: `set` returns a new tree that shares all untouched nodes with the old one. So keeping a state is keeping
 * a reference, and undoing a block is going back to one. Hashes are computed when asked for and then kept: however
 * many accounts change between two calls of `root`, each inner node is hashed once.
 */
export class AccountTree {
  readonly #root: Inner | undefined;
  readonly #hasher: Hasher;

  private constructor(root: Inner | undefined, hasher: Hasher) {
    this.#root = root;
    this.#hasher = hasher;
  }

  /** The genesis state. `permute` may be a faster implementation of the same permutation. */
  static empty(permute: Permute = poseidon2Permute): AccountTree {
    return new AccountTree(undefined, new Hasher(permute));
  }

  /** @throws {ProtocolError} `unknown-leaf`, or `out-of-range` for an account that cannot be encoded. */
  static from(
    accounts: Iterable<readonly [number, Account]>,
    permute: Permute = poseidon2Permute,
  ): AccountTree {
    let tree = AccountTree.empty(permute);
    for (const [index, account] of accounts) tree = tree.set(index, account);
    return tree;
  }

  /** The account at a leaf; an empty one where nothing was deposited. @throws {ProtocolError} `unknown-leaf` */
  get(index: number): Account {
    assertLeaf(index);
    let node: Inner | undefined = this.#root;
    for (let level = TREE_DEPTH - 1; level > 0; level--) {
      node = node?.children[childAt(index, level)] as Inner | undefined;
    }
    const leaf = node?.children[childAt(index, 0)] as Leaf | undefined;
    return leaf?.account ?? EMPTY_ACCOUNT;
  }

  /** The tree with one account replaced. @throws {ProtocolError} `unknown-leaf` */
  set(index: number, account: Account): AccountTree {
    assertLeaf(index);
    return new AccountTree(replace(this.#root, { index, level: TREE_DEPTH - 1, account }), this.#hasher);
  }

  /** Root hash. Costs one permutation for each node that changed since it was last asked for. */
  root(): Field {
    return this.#hasher.hash(this.#root, TREE_DEPTH);
  }

  /** What shows that the account at `index` stands under the root, leaf's level first. */
  path(index: number): TreePath {
    assertLeaf(index);
    const path: PoseidonState[] = [];
    let node: Inner | undefined = this.#root;
    for (let level = TREE_DEPTH - 1; level >= 0; level--) {
      path.push(this.#hasher.children(node, level));
      node = node?.children[childAt(index, level)] as Inner | undefined;
    }
    return path.reverse();
  }

  /** Every account that was ever written, by rising leaf index. */
  *accounts(): Generator<readonly [number, Account]> {
    yield* walk(this.#root, { level: TREE_DEPTH - 1, first: 0 });
  }
}

/** Hash of an inner node of the tree. */
export function hashNode(children: PoseidonState, permute: Permute): Field {
  return reduceToField(permute(children)[0] + children[0]);
}

interface Inner {
  readonly children: readonly [Child, Child, Child, Child];
  hash?: Field;
}

interface Leaf {
  readonly account: Account;
  hash?: Field;
}

type Child = Inner | Leaf | undefined;

/** Computes and remembers hashes; knows those of empty subtrees. */
class Hasher {
  readonly #permute: Permute;
  /** By height: 0 is an empty leaf. */
  readonly #empty: Field[];

  constructor(permute: Permute) {
    this.#permute = permute;
    this.#empty = [hashAccount(EMPTY_ACCOUNT, permute)];
    for (let height = 1; height <= TREE_DEPTH; height++) {
      const child = this.#empty[height - 1] as Field;
      this.#empty.push(hashNode([child, child, child, child], permute));
    }
  }

  /** Hash of a subtree of the given height; a leaf has height 0. */
  hash(node: Child, height: number): Field {
    if (node === undefined) return this.#empty[height] as Field;
    node.hash ??=
      "account" in node
        ? hashAccount(node.account, this.#permute)
        : hashNode(this.children(node, height - 1), this.#permute);
    return node.hash;
  }

  /** Hashes of a node's children, which have the given height. */
  children(node: Inner | undefined, height: number): PoseidonState {
    const hashOf = (k: 0 | 1 | 2 | 3): Field => this.hash(node?.children[k], height);
    return [hashOf(0), hashOf(1), hashOf(2), hashOf(3)];
  }
}

function replace(node: Inner | undefined, change: { index: number; level: number; account: Account }): Inner {
  const { index, level, account } = change;
  const children: [Child, Child, Child, Child] = node
    ? [...node.children]
    : [undefined, undefined, undefined, undefined];
  const k = childAt(index, level);
  children[k] =
    level === 0
      ? { account }
      : replace(children[k] as Inner | undefined, { index, level: level - 1, account });
  return { children };
}

function* walk(
  node: Inner | undefined,
  { level, first }: { level: number; first: number },
): Generator<readonly [number, Account]> {
  if (node === undefined) return;
  for (const [k, child] of node.children.entries()) {
    if (child === undefined) continue;
    const at = first + k * 4 ** level;
    if ("account" in child) yield [at, child.account];
    else yield* walk(child, { level: level - 1, first: at });
  }
}

function childAt(index: number, level: number): 0 | 1 | 2 | 3 {
  return ((index >> (2 * level)) & 3) as 0 | 1 | 2 | 3;
}

function assertLeaf(index: number): void {
  if (Number.isInteger(index) && index >= 0 && index < MAX_ACCOUNTS) return;
  throw new ProtocolError({
    code: "unknown-leaf",
    message: `leaf ${index} does not exist`,
    remedy: `Leaf indices are 0 to ${MAX_ACCOUNTS - 1}`,
  });
}

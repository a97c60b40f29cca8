import { expect } from "chai";

import {
  accountExists,
  EMPTY_ACCOUNT,
  hashAccount,
  packAccount,
  type Account,
} from "../../protocol/account.ts";
import type { Field } from "../../protocol/field.ts";
import { poseidon2Permute, type Permute } from "../../protocol/poseidon2.ts";
import { MAX_ACCOUNTS, TREE_DEPTH } from "../../protocol/sizes.ts";
import { AccountTree, hashNode, type TreePath } from "../../protocol/tree.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import { sampleAccount } from "../../protocol/vectors/samples.ts";
import { expectProtocolError } from "./support/errors.ts";

const random = seededRandom("tree");

/** The root that a path leads to from a leaf, checking that each node is among its siblings. */
function climb(leaf: Field, index: number, path: TreePath): Field {
  return path.reduce((node, children, level) => {
    expect(children[(index >> (2 * level)) & 3]).to.equal(node);
    return hashNode(children, poseidon2Permute);
  }, leaf);
}

describe("protocol/account", () => {
  it("packs fee balance, balance and nonce from the lowest bit up", () => {
    const account: Account = { ...EMPTY_ACCOUNT, feeBalance: 1n, balance: 2n, nonce: 3 };
    expect(packAccount(account)).to.equal(1n | (2n << 96n) | (3n << 192n));
  });

  it("refuses balances over 96 bits", () => {
    expectProtocolError("out-of-range", () => packAccount({ ...EMPTY_ACCOUNT, balance: 1n << 96n }));
    expectProtocolError("out-of-range", () => packAccount({ ...EMPTY_ACCOUNT, nonce: 2 ** 32 }));
  });

  it("calls a leaf empty by its key alone", () => {
    expect(accountExists(EMPTY_ACCOUNT)).to.equal(false);
    expect(accountExists({ ...EMPTY_ACCOUNT, balance: 1n })).to.equal(false);
    expect(accountExists({ ...EMPTY_ACCOUNT, key: { x: 0n as Field, y: 1n as Field } })).to.equal(true);
  });
});

describe("protocol/tree", () => {
  it("is at genesis a tree of equal empty leaves", () => {
    let node = hashAccount(EMPTY_ACCOUNT, poseidon2Permute);
    for (let i = 0; i < TREE_DEPTH; i++) node = hashNode([node, node, node, node], poseidon2Permute);
    expect(AccountTree.empty().root()).to.equal(node);
    expect(AccountTree.empty().get(5)).to.equal(EMPTY_ACCOUNT);
  });

  it("gives paths that lead from any leaf, written or not, to the root", () => {
    let tree = AccountTree.empty();
    for (const index of [0, 3, 4, 77, MAX_ACCOUNTS - 1]) tree = tree.set(index, sampleAccount(random));
    for (const index of [0, 1, 4, 77, 500, MAX_ACCOUNTS - 1]) {
      const leaf = hashAccount(tree.get(index), poseidon2Permute);
      const path = tree.path(index);
      expect(path).to.have.length(TREE_DEPTH);
      expect(climb(leaf, index, path)).to.equal(tree.root());
    }
  });

  it("does not depend on the order of writes", () => {
    const accounts = [9, 2, 40_000, 10].map((index) => [index, sampleAccount(random)] as const);
    const there = AccountTree.from(accounts);
    const back = AccountTree.from(accounts.toReversed());
    expect(there.root()).to.equal(back.root());
    expect([...there.accounts()].map(([index]) => index)).to.deep.equal([2, 9, 10, 40_000]);
    expect(AccountTree.from(there.accounts()).root()).to.equal(there.root());
  });

  it("keeps every earlier state as it was", () => {
    const first = AccountTree.empty().set(1, sampleAccount(random));
    const root = first.root();
    const account = first.get(1);
    const second = first.set(1, sampleAccount(random)).set(2, sampleAccount(random));
    expect(first.root()).to.equal(root);
    expect(first.get(1)).to.equal(account);
    expect(first.get(2)).to.equal(EMPTY_ACCOUNT);
    expect(second.root()).to.not.equal(root);
    expect(second.set(1, account).set(2, EMPTY_ACCOUNT).root()).to.equal(root);
  });

  it("hashes each changed node once, however many leaves changed", () => {
    let calls = 0;
    const counting: Permute = (state) => {
      calls += 1;
      return poseidon2Permute(state);
    };
    let tree = AccountTree.empty(counting);
    expect(calls).to.equal(1 + TREE_DEPTH);
    calls = 0;
    // 16 neighbours: 16 leaves, 4 + 1 nodes above them, and the path to the root.
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 16; index++) tree = tree.set(index, sampleAccount(random));
    }
    tree.root();
    expect(calls).to.equal(16 + 4 + 1 + (TREE_DEPTH - 2));
    tree.root();
    tree.path(3);
    expect(calls).to.equal(16 + 4 + 1 + (TREE_DEPTH - 2));
  });

  it("agrees with a plain model over random writes", () => {
    const model = new Map<number, Account>();
    let tree = AccountTree.empty();
    for (let i = 0; i < 200; i++) {
      const index = random.below(64) * 16_384 + random.below(4);
      const account = { ...EMPTY_ACCOUNT, balance: random.bits(96) };
      model.set(index, account);
      tree = tree.set(index, account);
    }
    for (const [index, account] of model) expect(tree.get(index)).to.equal(account);
    expect([...tree.accounts()]).to.have.length(model.size);
    expect(tree.root()).to.equal(AccountTree.from(model).root());
  });

  it("refuses leaves that do not exist", () => {
    for (const index of [-1, MAX_ACCOUNTS, 1.5]) {
      expectProtocolError("unknown-leaf", () => AccountTree.empty().get(index));
      expectProtocolError("unknown-leaf", () => AccountTree.empty().set(index, EMPTY_ACCOUNT));
      expectProtocolError("unknown-leaf", () => AccountTree.empty().path(index));
    }
  });
});

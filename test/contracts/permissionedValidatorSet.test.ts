import { expect } from "chai";
import { toBeHex, ZeroAddress, ZeroHash } from "ethers";
import { network } from "hardhat";

import { expectRefusal } from "../helpers/refusal.ts";

const DELAY = 1_000n;

interface Member {
  proposer: string;
  keyHash: string;
}

function members(count: number, label = 1): Member[] {
  return Array.from({ length: count }, (_, i) => ({
    proposer: toBeHex(label * 1_000 + i, 20),
    keyHash: toBeHex(label * 1_000_000 + i, 32),
  }));
}

describe("PermissionedValidatorSet", () => {
  async function deploy(list: Member[]) {
    const { ethers, networkHelpers } = await network.create();
    const [owner, stranger] = await ethers.getSigners();
    const set = await ethers.deployContract("PermissionedValidatorSet", [owner!, DELAY, list]);
    const now = async () => BigInt(await networkHelpers.time.latest());
    const proposers = async (at: bigint) => [...(await set.committeeOf(ZeroAddress, 0, at)).proposers];
    return { set, owner: owner!, stranger: stranger!, networkHelpers, now, proposers };
  }

  const addresses = (list: Member[]) => list.map(({ proposer }) => proposer);

  it("gives turns to the members, by slot", async () => {
    const list = members(3);
    const { set } = await deploy(list);
    for (const slot of [0n, 1n, 2n, 3n, 100n]) {
      const position = slot % 3n;
      const expected = [list[Number(position)]!.proposer, position, 3n];
      expect([...(await set.dutyOf(ZeroAddress, slot, 0, 5))]).to.deep.equal(expected);
      expect([...(await set.takeDuty.staticCall(slot, 0, 5))]).to.deep.equal(expected);
    }
    const committee = await set.committeeOf(ZeroAddress, 0, 0);
    expect([...committee.proposers]).to.deep.equal(addresses(list));
    expect([...committee.keyHashes]).to.deep.equal(list.map(({ keyHash }) => keyHash));
  });

  it("takes a new list for epochs that start at its time, not before", async () => {
    const [first, second, third] = [members(3, 1), members(4, 2), members(2, 3)];
    const { set, networkHelpers, now, proposers } = await deploy(first);
    const from = (await now()) + DELAY + 100n;
    await set.list(second, from);
    expect(await proposers(from - 1n)).to.deep.equal(addresses(first));
    expect(await proposers(from)).to.deep.equal(addresses(second));

    await networkHelpers.time.increaseTo(from + DELAY);
    const later = (await now()) + DELAY + 100n;
    await set.list(third, later);
    expect(await proposers(later - 1n)).to.deep.equal(addresses(second));
    expect(await proposers(later)).to.deep.equal(addresses(third));
    // Lists that were in effect stay readable.
    expect([...(await set.member(1, 2))]).to.deep.equal([first[2]!.proposer, first[2]!.keyHash]);
  });

  it("replaces an announced list that is not in effect yet", async () => {
    const [first, second, third] = [members(3, 1), members(4, 2), members(2, 3)];
    const { set, now, proposers } = await deploy(first);
    const from = (await now()) + DELAY + 100n;
    await set.list(second, from);
    await set.list(third, from);
    expect(await proposers(from - 1n)).to.deep.equal(addresses(first));
    expect(await proposers(from)).to.deep.equal(addresses(third));
  });

  it("refuses a list too soon, so that a running epoch keeps its committee", async () => {
    const { set, networkHelpers, now } = await deploy(members(3));
    const abi = set.interface;
    const soon = (await now()) + DELAY;
    await expectRefusal(set.list(members(4), soon), abi, "PermissionedValidatorSet__TooSoon", [
      soon + 1n,
      soon,
    ]);
    await expectRefusal(set.list(members(4), 2n ** 64n), abi, "PermissionedValidatorSet__TooSoon");
    const from = (await now()) + DELAY + 10n;
    await set.list(members(4), from);
    await networkHelpers.time.setNextBlockTimestamp(from + 1n);
    await expectRefusal(set.list(members(5), from + 2n * DELAY), abi, "PermissionedValidatorSet__TooSoon", [
      from + DELAY,
      from + 1n,
    ]);
  });

  it("refuses empty and oversized lists, members without address or key, and strangers", async () => {
    const { set, stranger, now } = await deploy(members(48));
    const abi = set.interface;
    const from = (await now()) + 2n * DELAY;
    await expectRefusal(set.list([], from), abi, "PermissionedValidatorSet__SizeOutOfRange", [0n]);
    await expectRefusal(set.list(members(49), from), abi, "PermissionedValidatorSet__SizeOutOfRange", [49n]);
    const noAddress = members(3).with(1, { proposer: ZeroAddress, keyHash: toBeHex(1, 32) });
    await expectRefusal(set.list(noAddress, from), abi, "PermissionedValidatorSet__ZeroMember", [1n]);
    const noKey = members(3).with(2, { proposer: toBeHex(1, 20), keyHash: ZeroHash });
    await expectRefusal(set.list(noKey, from), abi, "PermissionedValidatorSet__ZeroMember", [2n]);
    await expectRefusal(set.connect(stranger).list(members(3), from), abi, "OwnableUnauthorizedAccount", [
      stranger.address,
    ]);
  });
});

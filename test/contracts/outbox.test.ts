import { expect } from "chai";
import { toBeHex } from "ethers";

import { merklePath, withdrawalWord } from "../helpers/layout.ts";
import { expectRefusal } from "../helpers/refusal.ts";
import { deployRollup, type RollupDriver } from "../helpers/rollup.ts";
import type { AssetPortal, FeePortal } from "../../types/ethers-contracts/index.ts";

const G = [1n, 17631683881184975370165255887551781615748388533673675138860n] as const;
const RECIPIENT = toBeHex(0xbeef, 20);

/** No delay, and an asset deposit queued to be paid out again. */
async function funded(): Promise<RollupDriver> {
  const driver = await deployRollup({ parameters: { outboxDelay: 0n } });
  const user = driver.members[0]!;
  await driver.fund(user.address);
  await driver.approve(user);
  await driver.toSlot(0);
  await driver.contracts.assetPortal.connect(user).register(...G, 1_000_000n);
  return driver;
}

describe("Outbox and portals", () => {
  let driver: RollupDriver;
  let list: bigint[];
  let portals: [FeePortal, AssetPortal];

  before(async () => {
    driver = await deployRollup();
    const user = driver.members[0]!;
    await driver.fund(user.address);
    await driver.approve(user);
    await driver.toSlot(0);
    portals = [driver.contracts.feePortal, driver.contracts.assetPortal];
    for (const portal of portals) await portal.connect(user).register(...G, 1_000_000n);
    await driver.propose(1, { messages: 2n });
    await driver.toSlot(4);
    list = [0n, 1n, 1n, 0n, 1n].map((asset, i) => withdrawalWord(asset, 100n + BigInt(i), RECIPIENT));
    await driver.rollup.submitEpochProof(driver.epochProof(1, 1, { withdrawals: list }));
  });

  function withdraw(
    index: number,
    changes: { epoch?: number; count?: number; word?: bigint; portal?: FeePortal | AssetPortal } = {},
    path?: string[],
  ) {
    const portal = changes.portal ?? (list[index]! >> 255n === 0n ? portals[0] : portals[1]);
    return portal.withdraw(
      changes.epoch ?? 0,
      index,
      changes.count ?? list.length,
      changes.word ?? list[index]!,
      path ?? merklePath(list, index),
    );
  }

  it("pays nothing before the delay is over", async () => {
    const provenAt = (await driver.rollup.outboxWord(0)) & 0xffffffffn;
    await expectRefusal(withdraw(0), driver.rollup.interface, "Rollup__OutboxDelayNotOver", [
      provenAt + driver.parameters.outboxDelay,
    ]);
    const time = driver.genesisTime + provenAt + driver.parameters.outboxDelay;
    await driver.connection.networkHelpers.time.setNextBlockTimestamp(time - 1n);
    await expectRefusal(withdraw(0, {}), driver.rollup.interface, "Rollup__OutboxDelayNotOver");
    // At the very second the next check speaks.
    await driver.connection.networkHelpers.time.setNextBlockTimestamp(time);
    await expectRefusal(withdraw(0, { count: 1 }), driver.rollup.interface, "Rollup__WrongWithdrawalPath");
  });

  describe("refuses", () => {
    const refused = (attempt: Promise<unknown>, name: string, args?: unknown[]) =>
      expectRefusal(attempt, driver.rollup.interface, name, args);

    it("a withdrawal nobody made: other word, place, count or path", async () => {
      await refused(withdraw(1, { word: list[1]! + (1n << 160n) }), "Rollup__WrongWithdrawalPath", [0n, 1n]);
      await refused(withdraw(1, { word: list[1]! + 1n }), "Rollup__WrongWithdrawalPath");
      await refused(withdraw(1, { count: 6 }), "Rollup__WrongWithdrawalPath");
      await refused(withdraw(1, { count: 1 }), "Rollup__WrongWithdrawalPath");
      await refused(withdraw(1, {}, merklePath(list, 2)), "Rollup__WrongWithdrawalPath");
      await refused(withdraw(1, {}, merklePath(list, 1).slice(1)), "Rollup__WrongWithdrawalPath");
      await refused(withdraw(1, {}, [...merklePath(list, 1), toBeHex(0, 32)]), "Rollup__WrongWithdrawalPath");
      const beyond = portals[0].withdraw(0, 5, 5, 0n, merklePath(list, 4));
      await refused(beyond, "Rollup__WrongWithdrawalPath", [0n, 5n]);
    });

    it("an epoch without withdrawals", () =>
      refused(withdraw(1, { epoch: 1 }), "Rollup__NoWithdrawals", [1n]));

    it("a withdrawal of another epoch, though its place and path are right there", async () => {
      const other = await funded();
      const lists = [1n, 2n].map((amount) =>
        [0n, 1n, 2n].map((i) => withdrawalWord(1n, 10n * amount + i, RECIPIENT)),
      );
      await other.propose(1, { messages: 1n });
      await other.propose(5);
      await other.rollup.submitEpochProof(other.epochProof(1, 1, { withdrawals: lists[0]! }));
      await other.toSlot(8);
      await other.rollup.submitEpochProof(other.epochProof(2, 2, { withdrawals: lists[1]! }));
      const take = (epoch: number, of: number) =>
        other.contracts.assetPortal.withdraw(epoch, 1, 3, lists[of]![1]!, merklePath(lists[of]!, 1));
      await refused(take(0, 1), "Rollup__WrongWithdrawalPath", [0n, 1n]);
      await refused(take(1, 0), "Rollup__WrongWithdrawalPath", [1n, 1n]);
      await take(0, 0);
      await take(1, 1);
    });

    it("a withdrawal of a block that was pruned, also once its epoch is proven without it", async () => {
      const other = await funded();
      const [lost, kept] = [3n, 4n].map((amount) => withdrawalWord(1n, amount, RECIPIENT)) as [
        bigint,
        bigint,
      ];
      await other.propose(1, { messages: 1n });
      const late = other.epochProof(1, 1, { withdrawals: [lost] });
      await other.toSlot(8, 0n);
      await refused(other.rollup.submitEpochProof(late), "Rollup__ProofDeadlinePassed");
      other.rewind(0);
      await other.propose(9, { messages: 1n });
      await refused(other.rollup.submitEpochProof(late), "Rollup__WrongEndRecord");
      const take = (epoch: number, word: bigint) =>
        other.contracts.assetPortal.withdraw(epoch, 0, 1, word, []);
      await refused(take(0, lost), "Rollup__NoWithdrawals", [0n]);
      await other.toSlot(12);
      await other.rollup.submitEpochProof(other.epochProof(1, 1, { withdrawals: [kept] }));
      await refused(take(2, lost), "Rollup__WrongWithdrawalPath", [2n, 0n]);
      await refused(take(0, lost), "Rollup__NoWithdrawals", [0n]);
      await take(2, kept);
    });

    it("the other token's portal, and anyone else", async () => {
      await refused(withdraw(1, { portal: portals[0] }), "Rollup__WrongPortal", [1n, portals[0].target]);
      const [stranger] = await driver.connection.ethers.getSigners();
      await refused(
        driver.rollup.consumeWithdrawal(0, 1, list.length, list[1]!, merklePath(list, 1)),
        "Rollup__WrongPortal",
        [1n, stranger!.address],
      );
    });
  });

  it("pays each withdrawal once, in its token, whoever sends", async () => {
    for (let i = 0; i < list.length; ++i) {
      const token = list[i]! >> 255n === 0n ? driver.contracts.feeToken : driver.contracts.asset;
      const before = await token.balanceOf(RECIPIENT);
      expect(await driver.rollup.isWithdrawalConsumed(0, i)).to.equal(false);
      await withdraw(i);
      expect((await token.balanceOf(RECIPIENT)) - before).to.equal(100n + BigInt(i));
      expect(await driver.rollup.isWithdrawalConsumed(0, i)).to.equal(true);
      await expectRefusal(withdraw(i), driver.rollup.interface, "Rollup__WithdrawalAlreadyConsumed", [
        0n,
        BigInt(i),
      ]);
    }
    expect(await driver.contracts.feeToken.balanceOf(portals[0].target)).to.equal(1_000_000n - 203n);
    expect(await driver.contracts.asset.balanceOf(portals[1].target)).to.equal(1_000_000n - 307n);
  });

  it("opens a single withdrawal by an empty path, and many by deep ones", async () => {
    for (const count of [1, 33]) {
      const other = await funded();
      await other.propose(1, { messages: 1n });
      await other.toSlot(4);
      const words = Array.from({ length: count }, (_, i) => withdrawalWord(1n, 1n + BigInt(i), RECIPIENT));
      await other.rollup.submitEpochProof(other.epochProof(1, 1, { withdrawals: words }));
      await other.contracts.assetPortal.withdraw(
        0,
        count - 1,
        count,
        words[count - 1]!,
        merklePath(words, count - 1),
      );
      expect(await other.contracts.asset.balanceOf(RECIPIENT)).to.equal(BigInt(count));
    }
  });

  it("keeps withdrawals for good: paid long after the ring of epochs came round", async () => {
    const other = await funded();
    const [old, young] = [5n, 6n].map((amount) => withdrawalWord(1n, amount, RECIPIENT)) as [bigint, bigint];
    await other.propose(1, { messages: 1n });
    await other.toSlot(4);
    await other.rollup.submitEpochProof(other.epochProof(1, 1, { withdrawals: [old] }));
    // Epoch 8 shares the ring's word with epoch 0.
    await other.propose(33);
    await other.toSlot(36);
    await other.rollup.submitEpochProof(other.epochProof(2, 2, { withdrawals: [young] }));
    expect(await other.rollup.epochWord(0)).to.equal(await other.rollup.epochWord(8));
    const { assetPortal, asset } = other.contracts;
    await assetPortal.withdraw(8, 0, 1, young, []);
    await assetPortal.withdraw(0, 0, 1, old, []);
    expect(await asset.balanceOf(RECIPIENT)).to.equal(11n);
    for (const [epoch, word] of [
      [0, old],
      [8, young],
    ] as const)
      await expectRefusal(
        assetPortal.withdraw(epoch, 0, 1, word, []),
        other.rollup.interface,
        "Rollup__WithdrawalAlreadyConsumed",
      );
  });

  it("marks places that are 256 apart in different words", async () => {
    const other = await funded();
    await other.propose(1, { messages: 1n });
    await other.toSlot(4);
    const words = Array.from({ length: 258 }, (_, i) => withdrawalWord(1n, 1n + BigInt(i), RECIPIENT));
    await other.rollup.submitEpochProof(other.epochProof(1, 1, { withdrawals: words }));
    const take = (index: number) =>
      other.contracts.assetPortal.withdraw(0, index, 258, words[index]!, merklePath(words, index));
    const isConsumed = (...places: number[]) =>
      Promise.all(places.map((place) => other.rollup.isWithdrawalConsumed(0, place)));
    await take(0);
    await take(257);
    expect(await isConsumed(0, 1, 256, 257)).to.deep.equal([true, false, false, true]);
    await take(1);
    await take(256);
    for (const index of [0, 1, 256, 257])
      await expectRefusal(take(index), other.rollup.interface, "Rollup__WithdrawalAlreadyConsumed");
  });
});

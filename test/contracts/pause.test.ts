import { expect } from "chai";
import type { Interface } from "ethers";

import { merklePath, withdrawalWord } from "../helpers/layout.ts";
import { expectRefusal } from "../helpers/refusal.ts";
import { deployRollup, type RollupDriver } from "../helpers/rollup.ts";

const GAS = { gasLimit: 2_000_000n };
const G = [1n, 17631683881184975370165255887551781615748388533673675138860n] as const;
const RECIPIENT = "0x000000000000000000000000000000000000bEEF";

/** Slots of 72 s, epochs of 288 s, proven within one more epoch; pauses of at most 720 s, 1,296 s apart. */
describe("pause", () => {
  let abi: Interface;

  before(async () => {
    abi = (await deployRollup()).rollup.interface;
  });

  async function withBlocks(...slots: number[]): Promise<RollupDriver> {
    const driver = await deployRollup();
    for (const slot of slots) await driver.propose(slot);
    return driver;
  }

  const status = async (driver: RollupDriver) => {
    await driver.connection.networkHelpers.mine();
    return driver.rollup.status();
  };

  describe("of the council", () => {
    it("is nobody else's, to begin or to end", async () => {
      const driver = await deployRollup();
      const [stranger] = await driver.connection.ethers.getSigners();
      await driver.toSlot(1);
      await expectRefusal(driver.rollup.pause(1, GAS), abi, "Rollup__OnlyCouncil", [stranger!.address]);
      await driver.pause(2, 0n, 100n);
      await expectRefusal(driver.rollup.unpause(GAS), abi, "Rollup__OnlyCouncil", [stranger!.address]);
    });

    it("is bounded, and cannot be extended or repeated within the cool-down", async () => {
      const driver = await deployRollup();
      const council = driver.rollup.connect(driver.council);
      await driver.toSlot(0, 5n);
      await expectRefusal(council.pause(0, GAS), abi, "Rollup__PauseOutOfRange", [720n, 0n]);
      await expectRefusal(council.pause(721, GAS), abi, "Rollup__PauseOutOfRange", [720n, 721n]);
      await driver.toSecond(50n);
      const receipt = await (await council.pause(720)).wait();
      expect(abi.parseLog(receipt!.logs[0]!)!.args.toArray()).to.deep.equal([50n, 770n]);
      expect(await driver.rollup.pauseWord()).to.equal((50n << 64n) | 770n);

      for (const second of [60n, 769n, 770n, 1_345n]) {
        await driver.toSecond(second);
        await expectRefusal(council.pause(1, GAS), abi, "Rollup__PauseTooSoon", [1_346n]);
      }
      await driver.toSecond(1_346n);
      await council.pause(1);
      expect(await driver.rollup.pauseWord()).to.equal((1_346n << 64n) | 1_347n);
    });

    it("can be ended early, once, and the cool-down still counts from its start", async () => {
      const driver = await deployRollup();
      const council = driver.rollup.connect(driver.council);
      await driver.toSlot(0);
      await expectRefusal(council.unpause(GAS), abi, "Rollup__NotPaused", []);
      await driver.pause(1, 0n, 720n);
      await driver.toSecond(100n);
      const receipt = await (await council.unpause()).wait();
      expect(abi.parseLog(receipt!.logs[0]!)!.args.toArray()).to.deep.equal([100n]);
      await expectRefusal(council.unpause(GAS), abi, "Rollup__NotPaused");
      await expectRefusal(council.pause(1, GAS), abi, "Rollup__PauseTooSoon", [72n + 1_296n]);
    });

    it("begins with the chain, not before", async () => {
      const driver = await deployRollup();
      const council = driver.rollup.connect(driver.council);
      await expectRefusal(council.pause(1, GAS), abi, "Clock__BeforeGenesis");
    });

    it("does not exist where its length is 0", async () => {
      const driver = await deployRollup({ parameters: { pauseMax: 0n } });
      await driver.toSlot(1);
      const council = driver.rollup.connect(driver.council);
      await expectRefusal(council.pause(1, GAS), abi, "Rollup__PauseOutOfRange", [0n, 1n]);
    });
  });

  describe("of proofs", () => {
    it("refuses every proof from its first second to its last, and none after", async () => {
      const driver = await withBlocks(1);
      const proof = driver.epochProof(1, 1);
      await driver.pause(4, 12n, 100n);
      for (const second of [301n, 399n]) {
        await driver.toSecond(second);
        await expectRefusal(driver.rollup.submitEpochProof(proof, GAS), abi, "Rollup__Paused", [400n]);
      }
      await driver.toSecond(400n);
      await driver.rollup.submitEpochProof(proof);
      expect((await driver.rollup.status()).proven).to.equal(1n);
    });

    it("accepts at once when ended early", async () => {
      const driver = await withBlocks(1);
      await driver.pause(4, 0n, 720n);
      await driver.rollup.connect(driver.council).unpause();
      await driver.rollup.submitEpochProof(driver.epochProof(1, 1));
      expect((await driver.rollup.status()).proven).to.equal(1n);
    });

    it("changes nothing about which proofs hold: bad ones stay refused, late ones late", async () => {
      const driver = await withBlocks(1, 5);
      const errors = [abi, driver.contracts.policy.interface];
      const bad = { ...driver.epochProof(1, 1), proofs: [`0x${"11".repeat(32)}`] };
      await driver.pause(6, 0n, 10n);
      await expectRefusal(driver.rollup.submitEpochProof(bad, GAS), errors, "Rollup__Paused");
      await driver.toSecond(500n);
      await expectRefusal(driver.rollup.submitEpochProof(bad, GAS), errors, "VerifierPolicy__ProofRefused");

      const late = await withBlocks(1);
      const proof = late.epochProof(1, 1);
      await late.pause(8, 0n, 720n);
      const args = [1n, 2n];
      await expectRefusal(late.rollup.submitEpochProof(proof, GAS), abi, "Rollup__ProofDeadlinePassed", args);
      await late.rollup.connect(late.council).unpause();
      await expectRefusal(late.rollup.submitEpochProof(proof, GAS), abi, "Rollup__ProofDeadlinePassed", args);
    });
  });

  describe("of the proof's term", () => {
    /** Last epoch in which the block of slot 1 can be proven, after a pause. */
    async function deadlineAfter(start: bigint, duration: bigint, block = 1): Promise<bigint> {
      const driver = await withBlocks(block);
      await driver.toSecond(start);
      await driver.rollup.connect(driver.council).pause(duration);
      return (await status(driver)).deadlineEpoch;
    }

    it("adds its seconds at the end, rounded up to whole epochs", async () => {
      expect(await deadlineAfter(400n, 1n)).to.equal(2n);
      expect(await deadlineAfter(400n, 288n)).to.equal(2n);
      expect(await deadlineAfter(400n, 289n)).to.equal(3n);
      expect(await deadlineAfter(400n, 720n)).to.equal(4n);
    });

    it("counts from the end of the epoch: what it took from an epoch that still ran delays nothing", async () => {
      // Epoch 0 ends at second 288, epoch 1 at 576.
      expect(await deadlineAfter(100n, 188n)).to.equal(1n);
      expect(await deadlineAfter(100n, 189n)).to.equal(2n);
      expect(await deadlineAfter(400n, 176n, 5)).to.equal(2n);
      expect(await deadlineAfter(400n, 177n, 5)).to.equal(3n);
    });

    it("adds in the term's last second, and no longer at its end", async () => {
      expect(await deadlineAfter(575n, 288n)).to.equal(2n);
      expect(await deadlineAfter(576n, 288n)).to.equal(1n);
    });

    it("holds up a prune that would fall into it, and lets the proof come in the time that was left", async () => {
      const driver = await withBlocks(1);
      // One second of the term is left; 300 s are rounded up to two epochs: the deadline is the end of slot 15.
      await driver.pause(7, 71n, 300n);
      for (const second of [576n, 874n]) {
        await driver.toSecond(second);
        await expectRefusal(driver.rollup.prune(GAS), abi, "Rollup__PruneTooEarly", [3n, second / 288n]);
      }
      const { proposer } = await driver.propose(13);
      expect(proposer).to.equal(driver.proposerOf(13n).address);
      expect((await driver.rollup.status()).pending).to.equal(2n);
      await driver.toSlot(15, 71n);
      await driver.rollup.submitEpochProof(driver.epochProof(1, 1));
      expect((await driver.rollup.status()).proven).to.equal(1n);
    });

    it("ends: the prune comes when the lengthened term is over", async () => {
      const driver = await withBlocks(1);
      await driver.pause(7, 71n, 300n);
      const proof = driver.epochProof(1, 1);
      await driver.toSlot(16, 0n);
      await expectRefusal(driver.rollup.submitEpochProof(proof, GAS), abi, "Rollup__ProofDeadlinePassed", [
        3n,
        4n,
      ]);
      driver.rewind(0);
      await driver.propose(16);
      expect((await driver.rollup.status()).pending).to.equal(1n);
    });

    it("shrinks when the pause is ended early, but never to a term that is over", async () => {
      const driver = await withBlocks(1);
      await driver.pause(7, 71n, 720n);
      expect((await status(driver)).deadlineEpoch).to.equal(4n);
      await driver.toSecond(1_000n);
      await driver.rollup.connect(driver.council).unpause();
      // 425 s.
      expect((await status(driver)).deadlineEpoch).to.equal(3n);
      await driver.rollup.submitEpochProof(driver.epochProof(1, 1));
    });

    it("cannot bring back what was due: the prune goes through inside the pause", async () => {
      const driver = await withBlocks(1);
      await driver.pause(8, 0n, 720n);
      expect((await status(driver)).pending).to.equal(0n);
      driver.rewind(0);
      await driver.propose(9);
      expect((await driver.rollup.status()).pending).to.equal(1n);
    });

    it("of two pauses in a row counts each for its own epochs", async () => {
      const driver = await withBlocks(1);
      await driver.pause(4, 0n, 720n);
      expect((await status(driver)).deadlineEpoch).to.equal(4n);
      await driver.toSlot(19, 71n);
      await driver.rollup.submitEpochProof(driver.epochProof(1, 1));
      await driver.propose(20);
      // The next pause can begin at 288 + 1,296.
      await driver.toSecond(1_583n);
      const council = driver.rollup.connect(driver.council);
      await expectRefusal(council.pause(720, GAS), abi, "Rollup__PauseTooSoon", [1_584n]);
      await driver.toSecond(1_584n);
      await council.pause(720);
      // Epoch 5 ends at 1,728: 576 s of the pause are its own, two epochs.
      expect((await status(driver)).deadlineEpoch).to.equal(5n + 1n + 2n);
    });
  });

  describe("of blocks", () => {
    it("never is: they go on while the record ring has room, and again once a proof made some", async () => {
      const driver = await withBlocks(1, 2, 3, 4, 5, 6);
      await driver.pause(6, 70n, 720n);
      await driver.propose(7);
      await driver.propose(8);
      // Eight unproven blocks and the proven tip fill the nine words.
      await driver.toSlot(9);
      await expectRefusal(driver.sendPropose(driver.fields(9n)), abi, "Rollup__RecordRingFull", [8n]);
      await driver.toSlot(17);
      await driver.rollup.submitEpochProof(driver.epochProof(1, 3));
      for (const slot of [17, 18, 19]) await driver.propose(slot);
      await driver.toSlot(20);
      await expectRefusal(driver.sendPropose(driver.fields(20n)), abi, "Rollup__RecordRingFull", [8n]);
      // Every pending epoch can still be proven, the oldest record included.
      await driver.rollup.submitEpochProof(driver.epochProof(4, 7));
      await driver.rollup.submitEpochProof(driver.epochProof(8, 8));
      await driver.rollup.submitEpochProof(driver.epochProof(9, 11));
      expect((await driver.rollup.status()).proven).to.equal(11n);
    });

    it("never is at the longest pause in a ring made for it", async () => {
      const driver = await deployRollup({ parameters: { recordRing: 21n } });
      for (let slot = 1; slot <= 7; ++slot) await driver.propose(slot);
      await driver.pause(7, 71n, 720n);
      for (let slot = 8; slot <= 19; ++slot) await driver.propose(slot);
      expect((await driver.rollup.status()).pending).to.equal(19n);
      await driver.toSlot(19, 71n);
      await driver.rollup.submitEpochProof(driver.epochProof(1, 3));
    });
  });

  describe("of withdrawals", () => {
    let driver: RollupDriver;

    /** An epoch of one block with one withdrawal, proven at a second; the delay is 500 s. */
    async function prove(slot: number, second: bigint): Promise<void> {
      await driver.propose(slot, { messages: slot === 1 ? 1n : 0n });
      await driver.toSecond(second);
      const number = driver.blocks.length;
      await driver.rollup.submitEpochProof(
        driver.epochProof(number, number, { withdrawals: [withdrawalWord(1n, BigInt(number), RECIPIENT)] }),
      );
    }

    const withdraw = (number: number, epoch: number) => {
      const word = withdrawalWord(1n, BigInt(number), RECIPIENT);
      return driver.contracts.assetPortal.withdraw(epoch, 0, 1, word, merklePath([word], 0), GAS);
    };

    async function payableFrom(second: bigint, number: number, epoch: number): Promise<void> {
      await driver.toSecond(second - 1n);
      await expectRefusal(withdraw(number, epoch), abi, "Rollup__OutboxDelayNotOver", [second]);
      await driver.toSecond(second);
      await withdraw(number, epoch);
      expect(await driver.rollup.isWithdrawalConsumed(epoch, 0)).to.equal(true);
    }

    beforeEach(async () => {
      driver = await deployRollup();
      const user = driver.members[0]!;
      await driver.fund(user.address);
      await driver.approve(user);
      await driver.toSlot(0);
      await driver.contracts.assetPortal.connect(user).register(...G, 1_000_000n);
    });

    it("proven before it wait for its seconds too", async () => {
      await prove(1, 300n);
      await driver.toSecond(600n);
      await driver.rollup.connect(driver.council).pause(300);
      await driver.toSecond(850n);
      await expectRefusal(withdraw(1, 0), abi, "Rollup__OutboxDelayNotOver", [1_100n]);
      await payableFrom(1_100n, 1, 0);
    });

    it("payable before it are paid during it, to the very second", async () => {
      await prove(1, 300n);
      await driver.toSecond(800n);
      await driver.rollup.connect(driver.council).pause(300);
      await withdraw(1, 0);
      expect(await driver.rollup.isWithdrawalConsumed(0, 0)).to.equal(true);
    });

    it("one second short of payable when it begins wait one second more when it ends", async () => {
      await prove(1, 300n);
      await driver.toSecond(799n);
      await driver.rollup.connect(driver.council).pause(300);
      await payableFrom(1_100n, 1, 0);
    });

    it("proven before, between and after two pauses wait for their own", async () => {
      await prove(1, 300n);
      await driver.toSecond(600n);
      await driver.rollup.connect(driver.council).pause(200);
      await payableFrom(1_000n, 1, 0);
      await prove(17, 1_700n);
      await driver.toSecond(600n + 1_296n);
      await driver.rollup.connect(driver.council).pause(100);
      await payableFrom(2_300n, 2, 4);
      await prove(33, 2_600n);
      await payableFrom(3_100n, 3, 8);
    });

    it("wait less when it is ended early", async () => {
      await prove(1, 300n);
      await driver.toSecond(600n);
      const council = driver.rollup.connect(driver.council);
      await council.pause(700);
      await driver.toSecond(650n);
      await council.unpause();
      await payableFrom(850n, 1, 0);
    });
  });
});

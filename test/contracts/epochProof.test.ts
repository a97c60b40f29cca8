import { expect } from "chai";
import { type Interface, toBeHex, ZeroAddress, ZeroHash } from "ethers";

import { BLS_R, uncompress } from "../helpers/kzg.ts";
import {
  epochWordOf,
  type EpochWordFields,
  hashRecord,
  merkleCommitment,
  withdrawalWord,
  withLastBitmap,
  type Words7,
} from "../helpers/layout.ts";
import { expectRefusal } from "../helpers/refusal.ts";
import {
  cachedSidecar,
  deployRollup,
  type EpochProofArgs,
  NO_RECORD,
  randomWords,
  type RollupDriver,
} from "../helpers/rollup.ts";

const GAS = { gasLimit: 3_000_000n };

describe("submitEpochProof", () => {
  async function withBlocks(...slots: number[]): Promise<RollupDriver> {
    const driver = await deployRollup();
    for (const slot of slots) await driver.propose(slot);
    return driver;
  }

  describe("accepts", () => {
    it("a whole epoch, once the next one has a block; stores epoch word, Outbox word and tip", async () => {
      const driver = await withBlocks(1, 2, 3, 5);
      const withdrawals = [
        withdrawalWord(1n, 7n, driver.members[0]!.address),
        withdrawalWord(0n, 9n, ZeroAddress),
      ];
      const args = driver.epochProof(1, 3, { withdrawals, prover: driver.members[3]!.address });
      const receipt = await (await driver.rollup.submitEpochProof(args)).wait();

      const status = await driver.rollup.status();
      expect([status.pending, status.proven, status.firstUnprovenEpoch]).to.deep.equal([4n, 3n, 1n]);
      const { timestamp } = await receipt!.getBlock();
      const rewards = merkleCommitment(args.coinbaseFees);
      const participation = withLastBitmap(args.participation, 0b11111n);
      const epochWord = epochWordOf({
        epoch: 0n,
        prover: args.prover,
        timestamp: BigInt(timestamp),
        endRecordHash: hashRecord(args.end),
        rewardsRoot: rewards,
        participation,
        seedWord: 0n,
        previous: ZeroHash,
      });
      expect(await driver.rollup.epochWord(0)).to.equal(epochWord);
      const outboxWord =
        ((BigInt(merkleCommitment(withdrawals)) >> 32n) << 32n) | (BigInt(timestamp) - driver.genesisTime);
      expect(await driver.rollup.outboxWord(0)).to.equal(outboxWord);
      const event = driver.rollup.interface.parseLog(receipt!.logs[0]!)!;
      expect(event.args.toArray(true)).to.deep.equal([
        0n,
        3n,
        args.prover,
        BigInt(timestamp),
        hashRecord(args.end),
        rewards,
        participation,
        0n,
        ZeroHash,
        outboxWord,
      ]);
    });

    it("the last epoch there is, when it is over or its last slot is filled", async () => {
      const over = await withBlocks(1);
      await over.toSlot(4, 0n);
      await over.rollup.submitEpochProof(over.epochProof(1, 1));
      expect((await over.rollup.status()).proven).to.equal(1n);

      const filled = await withBlocks(1, 3);
      await filled.rollup.submitEpochProof(filled.epochProof(1, 2));
      expect((await filled.rollup.status()).proven).to.equal(2n);
    });

    it("one block, without curve precompiles", async () => {
      const driver = await withBlocks(1, 4);
      await driver.rollup.submitEpochProof(driver.epochProof(1, 1));
      expect((await driver.rollup.status()).proven).to.equal(1n);
    });

    it("empty blobs, whose commitments are the point at infinity: one, some, all", async () => {
      for (const blobs of [[[]], [[], [5n, 6n]], [[5n], []], [[], []], [[3n], [], [4n]]] as bigint[][][]) {
        const driver = await deployRollup();
        let slot = 0;
        for (const words of blobs) await driver.propose(++slot, {}, cachedSidecar(...words));
        await driver.toSlot(4);
        await driver.rollup.submitEpochProof(driver.epochProof(1, blobs.length));
        expect((await driver.rollup.status()).proven).to.equal(BigInt(blobs.length));
      }
    });

    it("points of either sign", async () => {
      const driver = await deployRollup({
        parameters: { slotsPerEpoch: 12n, recordRing: 25n, inboxRing: 72n },
      });
      const signs = new Set<boolean>();
      for (let slot = 1; slot <= 11; ++slot) {
        const sidecar = cachedSidecar(...randomWords(3));
        signs.add((sidecar.commitment[0]! & 0x20) !== 0);
        await driver.propose(slot, {}, sidecar);
      }
      await driver.rollup.submitEpochProof(driver.epochProof(1, 11));
      expect(signs.size).to.equal(2);
    });

    it("epoch after epoch, skipping those without blocks", async () => {
      const driver = await withBlocks(1, 5, 6);
      await driver.rollup.submitEpochProof(driver.epochProof(1, 1));
      await driver.toSlot(8);
      await driver.rollup.submitEpochProof(driver.epochProof(2, 3));
      await driver.propose(17);
      const status = await driver.rollup.status();
      expect([status.pending, status.proven, status.firstUnprovenEpoch]).to.deep.equal([4n, 3n, 4n]);
      await driver.toSlot(20);
      await driver.rollup.submitEpochProof(driver.epochProof(4, 4));
      expect((await driver.rollup.status()).proven).to.equal(4n);
    });

    it("epochs whose words commit to the word of the epoch proven before, a lap of the ring ago as well", async () => {
      const driver = await withBlocks(1);
      const ring = Number(driver.parameters.epochRing);
      // The second and the third share a word of the ring, and so do the first and the last.
      const epochs = [0, 2, 2 + ring, 2 * ring];
      let previous: string = ZeroHash;
      for (const [i, epoch] of epochs.entries()) {
        await driver.toSlot(4 * (epoch + 1));
        const receipt = await (await driver.rollup.submitEpochProof(driver.epochProof(i + 1, i + 1))).wait();
        const event = driver.rollup.interface.parseLog(receipt!.logs[0]!)!.args.toObject();
        expect(event["previous"]).to.equal(previous);
        previous = epochWordOf(event as unknown as EpochWordFields);
        expect(await driver.rollup.epochWord(epoch)).to.equal(previous);
        const next = epochs[i + 1];
        if (next !== undefined) await driver.propose(4 * next + 1);
      }
    });

    it("a proof of the rest after a prune took the pending blocks", async () => {
      const driver = await withBlocks(1, 2, 5);
      await driver.rollup.submitEpochProof(driver.epochProof(1, 2));
      await driver.toSlot(12, 0n);
      driver.rewind(2);
      await driver.propose(13);
      await driver.toSlot(16);
      await driver.rollup.submitEpochProof(driver.epochProof(3, 3));
      expect((await driver.rollup.status()).proven).to.equal(3n);
    });

    it("any number of withdrawals", async () => {
      for (const count of [1, 2, 3, 5, 8, 17]) {
        const driver = await withBlocks(1, 3);
        const withdrawals = Array.from({ length: count }, (_, i) =>
          withdrawalWord(BigInt(i & 1), 2n ** 95n - 1n - BigInt(i), toBeHex(i + 1, 20)),
        );
        await driver.rollup.submitEpochProof(driver.epochProof(1, 2, { withdrawals }));
        const word = await driver.rollup.outboxWord(0);
        expect(word >> 32n).to.equal(BigInt(merkleCommitment(withdrawals)) >> 32n);
      }
    });
  });

  describe("refuses, and changes nothing", () => {
    let driver: RollupDriver;
    let errors: Interface[];
    let valid: EpochProofArgs;
    let other: RollupDriver;

    before(async () => {
      driver = await withBlocks(1, 2, 3, 4);
      const withdrawals = [
        withdrawalWord(1n, 7n, driver.members[0]!.address),
        withdrawalWord(0n, 9n, ZeroAddress),
      ];
      valid = driver.epochProof(1, 3, { withdrawals });
      errors = [driver.rollup.interface, driver.contracts.policy.interface];
      other = await deployRollup({ parameters: { version: 2n } });
    });

    /** The proof stays that of the valid arguments, as a thief's would, unless `reproved`. */
    async function refused(
      name: string,
      changes: Partial<EpochProofArgs>,
      options: { reproved?: boolean; args?: readonly unknown[] } = {},
    ): Promise<void> {
      const args = { ...valid, ...changes };
      if (options.reproved) args.proofs = [driver.mockProof(args)];
      const before = await driver.snapshot();
      await expectRefusal(driver.rollup.submitEpochProof(args, GAS), errors, name, options.args);
      expect(await driver.snapshot()).to.equal(before);
    }

    const altered = (record: Words7, index: number): Words7 => {
      const copy = [...record] as Words7;
      copy[index] = copy[index]! ^ 1n;
      return copy;
    };

    it("a proof sent under another prover's name", () =>
      refused("VerifierPolicy__ProofRefused", { prover: driver.members[4]!.address }));

    it("a proof for another chain or rollup", async () => {
      for (let slot = 1; slot <= 4; ++slot) await other.propose(slot);
      const foreign = other.epochProof(1, 3, { withdrawals: valid.withdrawals });
      await refused("VerifierPolicy__ProofRefused", { proofs: foreign.proofs });
      await refused("Rollup__WrongStartRecord", foreign);
    });

    it("any public input altered", async () => {
      await refused("VerifierPolicy__ProofRefused", {
        participation: [valid.participation[0] ^ 1n, valid.participation[1]],
      });
      await refused("VerifierPolicy__ProofRefused", {
        participation: [valid.participation[0], valid.participation[1] ^ 1n],
      });
      await refused("VerifierPolicy__ProofRefused", { proofs: [toBeHex(1, 32)] });
      await refused("Rollup__OpeningRefused", { z: valid.z ^ 1n });
      await refused("Rollup__OpeningRefused", { gamma: valid.gamma ^ 1n });
      await refused("Rollup__OpeningRefused", { y: valid.y ^ 1n });
    });

    it("another start, end or next record", async () => {
      for (const i of [0, 2, 3, 5, 6]) {
        await refused("Rollup__WrongStartRecord", { start: altered(valid.start, i) });
        await refused("Rollup__WrongEndRecord", { end: altered(valid.end, i) });
        await refused("Rollup__WrongNextRecord", { next: altered(valid.next, i) });
      }
      await refused("Rollup__WrongStartRecord", { start: driver.record(1) });
      await refused("Rollup__WrongNextRecord", { next: NO_RECORD });
      await refused("Rollup__WrongNextRecord", { next: driver.record(3) });
    });

    it("a range that ends inside the epoch", async () => {
      await refused("Rollup__EpochIncomplete", driver.epochProof(1, 2), { args: [0n] });
      await refused("Rollup__EpochIncomplete", driver.epochProof(1, 1), { args: [0n] });
    });

    it("a range that runs into the next epoch", () =>
      refused("Rollup__WrongEpoch", driver.epochProof(1, 4), { args: [0n, 1n] }));

    it("a range beyond pending", () =>
      refused(
        "Rollup__BlockNotPending",
        { end: [...valid.end.slice(0, 4), 5n << 224n, ...valid.end.slice(5)] as Words7 },
        { args: [5n, 4n] },
      ));

    it("a list of another length", async () => {
      const { points, coinbaseFees } = valid;
      await refused("Rollup__WrongLength", { points: points.slice(1) }, { args: [3n, 2n, 3n] });
      await refused("Rollup__WrongLength", { coinbaseFees: coinbaseFees.slice(1) }, { args: [3n, 3n, 2n] });
      await refused("Rollup__WrongLength", { points: [...points, points[0]!] });
      await refused("Rollup__WrongLength", { points: [], coinbaseFees: [] });
    });

    it("another coinbase list: a payee, an amount, the order", async () => {
      const [a, b, c] = valid.coinbaseFees as [bigint, bigint, bigint];
      await refused("Rollup__WrongEpochHash", { coinbaseFees: [a, b, c + 1n] }, { reproved: true });
      await refused("Rollup__WrongEpochHash", { coinbaseFees: [a + (1n << 96n), b, c] }, { reproved: true });
      await refused("Rollup__WrongEpochHash", { coinbaseFees: [b, a, c] }, { reproved: true });
    });

    it("another withdrawals list: a payee, the order, one less, one more", async () => {
      const [a, b] = valid.withdrawals as [bigint, bigint];
      for (const withdrawals of [[a + 1n, b], [b, a], [a], [a, b, 0n], [0n, a, b], []]) {
        await refused("VerifierPolicy__ProofRefused", { withdrawals });
      }
    });

    it("scalars with a second name: z, gamma, y and counters beyond their range", async () => {
      const BN = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
      for (const changes of [
        { z: 1n << 248n },
        { z: valid.z + BLS_R },
        { z: valid.z + BN },
        { gamma: 1n << 128n },
        { y: BLS_R },
        { y: valid.y + BLS_R },
        { participation: [valid.participation[0] + BN, valid.participation[1]] as [bigint, bigint] },
        { participation: [valid.participation[0], valid.participation[1] + BN] as [bigint, bigint] },
      ]) {
        await refused("Rollup__ScalarOutOfRange", changes, { reproved: true });
      }
    });

    it("points that are no commitments: off the curve, negated, swapped, flags set, not canonical", async () => {
      const P =
        0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;
      const mask = (1n << 256n) - 1n;
      const split = (x: bigint, y: bigint): [bigint, bigint, bigint] => {
        const all = (x << 384n) | y;
        return [all >> 512n, (all >> 256n) & mask, all & mask];
      };
      for (const i of [0, 1, 2]) {
        const [w0, w1, w2] = valid.points[i]!;
        const all = (w0 << 512n) | (w1 << 256n) | w2;
        const [x, y] = [all >> 384n, all & ((1n << 384n) - 1n)];
        const replaced = (point: [bigint, bigint, bigint]) => ({ points: valid.points.with(i, point) });
        const sameSign = y > (P - 1n) / 2n ? y - 1n : y + 1n;
        await refused("Rollup__MalformedPoint", replaced(split(x, sameSign)));
        await refused("Rollup__WrongEpochHash", replaced(split(x, P - y)));
        await refused("Rollup__WrongEpochHash", replaced(split(x + P, y)));
        await refused("Rollup__WrongEpochHash", replaced([0n, 0n, 0n]));
        // The compression's own flags, set in x: the same hash, refused by the curve precompiles.
        await refused("Rollup__MalformedPoint", replaced([w0 | (1n << 255n), w1, w2]));
        if (y + P < 1n << 384n && y > (P - 1n) / 2n)
          await refused("Rollup__MalformedPoint", replaced(split(x, y + P)));
      }
      await refused("Rollup__WrongEpochHash", {
        points: [valid.points[1]!, valid.points[0]!, valid.points[2]!],
      });
    });

    it("another opening proof", async () => {
      await refused("Rollup__OpeningRefused", { opening: [valid.opening[0] ^ 1n, valid.opening[1]] });
      const [w0] = uncompress(cachedSidecar(9n).commitment);
      await refused("Rollup__OpeningRefused", { opening: [w0, 0n] });
    });

    it("more or fewer proofs than the policy requires", async () => {
      await refused("VerifierPolicy__WrongProofCount", { proofs: [] }, { args: [1n, 0n] });
      await refused("VerifierPolicy__WrongProofCount", { proofs: ["0x", "0x"] }, { args: [1n, 2n] });
    });

    it("a proof of what is proven: replayed, cheaply", async () => {
      await driver.rollup.submitEpochProof(valid);
      const before = await driver.snapshot();
      await expectRefusal(driver.rollup.submitEpochProof(valid, GAS), errors, "Rollup__AlreadyProven", [
        3n,
        3n,
      ]);
      expect(await driver.snapshot()).to.equal(before);
      const block = await driver.connection.ethers.provider.getBlock("latest", true);
      const receipt = await driver.connection.ethers.provider.getTransactionReceipt(block!.transactions[0]!);
      expect(receipt!.gasUsed).to.be.lessThan(75_000n);
    });

    it("an epoch that may still grow", async () => {
      await expectRefusal(
        driver.rollup.submitEpochProof(driver.epochProof(4, 4), GAS),
        errors,
        "Rollup__EpochIncomplete",
        [1n],
      );
    });

    it("an epoch whose last slot has begun and is empty", async () => {
      await driver.toSlot(7, 70n);
      await expectRefusal(
        driver.rollup.submitEpochProof(driver.epochProof(4, 4), GAS),
        errors,
        "Rollup__EpochIncomplete",
        [1n],
      );
    });

    it("to tell records of blocks before the proven one", () =>
      expectRefusal(driver.rollup.recordHash(2), errors, "Rollup__RecordUnavailable", [2n]));

    it("any proof after the deadline", async () => {
      await driver.toSlot(12, 0n);
      await expectRefusal(
        driver.rollup.submitEpochProof(driver.epochProof(4, 4), GAS),
        errors,
        "Rollup__ProofDeadlinePassed",
        [2n, 3n],
      );
      await driver.rollup.prune();
      await expectRefusal(
        driver.rollup.submitEpochProof(driver.epochProof(4, 4), GAS),
        errors,
        "Rollup__BlockNotPending",
        [4n, 3n],
      );
    });
  });
});

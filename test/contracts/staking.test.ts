import { expect } from "chai";

import {
  blsSign,
  blsVerifyAggregate,
  exitDigest,
  keyWords,
  signaturePointWords,
} from "../../protocol/bls.ts";
import { placeOf, proposerPosition, unpackSeedWord, type SeedWord } from "../../protocol/staking.ts";
import { toAddress } from "../../protocol/address.ts";
import { toSlot, toTimestamp } from "../../protocol/time.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import { bytes28, deployRegistry, type RegistryDriver, STAKE, type Words3 } from "../helpers/staking.ts";
import { expectRefusal } from "../helpers/refusal.ts";

describe("proof of stake: contract and protocol library", () => {
  let driver: RegistryDriver;

  before(async function () {
    this.timeout(120_000);
    driver = await deployRegistry({
      parameters: { bootstrapSize: 5n, committeeSize: 6n, growthRate: 3n, minChurn: 3n },
    });
  });

  it("accepts proofs of possession that the library makes", async () => {
    for (let i = 0; i < 5; i++) await driver.join();
    expect(await driver.token.balanceOf(driver.registry)).to.equal(5n * STAKE);
  });

  it("refuses a proof that the library made for another withdrawer", async () => {
    const validator = driver.newValidator();
    const args = await driver.depositArguments(validator);
    await expectRefusal(
      driver.registry.deposit.staticCall({ ...args, withdrawer: driver.registry.target }),
      driver.registry.interface,
      "ValidatorRegistry__ProofOfPossessionFailed",
      [bytes28(validator.keyHash)],
    );
  });

  it("draws the same committees and proposers over a changing set", async function () {
    this.timeout(300_000);
    const random = seededRandom("staking/committees");
    const instance = await driver.instance();
    for (let epoch = -3; epoch < 12; epoch++) {
      await driver.passTo(driver.startOf(epoch) + 1n);
      for (let i = random.below(3); i > 0; i--) await driver.join();
      if (random.below(3) === 0 && driver.replay.length > 3) {
        const now = toTimestamp(await driver.now());
        const size = driver.replay.sizeAt(now);
        if (size > 2)
          await driver.leave(driver.validators.get(driver.replay.keyAt(random.below(size), now))!);
      }
      if (epoch + 2 >= 0) await driver.fix(epoch + 2);
      if (epoch < 0) continue;

      const word = BigInt(await driver.registry.seedOf(instance, epoch)) as SeedWord;
      const selection = unpackSeedWord(word)!;
      expect(selection.freeze).to.equal(Number(driver.startOf(epoch - 3)));
      expect(selection.size).to.equal(driver.replay.sizeAt(selection.freeze));
      const expected = Array.from({ length: Math.min(selection.size, 6) }, (_, k) =>
        driver.replay.keyAt(placeOf(selection, 6, k), selection.freeze),
      );
      const { keyHashes } = await driver.committee(epoch);
      expect(keyHashes).to.deep.equal(expected);

      for (const slot of [10 * epoch, 10 * epoch + 3]) {
        const position = proposerPosition(selection, 6, toSlot(slot));
        const { proposer } = driver.validators.get(expected[position]!)!;
        const left = (await driver.registry.validatorOf(bytes28(expected[position]!))).state !== 2n;
        if (left) continue;
        const duty = await driver.registry.dutyOf(instance, slot, epoch, 0);
        expect([...duty]).to.deep.equal([proposer, BigInt(position), BigInt(keyHashes.length)]);
      }
    }
  });

  it("agrees on the next activation", async () => {
    const [activation] = await driver.registry.nextActivation(`0x${"00".repeat(20)}`);
    // The view is of the latest block.
    expect(activation).to.equal(BigInt(driver.replay.nextActivation(toTimestamp(await driver.now()))!));
  });

  it("takes an exit that the attester signs with the library", async () => {
    const now = toTimestamp(await driver.now());
    const validator = driver.validators.get(driver.replay.keyAt(0, now))!;
    const domain = { chainId: 31337n, registry: toAddress(driver.registry.target as string) };
    const signature = blsSign(validator.secret, exitDigest(validator.key, domain));
    const stranger = await driver.signer(5);
    await driver.passTo(Number(now) + 600);
    await driver.registry
      .connect(stranger)
      .initiateExitSigned(keyWords(validator.key) as Words3, signaturePointWords(signature));
    expect((await driver.registry.validatorOf(bytes28(validator.keyHash))).state).to.equal(3n);
  });

  it("checks the library's aggregates", async function () {
    this.timeout(60_000);
    const { ethers } = driver.connection;
    const probe = await ethers.deployContract("AttestationProbe");
    const committee = {
      set: driver.registry,
      instance: await driver.instance(),
      epoch: 11,
      epochStart: driver.startOf(11),
    };
    const { keyHashes } = await driver.committee(11);
    const bitmap = (1n << BigInt(keyHashes.length)) - 2n;
    const digest = new Uint8Array(32).fill(9);
    const { keys, compressed, point } = driver.aggregate(keyHashes, bitmap, digest);
    const attested = { bitmap, signature: compressed };
    expect(await probe.isValid(committee, attested, digest, keys, point)).to.equal(true);
    expect(await probe.isInvalid(committee, attested, digest, keys, point)).to.equal(false);
    const other = new Uint8Array(32).fill(8);
    expect(await probe.isInvalid(committee, attested, other, keys, point)).to.equal(true);
    const members = keyHashes.slice(1).map((hash) => driver.validators.get(hash)!.key);
    expect(
      blsVerifyAggregate(members, digest, driver.aggregateSignature(keyHashes, bitmap, digest)),
    ).to.equal(true);
  });
});

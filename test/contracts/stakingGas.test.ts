import { expect } from "chai";

import { bytes28, deployRegistry, type RegistryDriver, type Validator } from "../helpers/staking.ts";

/**
 * Steady state: a set that has changed before, a seed ring in its second lap, an account that holds the token. A set of 100
 * draws with as many rounds as one of thousands.
 */
describe("proof of stake: gas", function () {
  this.timeout(300_000);
  let driver: RegistryDriver;
  const attesters = 33;

  before(async () => {
    driver = await deployRegistry();
    for (let i = 0; i < 100; i++) await driver.join();
    for (let epoch = 0; epoch < 22; epoch++) {
      await driver.passTo(driver.startOf(epoch));
      await driver.fix(epoch);
    }
    // Changes before those that are measured.
    for (let i = 0; i < 4; i++) await driver.join();
    await driver.leave(first());
    await driver.passTo(driver.startOf(21) + 1n);
  });

  const first = (): Validator => [...driver.validators.values()][4]!;
  const some = (index: number): Validator => [...driver.validators.values()][index]!;

  it("registers a validator for at most 320k", async () => {
    const gas: bigint[] = [];
    for (let i = 0; i < 20; i++) gas.push((await driver.join()).gas);
    report("deposit", gas);
    expect(max(gas)).to.be.at.most(320_000n);
  });

  it("initiates an exit for at most 90k and finalises it for at most 80k", async () => {
    const leaving = Array.from({ length: 24 }, (_, i) => some(8 + i));
    const gas: bigint[] = [];
    for (const [i, validator] of leaving.entries()) {
      // With a queue behind the set, and without one.
      if (i % 6 === 0) await driver.passTo((await driver.now()) + (i < 12 ? 600 : 6_000));
      gas.push(await driver.leave(validator));
    }
    report("exitInitiate", gas);
    expect(max(gas)).to.be.at.most(90_000n);

    await driver.passTo((await driver.now()) + 40_000);
    const paid: bigint[] = [];
    for (const { keyHash } of leaving) {
      paid.push((await (await driver.registry.finaliseExit(bytes28(keyHash))).wait())!.gasUsed);
    }
    report("exitFinalise", paid);
    expect(max(paid)).to.be.at.most(80_000n);
  });

  it("gives a block's duty for two cold reads and the permutation", async () => {
    const epoch = 80n;
    const instance = await driver.instance();
    await driver.passTo(driver.startOf(epoch - 2n));
    await driver.fix(epoch);
    const registry = driver.registry.connect(instance);
    // Words that the ring's second lap would overwrite.
    for (const e of [epoch - 1n, epoch + 1n]) {
      await driver.passTo(driver.startOf(e - 1n));
      if (e > epoch) await driver.fix(e);
    }
    await driver.passTo(driver.startOf(epoch));
    const base = 21_000n + 16n * 12n + 4n * 88n;
    const duty = async (slot: bigint): Promise<bigint> =>
      (await (await registry.takeDuty(slot, epoch, driver.startOf(epoch))).wait())!.gasUsed - base;

    const firstBlock = await duty(10n * epoch);
    const later = [await duty(10n * epoch + 1n), await duty(10n * epoch + 2n)];
    const read = await registry.dutyOf.estimateGas(instance, 10n * epoch + 3n, epoch, driver.startOf(epoch));
    report("takeDuty, first of an epoch", [firstBlock]);
    report("takeDuty, later", later);
    report("dutyOf", [read - base - 700n]);
    expect(max(later)).to.be.at.most(9_000n);
    expect(firstBlock).to.be.at.most(18_600n);
  });

  it("checks 33 of 48 attestations for at most 358k on top of a transaction", async () => {
    const { ethers } = driver.connection;
    const probe = await ethers.deployContract("AttestationProbe");
    const epoch = 80n;
    const { keyHashes } = await driver.committee(epoch);
    expect(keyHashes).to.have.length(48);
    // Every third member is absent, until 33 are left.
    let bitmap = (1n << 48n) - 1n;
    for (let k = 0n, absent = 48 - attesters; absent > 0; k += 3n, absent--) bitmap ^= 1n << k;
    const digest = new Uint8Array(32).fill(0xab);
    const { keys, compressed, point } = driver.aggregate(keyHashes, bitmap, digest);
    const committee = {
      set: driver.registry,
      instance: await driver.instance(),
      epoch,
      epochStart: driver.startOf(epoch),
    };
    const attested = { bitmap, signature: compressed };
    expect(await probe.isValid(committee, attested, digest, keys, point)).to.equal(true);
    const valid = (await probe.isValid.populateTransaction(committee, attested, digest, keys, point)).data;
    const invalid = (await probe.isInvalid.populateTransaction(committee, attested, digest, keys, point))
      .data;
    const gas: bigint[] = [];
    for (const data of [valid, invalid]) {
      const sent = await (
        await driver.signer(0)
      ).sendTransaction({ to: probe.target, data, gasLimit: 2_000_000 });
      gas.push((await sent.wait())!.gasUsed - 21_000n);
    }
    report("aggregate of 33 of 48, valid and invalid side", gas);
    expect(gas[0]).to.be.at.most(358_000n);
  });
});

function max(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a > b ? a : b));
}

function report(name: string, gas: readonly bigint[]): void {
  const mean = gas.reduce((a, b) => a + b) / BigInt(gas.length);
  console.log(`      ${name}: ${[...gas].sort((a, b) => Number(a - b))[0]} .. ${mean} .. ${max(gas)}`);
}

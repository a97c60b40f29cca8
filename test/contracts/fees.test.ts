import { expect } from "chai";

import { exponential } from "../../protocol/fees.ts";
import { expectRefusal } from "../helpers/refusal.ts";
import { feeStateOf, hashRecord } from "../helpers/layout.ts";
import { defaults, deployRollup, type RollupDriver } from "../helpers/rollup.ts";

const FULL = { gasL2: 120_000n, gasDa: 1_024n };
const EMPTY = { gasL2: 0n, gasDa: 0n };
const ONE = 1n << 64n;

describe("Rollup: fees", function () {
  this.timeout(60_000);

  it("raises prices after full blocks and lowers them through empty slots, as the library says", async () => {
    const driver = await deployRollup();
    const first = driver.fields(1n);
    for (let slot = 1n; slot <= 3n; ++slot) {
      const block = await driver.propose(slot, { ...FULL, modifier: 0n });
      expect(await driver.rollup.recordHash(slot)).to.equal(hashRecord(block.record));
    }
    const { excessL2, excessDa } = feeStateOf(driver.tipRecord);
    expect([excessL2, excessDa]).to.deep.equal([180_000n, 1_536n]);

    const dear = driver.fields(4n);
    const factor = exponential(180_000n, 512_820n);
    expect(dear.feePerL2Gas).to.equal(first.feePerL2Gas + ((first.feePerL2Gas * (factor - ONE)) >> 64n));
    expect([...(await driver.rollup.pricesAfter(driver.tipRecord, 4n))]).to.deep.equal([
      dear.feePerL2Gas,
      dear.feePerDaGas,
    ]);
    // Two empty slots take two of three targets of excess, three take all.
    const later = driver.fields(6n);
    expect(later.feePerL2Gas < dear.feePerL2Gas && later.feePerL2Gas > first.feePerL2Gas).to.equal(true);
    expect(driver.fields(7n).feePerL2Gas).to.equal(first.feePerL2Gas);

    await driver.propose(7n, EMPTY);
    expect(feeStateOf(driver.tipRecord)).to.include({ excessL2: 0n, excessDa: 0n });
  });

  it("refuses the price of an empty network while it is full, and either price off by one", async () => {
    const driver = await deployRollup();
    const calm = driver.fields(2n);
    await driver.propose(1, { ...FULL, modifier: 0n });
    await driver.toSlot(2);
    const right = driver.fields(2n);
    const expected = [right.feePerL2Gas, right.feePerDaGas];
    for (const changes of [
      { feePerL2Gas: calm.feePerL2Gas, feePerDaGas: calm.feePerDaGas },
      { feePerL2Gas: right.feePerL2Gas + 1n },
      { feePerL2Gas: right.feePerL2Gas - 1n },
      { feePerDaGas: right.feePerDaGas + 1n },
      { feePerDaGas: right.feePerDaGas - 1n },
    ]) {
      const fields = driver.fields(2n, changes);
      await expectRefusal(
        driver.sendPropose(fields),
        driver.rollup.interface,
        "Rollup__WrongPrices",
        expected,
      );
    }
    await driver.propose(2);
  });

  it("samples L1's base fee once in five slots and counts it two slots later", async () => {
    const driver = await deployRollup();
    const { networkHelpers } = driver.connection;
    const sequencerPart = (slot: bigint): bigint => driver.fields(slot).feePerL2Gas;
    const before = sequencerPart(1n);
    for (let slot = 1n; slot <= 7n; ++slot) {
      await networkHelpers.setNextBlockBaseFeePerGas(20n * 10n ** 9n);
      const block = await driver.propose(slot, { ...EMPTY, modifier: 0n });
      expect(block.l1Fees.base).to.equal(20n * 10n ** 9n);
      expect(await driver.rollup.recordHash(slot)).to.equal(hashRecord(block.record));
      const { oracle, oracleAge } = feeStateOf(block.record);
      expect(oracle.postBase).to.equal(slot < 5n ? 10n ** 9n : 20n * 10n ** 9n);
      expect(oracleAge).to.equal(Number(slot < 5n ? slot : slot - 5n));
      // 62,000 + 37,500 L1 gas at 20 gwei instead of 1, from slot 7 on: two after the sample.
      const next = sequencerPart(slot + 1n);
      if (slot < 6n) expect(next).to.equal(before);
      else expect(Number(next) / Number(before)).to.be.within(19, 20.1);
    }
  });

  it("moves the exchange rate by the modifier; the block itself is charged at its parent's", async () => {
    const driver = await deployRollup();
    const first = driver.fields(1n);
    await driver.propose(1, { ...EMPTY, modifier: -100n });
    expect(feeStateOf(driver.tipRecord).oracle.price).to.equal(990_000_000n);
    const second = driver.fields(2n);
    expect(Number(second.feePerL2Gas) / Number(first.feePerL2Gas)).to.be.within(1.0101, 1.0102);
    await driver.propose(2, { ...EMPTY, modifier: 100n });
    expect(feeStateOf(driver.tipRecord).oracle.price).to.equal(999_900_000n);
  });

  it("binds the modifier in what the committee signs and in the record", async () => {
    const driver = await deployRollup();
    const chainHash = `0x${driver.genesis[0].toString(16).padStart(64, "0")}`;
    const coinbase = `0x${"12".repeat(20)}`;
    const digest = (modifier: bigint) => driver.rollup.attestationDigest(1n, chainHash, modifier, coinbase);
    expect(await digest(5n)).to.not.equal(await digest(6n));
    const five = await driver.propose(1, { modifier: 5n });
    const other = await deployRollup();
    const six = await other.propose(1, { modifier: 6n });
    expect(five.record[1]).to.not.equal(six.record[1]);
  });

  it("credits an epoch with what its blocks charged, to the base unit", async () => {
    const driver = await deployRollup();
    let charged = 0n;
    for (let slot = 4n; slot < 8n; ++slot) {
      const { fields } = await driver.propose(slot, slot % 2n === 0n ? FULL : { gasL2: 33_333n, gasDa: 77n });
      charged += fields.gasL2 * fields.feePerL2Gas + fields.gasDa * fields.feePerDaGas;
    }
    const fees = driver.tipRecord[6];
    const field = (shift: bigint) => (fees >> shift) & ((1n << 80n) - 1n);
    expect(field(0n) + field(80n) + field(160n)).to.equal(charged);
    expect(field(160n) > 0n).to.equal(true);
  });

  it("charges nothing into the record for a block whose transactions were all invalid", async () => {
    const driver = await deployRollup();
    await driver.propose(1, EMPTY);
    expect(driver.tipRecord[6]).to.equal(0n);
  });

  it("stops at the caps, where an epoch's sums still fit the record", async () => {
    const { fees } = defaults;
    const caps = { maxFeePerL2Gas: 2n ** 61n, maxFeePerDaGas: 2n ** 63n };
    // Excess of one full block is the most there can be; a wei of TST is dear, L1 as dear as the oracle holds.
    const dear = ((10n ** 4n) << 192n) | ((1n << 192n) - 1n);
    const driver = await deployRollup({
      parameters: {
        fees: { ...fees, ...caps, fractionL2: 1n, fractionDa: 1n, oracleLifetime: 65_535n },
        initialOracle: dear,
      },
    });
    for (let slot = 4n; slot < 8n; ++slot) {
      const block = await driver.propose(slot, { ...FULL, modifier: -100n });
      expect([block.fields.feePerL2Gas, block.fields.feePerDaGas]).to.deep.equal([
        caps.maxFeePerL2Gas,
        caps.maxFeePerDaGas,
      ]);
      expect(await driver.rollup.recordHash(block.number)).to.equal(hashRecord(block.record));
    }
    const charged = 4n * (FULL.gasL2 * caps.maxFeePerL2Gas + FULL.gasDa * caps.maxFeePerDaGas);
    const word = driver.tipRecord[6];
    const field = (shift: bigint) => (word >> shift) & ((1n << 80n) - 1n);
    expect(field(0n) + field(80n) + field(160n)).to.equal(charged);
    expect(word >> 240n).to.equal(0n);
  });

  it("costs the proposer the same gas in congestion as without", async () => {
    // A full block brings the excess from nothing to its greatest, an empty one back.
    const fees = { ...defaults.fees, fractionL2: 3_750n, fractionDa: 32n };
    const driver = await deployRollup({ parameters: { fees } });
    const calm: bigint[] = [];
    const full: bigint[] = [];
    for (let slot = 1n; slot <= 7n; ++slot) {
      const congested = feeStateOf(driver.tipRecord).excessL2 !== 0n;
      if (congested) expect(feeStateOf(driver.tipRecord).excessL2).to.equal(60_000n);
      const gas = await gasOf(driver, slot, congested ? EMPTY : FULL);
      // An epoch's first block does more.
      if (slot > 4n) (congested ? full : calm).push(gas);
    }
    const difference = Math.max(...full.map(Number)) - Math.min(...calm.map(Number));
    expect(Math.abs(difference)).to.be.below(300);
  });
});

async function gasOf(driver: RollupDriver, slot: bigint, gas: typeof FULL): Promise<bigint> {
  const { hash } = await driver.propose(slot, gas);
  return (await driver.connection.ethers.provider.getTransactionReceipt(hash))!.gasUsed;
}

import { expect } from "chai";
import {
  type BaseContract,
  decodeBytes32String,
  getCreateAddress,
  type Result,
  toBeHex,
  ZeroAddress,
} from "ethers";
import { globalOptions } from "hardhat";

import { refusal } from "../helpers/refusal.ts";
import { defaults, deployRollup, type RollupParameters } from "../helpers/rollup.ts";

const MAX_CODE = 24_576;

describe("Rollup deployment", () => {
  it("tells its parameters and addresses", async () => {
    const driver = await deployRollup();
    const { rollup, feePortal, assetPortal, feeToken, asset, policy, validatorSet } = driver.contracts;
    const config = await rollup.config();
    const { fees, ...numbers } = driver.parameters;
    for (const [name, value] of Object.entries(numbers))
      expect(Reflect.get(config, name), name).to.equal(value);
    for (const [name, value] of Object.entries(fees)) {
      expect(Reflect.get(config.fees, name), name).to.equal(value);
    }
    expect(config.genesisTime).to.equal(driver.genesisTime);
    expect(config.council).to.equal(driver.council.address);
    expect(config.validatorSet).to.equal(validatorSet.target);
    expect(config.verifierPolicy).to.equal(policy.target);
    expect([await feePortal.token(), await feePortal.rollup()]).to.deep.equal([
      feeToken.target,
      rollup.target,
    ]);
    expect([await assetPortal.token(), await assetPortal.rollup()]).to.deep.equal([
      asset.target,
      rollup.target,
    ]);
    expect([config.feeToken, config.asset]).to.deep.equal([feeToken.target, asset.target]);
  });

  it("tells time, duties and prices", async () => {
    const { rollup, genesisTime, genesis, members } = await deployRollup();
    expect(await rollup.slotAt(genesisTime + 143n)).to.equal(1n);
    expect(await rollup.epochOf(7n)).to.equal(1n);
    expect(await rollup.startOf(5n)).to.equal(genesisTime + 360n);
    expect([...(await rollup.proposerOf(6n))]).to.deep.equal([members[1]!.address, 1n, 5n]);
    // 99,500 L1 gas at 1 gwei over 60,000, a blob at 1 wei over 512, TST at a thousandth of an ETH.
    expect([...(await rollup.pricesAfter(genesis, 1n))]).to.deep.equal([1_668_333_333_334n, 256_000n]);
    expect((await refusal(rollup.pricesAfter(genesis, 0n), rollup.interface)).name).to.equal(
      "Rollup__SlotTaken",
    );
    expect((await refusal(rollup.slotAt(genesisTime - 1n), rollup.interface)).name).to.equal(
      "Clock__BeforeGenesis",
    );
  });

  it("refuses every parameter that later arithmetic could trip over", async () => {
    const BN254_R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
    const cases: [string, Partial<RollupParameters>][] = [
      ["genesisRoot", { genesisRoot: BN254_R }],
      ["slotDuration", { slotDuration: 0n }],
      ["slotsPerEpoch", { slotsPerEpoch: 0n }],
      ["slotsPerEpoch", { slotsPerEpoch: 256n }],
      ["proofSubmissionEpochs", { proofSubmissionEpochs: 0n }],
      ["recordRing", { recordRing: 8n }],
      ["recordRing", { recordRing: 2n ** 32n }],
      ["epochRing", { epochRing: 1n }],
      ["maxMessages", { maxMessages: 0n }],
      ["inboxRing", { inboxRing: 23n }],
      ["gas limit", { maxL2Gas: 2n ** 32n }],
      ["gas limit", { maxDaGas: 2n ** 32n }],
      ["targetL2", { fees: { ...defaults.fees, targetL2: 120_001n } }],
      ["targetDa", { fees: { ...defaults.fees, targetDa: 0n } }],
      ["maxFeePerL2Gas", { fees: { ...defaults.fees, maxFeePerL2Gas: 2n ** 64n } }],
      ["maxFeePerDaGas", { fees: { ...defaults.fees, maxFeePerDaGas: 2n ** 64n } }],
      ["epoch fees", { fees: { ...defaults.fees, maxFeePerL2Gas: 2n ** 62n } }],
      ["oracleLag", { fees: { ...defaults.fees, oracleLag: 6n } }],
      ["initialOracle", { initialOracle: 0n }],
      ["initialOracle", { initialOracle: defaults.initialOracle + ((10n ** 17n) << 192n) }],
      ["maxModifier", { maxModifier: 10_000n }],
      ["messageDeadline", { messageDeadline: 2n ** 32n }],
      ["outboxDelay", { outboxDelay: 2n ** 32n }],
      ["forcedFeePerL2Gas", { forcedFeePerL2Gas: 2n ** 64n }],
      ["minimumFeeRegistration", { minimumFeeRegistration: 2n ** 95n }],
      ["minimumAssetRegistration", { minimumAssetRegistration: 2n ** 95n }],
      ["proofSubmissionEpochs", { proofSubmissionEpochs: 2n ** 16n }],
      ["epochRing", { epochRing: 2n ** 32n }],
      ["maxMessages", { maxMessages: 2n ** 16n }],
      ["inboxRing", { inboxRing: 2n ** 32n }],
      ["pauseMax", { pauseMax: 2n ** 32n }],
      // The longest pause and then a proof's term, 576 s, or a longer delay.
      ["pauseCooldown", { pauseCooldown: 720n + 575n }],
      ["pauseCooldown", { pauseCooldown: 720n + 599n, outboxDelay: 600n }],
      ["pauseCooldown", { pauseCooldown: 2n ** 64n }],
      // Nobody to check what the window asks for.
      ["attestationChallengeWindow", { attestationChallengeWindow: 1n }],
    ];
    const { rollup } = await deployRollup();
    for (const [parameter, parameters] of cases) {
      const error = await refusal(deployRollup({ parameters }), rollup.interface);
      expect(error.name).to.equal("Rollup__InvalidConfig");
      expect(decodeBytes32String(error.args[0] as string)).to.equal(parameter);
    }
  });

  it("refuses addresses without code", async () => {
    const driver = await deployRollup();
    const config = (await driver.rollup.config()) as unknown as Result;
    for (const name of [
      "validatorSet",
      "verifierPolicy",
      "feeToken",
      "asset",
      "rewards",
      "aggregateChallenge",
    ]) {
      const attempt = driver.connection.ethers.deployContract("Rollup", [
        { ...config.toObject(true), [name]: toBeHex(0xdead, 20) },
      ]);
      const error = await refusal(attempt, driver.rollup.interface);
      expect(decodeBytes32String(error.args[0] as string)).to.equal(name);
    }
  });

  it("refuses a challenge contract that is bound to another Rollup or validator set", async () => {
    const driver = await deployRollup();
    const { ethers } = driver.connection;
    const config = ((await driver.rollup.config()) as unknown as Result).toObject(true);
    const [deployer] = await ethers.getSigners();
    const attempt = async (rollup: string | undefined, validatorSet: unknown) => {
      const from = deployer!.address;
      const next = getCreateAddress({ from, nonce: (await deployer!.getNonce()) + 1 });
      const none = { registry: ZeroAddress, token: ZeroAddress, slashAmount: 0, reward: 0, reserve: 0 };
      const aggregateChallenge = await ethers.deployContract("AggregateChallenge", [
        { rollup: rollup ?? next, validatorSet, ...none },
      ]);
      return ethers.deployContract("Rollup", [{ ...config, aggregateChallenge }]);
    };
    const { validatorSet, policy } = driver.contracts;
    for (const [rollup, set] of [
      [driver.rollup.target as string, validatorSet],
      [undefined, policy],
    ] as const) {
      const error = await refusal(attempt(rollup, set), driver.rollup.interface);
      expect(decodeBytes32String(error.args[0] as string)).to.equal("aggregateChallenge");
    }
    const bound = await attempt(undefined, validatorSet);
    expect((await bound.config()).aggregateChallenge).to.not.equal(ZeroAddress);
  });

  it("leaves every contract under the size limit", async function () {
    // Instrumented code is larger.
    if (globalOptions.coverage) this.skip();
    const driver = await deployRollup();
    for (const [name, contract] of Object.entries(driver.contracts) as [string, BaseContract][]) {
      const code = await driver.connection.ethers.provider.getCode(contract.target);
      expect((code.length - 2) / 2, name).to.be.lessThan(MAX_CODE);
    }
  });
});

describe("NetworkToken", () => {
  it("is minted by its minter alone, and burned by its holders", async () => {
    const { contracts, connection } = await deployRollup();
    const [deployer, stranger] = await connection.ethers.getSigners();
    const token = contracts.feeToken;
    const error = await refusal(token.connect(stranger).mint(stranger!.address, 1n), token.interface);
    expect(error.name).to.equal("NetworkToken__OnlyMinter");
    expect(await token.minter()).to.equal(deployer!.address);
    await token.mint(stranger!.address, 7n);
    expect(await token.balanceOf(stranger!.address)).to.equal(7n);
    const before = await token.totalSupply();
    await token.burn(5n);
    expect(await token.totalSupply()).to.equal(before - 5n);
  });
});

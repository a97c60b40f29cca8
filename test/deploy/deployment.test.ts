import { expect } from "chai";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import hre from "hardhat";

import { checkDeployment } from "../../deploy/checkDeployment.ts";
import { deploySuite } from "../../deploy/deploySuite.ts";
import {
  deploymentFile,
  readDeployment,
  suiteOf,
  writeDeployment,
  type Deployment,
} from "../../deploy/deployment.ts";
import { DeployError } from "../../deploy/errors.ts";
import { LOCAL_ACCOUNTS, localAddress, localMembers } from "../../deploy/localAccounts.ts";
import { loadPreset } from "../../deploy/presets.ts";
import { rollupConfig } from "../../deploy/rollupConfig.ts";
import type { Suite } from "../../deploy/suite.ts";
import { verifierOf } from "../../deploy/verifiers.ts";
import { isDevelopmentVerifier } from "../../deploy/verifierGuard.ts";

const SEPOLIA = 11155111;
const preset = loadPreset("localPermissioned");
const verifier = verifierOf("local");
const readArtifact = (name: string) => hre.artifacts.readArtifact(name);

async function deploy({ chainId = 31337, chainIds = preset.chainIds, owned = false } = {}) {
  const { ethers } = await hre.network.create({ network: "default", override: { chainId } });
  const [deployer, other] = await ethers.getSigners();
  const owner = (owned ? deployer! : other!).address;
  const parameters = {
    preset: { ...preset, chainIds },
    network: "test",
    deployer: deployer!,
    owner,
    members: localMembers(),
    verifier,
    readArtifact,
  };
  return { deployment: await deploySuite(parameters), ethers, owner, deployer: deployer!.address };
}

async function refusalOf(promise: Promise<unknown>): Promise<DeployError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DeployError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("deployment", () => {
  let done: Awaited<ReturnType<typeof deploy>>;
  before(async () => (done = await deploy()));

  it("deploys the suite with no transaction over 2^24 gas and 30M gas in all", () => {
    const gas = done.deployment.transactions.map(({ gasUsed }) => gasUsed);
    expect(Math.max(...gas)).to.be.below(2 ** 24);
    expect(gas.reduce((sum, one) => sum + one, 0)).to.be.below(30_000_000);
  });

  it("leaves the deployer without power", async () => {
    const { deployment, ethers, owner, deployer } = done;
    const token = await ethers.getContractAt("NetworkToken", deployment.addresses.token);
    expect(await token.minter()).to.equal(deployment.addresses.incentives);
    const incentives = await ethers.getContractAt("Incentives", deployment.addresses.incentives);
    expect(await incentives.owner()).to.equal(owner);
    const { rewardDistributor } = deployment.addresses;
    const distributor = await ethers.getContractAt("RewardDistributor", rewardDistributor);
    expect(await distributor.owner()).to.equal(owner);
    expect(await token.balanceOf(deployer)).to.equal(0n);
    const set = await ethers.getContractAt("PermissionedValidatorSet", deployment.addresses.validatorSet);
    expect(await set.owner()).to.equal(owner);
    const rollup = await ethers.getContractAt("Rollup", deployment.addresses.rollup);
    expect((await rollup.config()).council).to.equal(deployment.council);
    expect(deployment.council).to.equal(localAddress(LOCAL_ACCOUNTS.treasury));
  });

  it("lets the market alone spend prover pots", async () => {
    const { deployment, ethers } = done;
    const { market, proofSubmitter, rewards, rollup } = deployment.addresses;
    const pots = await ethers.getContractAt("Rewards", rewards);
    expect((await pots.config()).market).to.equal(market);
    const contract = await ethers.getContractAt("ProofMarket", market);
    expect([await contract.rollup(), await contract.pot()]).to.deep.equal([rollup, rewards]);
    const submitter = await ethers.getContractAt("ProofSubmitter", proofSubmitter);
    expect(await submitter.market()).to.equal(market);
  });

  it("keeps the block of the Rollup, where a sync begins, not of what came after", async () => {
    const { deployment, ethers } = done;
    const { hash } = deployment.transactions.find(({ contract }) => contract === "Rollup")!;
    expect((await ethers.provider.getTransactionReceipt(hash))!.blockNumber).to.equal(deployment.block);
  });

  it("binds each portal to the Rollup and its token", async () => {
    const { deployment, ethers } = done;
    const { rollup, token, asset, feePortal, assetPortal } = deployment.addresses;
    for (const [portal, held] of [
      [feePortal, token],
      [assetPortal, asset],
    ] as const) {
      const contract = await ethers.getContractAt("FeePortal", portal);
      expect(await contract.rollup()).to.equal(rollup);
      expect(await contract.token()).to.equal(held);
    }
  });

  it("recognises the development reference string in the verifier's code", async () => {
    expect(isDevelopmentVerifier((await readArtifact(verifier.contract)).deployedBytecode)).to.equal(true);
    expect(isDevelopmentVerifier((await readArtifact("Rollup")).deployedBytecode)).to.equal(false);
  });

  it("refuses a verifier made on the development reference string on a public chain, before anything is sent", async () => {
    const error = await refusalOf(deploy({ chainId: SEPOLIA, chainIds: [SEPOLIA] }));
    expect(error.code).to.equal("DEVELOPMENT_VERIFIER");
    expect(error.message).to.match(/npm run circuits/);
  });

  it("refuses a chain that the preset does not name", async () => {
    expect((await refusalOf(deploy({ chainId: SEPOLIA }))).code).to.equal("CHAIN_NOT_IN_PRESET");
  });

  it("refuses a deployer without ETH", async () => {
    const { ethers } = await hre.network.create("default");
    const deployer = ethers.Wallet.createRandom(ethers.provider);
    const refused = deploySuite({
      preset,
      network: "test",
      deployer,
      owner: deployer.address,
      members: localMembers(),
      verifier,
      readArtifact,
    });
    expect((await refusalOf(refused)).code).to.equal("NO_FUNDS");
  });

  it("refuses an asset that is no contract, before anything is sent", async () => {
    const { ethers } = await hre.network.create("default");
    const [deployer] = await ethers.getSigners();
    const refused = deploySuite({
      preset: { ...preset, asset: { address: "0x000000000000000000000000000000000000dEaD" } },
      network: "test",
      deployer: deployer!,
      owner: deployer!.address,
      members: localMembers(),
      verifier,
      readArtifact,
    });
    expect((await refusalOf(refused)).code).to.equal("ASSET_INVALID");
    expect(await deployer!.getNonce()).to.equal(0);
  });

  it("notices when the chain is not what the preset says", async () => {
    const { deployment, ethers, owner, deployer } = done;
    const suite = await suiteOf(deployment, readArtifact);
    const surroundings = { ...suite.surroundings, owner: deployer, council: owner };
    const other: Suite = {
      ...suite,
      preset: { ...preset, slotSeconds: 5 },
      owner: deployer,
      members: [],
      surroundings,
      verifier: { ...verifier, verificationKeyHash: `0x${"12".repeat(32)}` },
    };
    const code = await ethers.provider.getCode(deployment.addresses.token);
    await ethers.provider.send("hardhat_setCode", [deployment.addresses.verifier, code]);
    const error = await refusalOf(checkDeployment({ suite: other, provider: ethers.provider, readArtifact }));
    expect(error.message)
      .to.match(/slotDuration is 4, not 5/)
      .and.match(/Rollup.config.council is/)
      .and.match(/owner of the validator set/)
      .and.match(/code of the verifier is another/)
      .and.match(/key hash in the verifier's code is missing/)
      .and.match(/RewardDistributor.owner is/)
      .and.match(/ProofMarket.owner is/);
  });
});

describe("deployment's check", () => {
  it("compares every field of the Rollup's configuration", async () => {
    const { deployment, ethers } = await deploy();
    const other = {
      ...preset,
      price: { ...preset.price, ethPerToken: preset.price.ethPerToken + 1n },
      fees: { ...preset.fees, forcedFeePerL2Gas: preset.fees.forcedFeePerL2Gas + 1n },
    };
    const suite = await suiteOf(deployment, readArtifact);
    const { interface: abi } = await ethers.getContractAt("Rollup", deployment.addresses.rollup);
    const fields = abi.getFunction("config").outputs[0]!.components!.map(({ name }) => name);
    expect(Object.keys(rollupConfig(preset, suite.surroundings))).to.have.members(fields);
    const error = await refusalOf(
      checkDeployment({ suite: { ...suite, preset: other }, provider: ethers.provider, readArtifact }),
    );
    const named = [...error.message.matchAll(/Rollup\.config\.(\w+) is/g)].map(([, name]) => name);
    expect(named).to.have.members(["initialOracle", "forcedFeePerL2Gas"]);
  });
});

describe("deployment record", () => {
  let folder: string;
  let deployment: Deployment;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "calpulli-"));
    ({ deployment } = await deploy());
  });
  after(() => rmSync(folder, { recursive: true }));

  it("reads back what was written, and writes a report beside it", () => {
    writeDeployment(deployment, folder);
    expect(readDeployment("test", folder)).to.deep.equal(deployment);
    expect(readFileSync(join(folder, "test", "report.md"), "utf8")).to.include(deployment.addresses.rollup);
  });

  it("says how to make a record that is missing", () => {
    expect(() => readDeployment("nowhere", folder)).to.throw(
      DeployError,
      /npx hardhat deploy --network nowhere/,
    );
  });

  it("refuses a record that was cut or altered", () => {
    const file = deploymentFile("test", folder);
    const text = readFileSync(file, "utf8");
    writeFileSync(file, text.slice(0, 100));
    expect(() => readDeployment("test", folder)).to.throw(DeployError, /not a valid record/);
    writeFileSync(file, text.replace(/"slotSeconds": \d+/, '"slotSeconds": -1'));
    expect(() => readDeployment("test", folder)).to.throw(DeployError, /slotSeconds/);
  });
});

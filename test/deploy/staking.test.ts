import { expect } from "chai";
import hre from "hardhat";

import { checkDeployment } from "../../deploy/checkDeployment.ts";
import { deploySuite, type DeployParameters } from "../../deploy/deploySuite.ts";
import { suiteOf } from "../../deploy/deployment.ts";
import { DeployError } from "../../deploy/errors.ts";
import { localMembers, localValidator } from "../../deploy/localAccounts.ts";
import { deployStakedLocal, moveToGenesis } from "../../deploy/localStaking.ts";
import { loadPreset, type Preset } from "../../deploy/presets.ts";
import { describeDeployment } from "../../deploy/report.ts";
import { verifierOf } from "../../deploy/verifiers.ts";
import { blsPublicKey, keyHash, keyHashWord } from "../../protocol/bls.ts";

const preset = loadPreset("local");
const readArtifact = (name: string) => hre.artifacts.readArtifact(name);
const EPOCH = preset.slotSeconds * preset.epochSlots;

async function suite(changes: Partial<DeployParameters> & { preset?: Preset } = {}) {
  const { ethers } = await hre.network.create("default");
  const [deployer, owner] = await ethers.getSigners();
  const parameters: DeployParameters = {
    preset,
    network: "test",
    deployer: deployer!,
    owner: owner!.address,
    verifier: verifierOf("local"),
    readArtifact,
    ...changes,
  };
  const deployment = await deploySuite(parameters);
  const registry = await ethers.getContractAt("ValidatorRegistry", deployment.addresses.validatorSet);
  return { deployment, ethers, registry, owner: owner!.address, deployer: deployer!.address };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DeployError) return error.code;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("deployment with staked validators", () => {
  let done: Awaited<ReturnType<typeof suite>>;
  before(async () => (done = await suite()));

  it("makes the Rollup the registry's canonical instance, on the Rollup's own clock", async () => {
    const { deployment, registry } = done;
    const { rollup } = deployment.addresses;
    expect(await registry.canonicalInstance()).to.equal(rollup);
    const { genesis, epochDuration } = await registry.instanceOf(rollup);
    expect(genesis).to.equal(BigInt(deployment.genesisTime));
    expect(epochDuration).to.equal(BigInt(EPOCH));
  });

  it("leaves the deployer without power over the registry from its first block on", async () => {
    const { ethers, registry, owner, deployer } = done;
    expect(await registry.owner()).to.equal(owner);
    const events = await registry.queryFilter(registry.filters.OwnershipTransferred);
    expect(events.map(({ args }) => args.newOwner)).to.deep.equal([owner]);
    await expect(registry.addInstance(deployer, 2_000_000_000, 60, ethers.ZeroAddress))
      .to.be.revertedWithCustomError(registry, "OwnableUnauthorizedAccount")
      .withArgs(deployer);
  });

  it("sets genesis late enough for the first set to be frozen, and says so when it is chosen too early", async () => {
    const { deployment, ethers } = done;
    const created = await ethers.provider.getBlock(deployment.block);
    const { genesisDelaySeconds } = preset.validators as { genesisDelaySeconds: number };
    expect(deployment.genesisTime).to.be.within(
      created!.timestamp + genesisDelaySeconds - 60,
      created!.timestamp + genesisDelaySeconds,
    );
    expect(await codeOf(suite({ genesisTime: created!.timestamp + 3 * EPOCH }))).to.equal("GENESIS_TOO_SOON");
  });

  it("takes no list of members", async () => {
    expect(await codeOf(suite({ members: localMembers() }))).to.equal("MEMBERS_INVALID");
  });

  it("says in its report who may be a validator", () => {
    expect(describeDeployment(done.deployment)).to.match(
      /validators \| staked, at least 100.0 TST each, 4 in a committee/,
    );
  });

  it("notices every parameter of the registry that is not the preset's", async () => {
    const { deployment, ethers } = done;
    const validators = preset.validators;
    if (validators.kind !== "staked") throw new Error("not staked");
    const { churn } = validators;
    const other: Preset = {
      ...preset,
      validators: {
        ...validators,
        minimumStake: validators.minimumStake + 1n,
        exitDelaySeconds: validators.exitDelaySeconds + 1,
        evidenceWindowSeconds: validators.evidenceWindowSeconds + 1,
        committeeSize: 5,
        seedRing: validators.seedRing + 1,
        churn: {
          windowSeconds: churn.windowSeconds + 1,
          bootstrapSize: churn.bootstrapSize + 1,
          growthSize: churn.growthSize + 1,
          growthRate: churn.growthRate + 1,
          quotient: churn.quotient + 1,
          minRate: churn.minRate + 1,
          maxRate: churn.maxRate + 1,
        },
      },
    };
    const { addresses, genesisTime } = deployment;
    const composed = await suiteOf(deployment, readArtifact);
    const check = (wanted: Preset, changes: object = {}) =>
      checkDeployment({
        suite: { ...composed, preset: wanted, surroundings: { ...composed.surroundings, ...changes } },
        provider: ethers.provider,
        readArtifact,
      }).then(
        () => "",
        (error: unknown) => (error as Error).message,
      );
    const named = [...(await check(other)).matchAll(/ValidatorRegistry\.(\w+) is/g)].map(([, n]) => n);
    expect(named).to.have.members([
      "minimumStake",
      "exitDelay",
      "evidenceWindow",
      "committeeSize",
      "seedRing",
      "churnWindow",
      "bootstrapSize",
      "growthSize",
      "growthRate",
      "churnQuotient",
      "minChurn",
      "maxChurn",
    ]);
    expect(await check(preset, { genesisTime: genesisTime + 1, token: addresses.asset }))
      .to.match(/ValidatorRegistry.instanceOf.genesis is/)
      .and.match(/ValidatorRegistry.token is/);
  });
});

describe("deployment of a permissioned preset", () => {
  const permissioned = loadPreset("localPermissioned");

  it("needs members", async () => {
    expect(await codeOf(suite({ preset: permissioned }))).to.equal("MEMBERS_INVALID");
  });

  it("notices other members than the list's", async () => {
    const { deployment, ethers, deployer } = await suite({
      preset: permissioned,
      members: localMembers(),
    });
    const members = [{ proposer: deployer, keyHash: keyHashWord(keyHash(blsPublicKey(77n))) }];
    const composed = await suiteOf(deployment, readArtifact);
    const refused = checkDeployment({
      suite: { ...composed, members },
      provider: ethers.provider,
      readArtifact,
    });
    const message = await refused.then(String, (error: unknown) => (error as Error).message);
    expect(message)
      .to.match(/proposer of member 0 is/)
      .and.match(/key hash of member 0 is/);
  });

  it("wants a contract as owner where the preset says so", async () => {
    const multisig = { ...permissioned, ownerIsContract: true };
    expect(await codeOf(suite({ preset: multisig, members: localMembers() }))).to.equal("OWNER_INVALID");
    const { ethers } = await hre.network.create("default");
    const [deployer] = await ethers.getSigners();
    const owner = await ethers.deployContract("MockVerifier");
    const { council } = await deploySuite({
      preset: { ...multisig, council: "owner" },
      network: "test",
      deployer: deployer!,
      owner: await owner.getAddress(),
      members: localMembers(),
      verifier: verifierOf("local"),
      readArtifact,
    });
    expect(council).to.equal(await owner.getAddress());
  });
});

describe("staked network of one machine", () => {
  it("has its validators active and the seeds of two epochs fixed at genesis", async function () {
    this.timeout(60_000);
    const { ethers } = await hre.network.create("default");
    const [deployer] = await ethers.getSigners();
    const began = (await ethers.provider.getBlock("latest"))!.timestamp;
    const deployment = await deployStakedLocal({
      preset,
      network: "test",
      deployer: deployer!,
      provider: ethers.provider,
      readArtifact,
      validators: 6,
    });
    await moveToGenesis(ethers.provider, deployment);
    const now = (await ethers.provider.getBlock("latest"))!.timestamp;
    expect(now).to.equal(deployment.genesisTime);
    expect(now - began).to.be.at.most(120);

    const { validatorSet, rollup } = deployment.addresses;
    const registry = await ethers.getContractAt("ValidatorRegistry", validatorSet);
    const expected = Array.from({ length: 6 }, (_, i) => localValidator(i));
    for (const epoch of [0, 1]) {
      const start = deployment.genesisTime + epoch * EPOCH;
      const [proposers, keyHashes] = await registry.committeeOf(rollup, epoch, start);
      expect(proposers).to.have.length(4);
      for (const [position, proposer] of proposers.entries()) {
        const member = expected.find(({ proposer: { address } }) => address === proposer)!;
        expect(keyHashes[position]).to.equal(keyHashWord(keyHash(blsPublicKey(member.attesterSecret))));
      }
      for (const slot of [0, 1])
        expect(proposers).to.include(
          (await registry.dutyOf(rollup, slot + 2 * epoch, epoch, start)).proposer,
        );
    }
    // The sixth queued behind the bootstrap set for a window.
    expect(await registry.sizeAt(ethers.ZeroAddress, now)).to.equal(6n);
    await moveToGenesis(ethers.provider, deployment);
    expect((await ethers.provider.getBlock("latest"))!.timestamp).to.equal(now);
  });

  it("says when too few deposit for a set to be active", async function () {
    this.timeout(60_000);
    const { ethers } = await hre.network.create("default");
    const [deployer] = await ethers.getSigners();
    const refused = deployStakedLocal({
      preset,
      network: "test",
      deployer: deployer!,
      provider: ethers.provider,
      readArtifact,
      validators: 4,
    });
    expect(await codeOf(refused)).to.equal("GENESIS_TOO_SOON");
  });
});

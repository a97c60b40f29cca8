import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Contract } from "ethers";

import { checkCommand, inspectRecord, type CheckResult } from "../../deploy/checkCommand.ts";
import { deploymentFile, type Deployment } from "../../deploy/deployment.ts";
import { localMembers } from "../../deploy/localAccounts.ts";
import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { type PublicNetwork, refusalOf, runDeploy, startPublicNetwork } from "./support/publicNetwork.ts";

describe("Check of a deployment's record", function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  let network: PublicNetwork;
  let deployment: Deployment;
  let snapshot: unknown;

  before(async () => {
    network = await startPublicNetwork();
    const members = join(folder.path, "members.json");
    writeFileSync(members, JSON.stringify(localMembers()));
    ({ deployment } = await runDeploy(network, {
      record: folder.path,
      members,
      owner: await ownerOf(network),
    }));
  });
  after(async () => {
    await network.stop();
    folder.remove();
  });
  beforeEach(async () => (snapshot = await network.rpc("evm_snapshot")));
  afterEach(async () => {
    await network.rpc("evm_revert", snapshot);
  });

  const readArtifact = (name: string) => network.hre.artifacts.readArtifact(name);
  const failed = async (changes: Partial<Deployment> = {}) => {
    const all = await inspectRecord({ ...deployment, ...changes }, network.provider, readArtifact);
    return all.filter(({ holds }) => !holds);
  };
  /** A call by the owner, who is nobody's key here. */
  const asOwner = async (contract: string, address: string, method: string, ...args: unknown[]) => {
    const { interface: abi } = new Contract(address, (await readArtifact(contract)).abi);
    await network.rpc("anvil_impersonateAccount", deployment.owner);
    await network.rpc("anvil_setBalance", deployment.owner, "0xde0b6b3a7640000");
    const data = abi.encodeFunctionData(method, args);
    const hash = await network.rpc("eth_sendTransaction", { from: deployment.owner, to: address, data });
    const receipt = await network.provider.getTransactionReceipt(String(hash));
    expect(receipt!.status).to.equal(1);
  };

  it("finds over 190 assertions, and all of them hold", async () => {
    const all = await inspectRecord(deployment, network.provider, readArtifact);
    expect(all.filter(({ holds }) => !holds)).to.deep.equal([]);
    expect(all.length).to.be.greaterThan(190);
    const names = all.map(({ what }) => what);
    for (const what of [
      "code of rollup",
      "code of FeePortal",
      "Rollup.config.genesisRoot",
      "ProofMarket.parameters.verifierKeyHash",
      "power of the deployer",
      "creation of rewards: hash of code and arguments",
      "address of rollup",
      "record's genesisTime",
    ])
      expect(names).to.include(what);
  });

  it("tells what the owner changed from what is wrong", async () => {
    const { incentives } = deployment.addresses;
    await asOwner("Incentives", incentives, "setRate", 1);
    const changes = await failed();
    expect(changes.map(({ what, changeable }) => [what, changeable])).to.deep.equal([
      ["Incentives.rate", true],
    ]);
    expect(await run({})).to.include({ exitCode: 0 });
    expect((await run({ strict: true })).exitCode).to.equal(1);
  });

  it("takes power of the deployer for a fault, also before it is accepted", async () => {
    const { incentives } = deployment.addresses;
    await asOwner("Incentives", incentives, "transferOwnership", deployment.deployer);
    const faults = (await failed()).filter(({ changeable }) => !changeable);
    expect(faults.map(({ what, actual }) => `${what}: ${actual}`)).to.deep.equal([
      "power of the deployer: Incentives.pendingOwner",
    ]);
    expect((await run({})).exitCode).to.equal(1);
  });

  it("finds code that is another, and parameters that are not the record's", async () => {
    const { rewards, verifier } = deployment.addresses;
    await network.rpc("anvil_setCode", verifier, "0x00");
    const code = await network.provider.getCode(rewards);
    await network.rpc("anvil_setCode", rewards, `${code.slice(0, -2)}ff`);
    const named = (await failed()).map(({ what }) => what);
    expect(named).to.include.members(["code of the verifier", "code of rewards"]);
    const parameters = { ...deployment.parameters, messageDeadlineSeconds: 601 };
    const other = (await failed({ parameters })).map(({ what }) => what);
    expect(other).to.include.members([
      "Rollup.config.messageDeadline",
      "record's messageDeadlineSeconds",
      "creation of rollup: hash of code and arguments",
    ]);
  });

  it("finds a record that was altered", async () => {
    const addresses = { ...deployment.addresses, feePortal: deployment.owner, market: deployment.owner };
    expect((await failed({ addresses })).map(({ what }) => what)).to.deep.equal([
      "address of feePortal",
      "address of market",
    ]);
    const named = async (changes: Partial<Deployment>) => (await failed(changes)).map(({ what }) => what);
    expect(await named({ genesisHash: `0x${"00".repeat(32)}` })).to.deep.equal(["genesis hash"]);
    expect(await named({ council: deployment.deployer })).to.deep.equal(["record's council"]);
    expect(await named({ nonce: 1 })).to.include("address of rollup");
  });

  it("names everything where nothing was deployed, and does not take a silent L1 for that", async () => {
    await network.rpc("anvil_setCode", deployment.addresses.rollup, "0x");
    const named = (await failed()).map(({ what }) => what);
    expect(named).to.include.members(["code of rollup", "Rollup.config.slotDuration", "genesis hash"]);
    const silent = await startPublicNetwork();
    await silent.stop();
    const error = await refusalOf(
      checkCommand({ record: folder.path, json: true, strict: false }, silent.hre),
    );
    expect(error.code).to.equal("L1_UNREACHABLE");
  });

  it("prints JSON for programs and a summary for people", async () => {
    const { text } = await run({ json: true });
    const result = JSON.parse(text) as CheckResult;
    expect(result).to.include({ network: "public", chainId: 11155111, preset: "devnet", holds: true });
    expect(result.assertions[0]).to.have.keys("what", "expected", "actual", "holds", "changeable");
    expect((await run({})).text).to.match(/(\d+) of \1 assertions hold\./);
  });

  it("goes by the record's own preset, and says when this checkout's is another", async () => {
    const file = deploymentFile("public", folder.path);
    const text = readFileSync(file, "utf8");
    const parameters = { ...deployment.parameters, description: "an earlier one" };
    writeFileSync(file, JSON.stringify({ ...deployment, parameters }));
    const result = await run({});
    writeFileSync(file, text);
    expect(result.exitCode).to.equal(0);
    expect(result.text).to.match(/presets\/devnet.json was changed since/);
  });

  async function run(options: { strict?: boolean; json?: boolean }) {
    const lines: string[] = [];
    const [log, exitCode] = [console.log, process.exitCode];
    console.log = (line: string) => void lines.push(line);
    process.exitCode = 0;
    try {
      const all = { record: folder.path, json: false, strict: false, ...options };
      await checkCommand(all, network.hre);
      return { text: lines.join("\n"), exitCode: Number(process.exitCode) };
    } finally {
      console.log = log;
      process.exitCode = exitCode;
    }
  }
});

/** A contract, as a multisig would be. */
async function ownerOf({ rpc }: PublicNetwork): Promise<string> {
  const address = "0x00000000000000000000000000000000DeaDBeef";
  await rpc("anvil_setCode", address, "0x00");
  return address;
}

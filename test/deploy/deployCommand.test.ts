import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import hre from "hardhat";

import { deployCommand } from "../../deploy/command.ts";
import { DeployJournal } from "../../deploy/deployJournal.ts";
import { deploymentFile } from "../../deploy/deployment.ts";
import { localMembers } from "../../deploy/localAccounts.ts";
import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import {
  publicEnvironment,
  type PublicNetwork,
  refusalOf,
  runDeploy,
  startPublicNetwork,
} from "./support/publicNetwork.ts";

describe("Deployment to a public network", function () {
  this.timeout(120_000);
  let network: PublicNetwork;
  let folder: ReturnType<typeof temporaryFolder>;
  let options: { record: string; members: string };

  beforeEach(async () => {
    network = await startPublicNetwork();
    folder = temporaryFolder();
    options = { record: folder.path, members: join(folder.path, "members.json") };
    writeFileSync(options.members, JSON.stringify(localMembers()));
  });
  afterEach(async () => {
    await network.stop();
    folder.remove();
  });

  const state = async () => ({
    nonce: await network.provider.getTransactionCount(network.deployer.address),
    block: await network.provider.getBlockNumber(),
    files: readdirSync(folder.path),
  });

  it("rehearses on a fork with --dry-run: the same addresses and gas, nothing sent, nothing written", async () => {
    await (await network.deployer.sendTransaction({ to: network.deployer.address })).wait();
    const before = await state();
    const dry = await runDeploy(network, { ...options, dryRun: true, yes: false });
    expect(await state()).to.deep.equal(before);
    const real = await runDeploy(network, options);
    expect(real.deployment.addresses).to.deep.equal(dry.deployment.addresses);
    expect(real.deployment.nonce).to.equal(1);
    const gas = ({ deployment }: typeof dry) => deployment.transactions.map(({ gasUsed }) => gasUsed);
    // The genesis time is another, and a zero byte more or less in it is another price of calldata.
    for (const [i, used] of gas(real).entries()) expect(Math.abs(used - gas(dry)[i]!)).to.be.below(200);
    const total = gas(dry).reduce((sum, used) => sum + used, 0);
    const text = dry.lines.join("\n");
    expect(text).to.include(`gas   ${total.toLocaleString("en")}`);
    expect(text)
      .to.match(/cost {2}0\.\d+ ETH at [\d.]+ gwei/)
      .and.match(/Nothing was sent or written/);
  });

  it("shows contracts, addresses and arguments with units before anything is sent", async () => {
    const { lines, deployment } = await runDeploy(network, options);
    const text = lines.join("\n");
    const plan = text.slice(0, text.indexOf("  token  "));
    for (const address of deployment.transactions.map((transaction) => transaction.address))
      expect(plan).to.include(address);
    expect(plan)
      .to.match(/Plan: preset "devnet" on "public" \(chain 11155111\)/)
      .and.match(/deployer {2}0x\w+, 10000\.0 ETH, first nonce 0/)
      .and.match(/genesis {3}\d{4}-\d\d-\d\dT[\d:]+Z/)
      .and.match(/c\.slotDuration +24 s\n/)
      .and.match(/c\.pauseMax +86,400 s \(1 day\)/)
      .and.match(/supply +1,000,000,000 tokens/)
      .and.match(/p\.rescueShare +0 bps/)
      .and.match(/members\[0\]\.proposer +0x/)
      .and.match(/Warning: the deployer is the owner/)
      .and.match(/Warning: the asset is a new token/);
  });

  it("is confirmed by the network's name, and by nothing else", async () => {
    const before = (await state()).nonce;
    const questions: string[] = [];
    const answer = (text: string) => ({
      ask: (question: string) => Promise.resolve((questions.push(question), text)),
    });
    const asked = { ...options, yes: false };
    const refused = await refusalOf(runDeploy(network, asked, answer("yes")));
    expect(refused.code).to.equal("NOT_CONFIRMED");
    expect((await state()).nonce).to.equal(before);
    await runDeploy(network, asked, answer("public"));
    expect(questions).to.have.length(2);
    expect(existsSync(deploymentFile("public", folder.path))).to.equal(true);
  });

  it("is not confirmed where nobody can be asked: --json or no terminal without --yes", async () => {
    const asked = { ...options, yes: false };
    const never = { ask: () => Promise.reject(new Error("asked")) };
    for (const [changes, surroundings] of [
      [{}, {}],
      [{ json: true }, never],
    ] as const) {
      const error = await refusalOf(runDeploy(network, { ...asked, ...changes }, surroundings));
      expect(error.code).to.equal("NOT_CONFIRMED");
      expect(error.message).to.match(/--yes/);
    }
  });

  it("refuses a deployer that cannot pay for all of it at the present price", async () => {
    await network.rpc("anvil_setBalance", network.deployer.address, "0x2386f26fc10000"); // 0.01 ETH
    const error = await refusalOf(runDeploy(network, options));
    expect(error.code).to.equal("NO_FUNDS");
    expect(error.message).to.match(/has 0\.01 ETH, and what is to come costs 0\.0\d+ ETH/);
  });

  it("refuses an owner that is no address", async () => {
    const error = await refusalOf(runDeploy(network, { ...options, owner: "0x12" }));
    expect(error.code).to.equal("OWNER_INVALID");
  });

  it("says that no L1 answers, without the key in its address", async () => {
    const hre = await publicEnvironment("http://127.0.0.1:1/v3/secret");
    const error = await refusalOf(runDeploy({ hre }, options));
    expect(error.code).to.equal("L1_UNREACHABLE");
    expect(error.message).not.to.match(/secret/);
  });

  it("refuses an account whose other transactions wait in the pool", async () => {
    await network.rpc("evm_setAutomine", false);
    await network.deployer.sendTransaction({ to: network.deployer.address });
    expect((await refusalOf(runDeploy(network, options))).code).to.equal("ACCOUNT_BUSY");
  });

  it("refuses a second one at the same time", async () => {
    const first = DeployJournal.open("public", folder.path);
    try {
      const second = await runDeploy(network, options).catch((error: unknown) => error);
      expect(second).to.include({ code: "JOURNAL_LOCKED" });
    } finally {
      first.close();
    }
  });
});

describe("Tasks of a deployment", () => {
  for (const name of ["deploy", "deploy:check", "deploy:verify"]) {
    it(`${name} describes itself and every option`, () => {
      const task = hre.tasks.getTask(name);
      expect(task.description).to.match(/^[A-Z]/);
      expect([...task.options.keys()]).to.include.members(["json", "record"]);
      for (const { description } of task.options.values()) expect(description).not.to.equal("");
    });
  }
});

describe("Deployment in process", function () {
  this.timeout(60_000);

  it("works as a trial of a preset that keeps nothing and asks nothing", async () => {
    const lines: string[] = [];
    const folder = temporaryFolder();
    try {
      const deployment = await deployCommand(
        {
          preset: "local",
          members: undefined,
          owner: undefined,
          record: folder.path,
          json: false,
          force: false,
          restart: false,
          dryRun: true,
          yes: false,
        },
        hre,
        { say: (line) => void lines.push(line) },
      );
      expect(deployment.chainId).to.equal(31337);
      expect(readdirSync(folder.path)).to.deep.equal([]);
      expect(lines.join("\n"))
        .to.match(/gas {3}\d\d,\d{3},\d{3}/)
        .and.match(/Warning: the verifier is made on the development string/);
    } finally {
      folder.remove();
    }
  });
});

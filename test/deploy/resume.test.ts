import { writeFileSync, readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { getCreateAddress } from "ethers";

import { sleep } from "../../actors/support/sleep.ts";
import { DeployJournal } from "../../deploy/deployJournal.ts";
import { deploymentFile, readDeployment } from "../../deploy/deployment.ts";
import { localMembers } from "../../deploy/localAccounts.ts";
import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { failingTarget, type Failure } from "./support/failingProvider.ts";
import {
  type PublicNetwork,
  refusalOf,
  runDeploy,
  startPublicNetwork,
  VERIFIER,
} from "./support/publicNetwork.ts";

/** Contracts of the preset devnet. */
const CREATIONS = 12;
/** Short, so that a dead connection is given up soon. */
const IMPATIENCE = { pollInterval: 10, limit: 150, bumpAfterBlocks: 3 };

describe("Interrupted deployment", function () {
  this.timeout(300_000);
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

  /** A run that ends badly. */
  const interrupted = (failure: Failure) =>
    refusalOf(
      runDeploy(network, options, {
        openTarget: failingTarget(network, failure),
        patience: IMPATIENCE,
      }),
    );
  const nonce = () => network.provider.getTransactionCount(network.deployer.address);
  const journaledPlan = () => {
    const journal = DeployJournal.open("public", folder.path);
    const { plan } = journal;
    journal.close();
    return plan!;
  };

  it("goes on after an end at any step, before a transaction and after it, and creates nothing twice", async () => {
    const first = await nonce();
    await interrupted({ at: 1, moment: "before", kind: "death" });
    const plan = journaledPlan();
    expect(await nonce()).to.equal(first);
    for (let step = 0; step < CREATIONS; step++) {
      if (step > 0) await interrupted({ at: 1, moment: "before", kind: "death" });
      expect(await nonce()).to.equal(first + step);
      const { code } = await interrupted({ at: 1, moment: "after", kind: "death" });
      expect(code).to.be.oneOf(["NOT_MINED", "L1_UNREACHABLE"]);
      expect(await nonce()).to.equal(first + step + 1);
      expect(journaledPlan()).to.deep.equal(plan);
    }
    const { deployment } = await runDeploy(network, options);
    expect(await nonce()).to.equal(first + CREATIONS);
    expect(deployment.genesisTime).to.equal(plan.genesisTime);
    expect(deployment.transactions.map(({ address }) => address)).to.deep.equal(
      plan.creations.map((_, i) => getCreateAddress({ from: network.deployer.address, nonce: first + i })),
    );
    expect(readDeployment("public", folder.path)).to.deep.equal(deployment);
    expect(readFileSync(join(folder.path, "public", "report.md"), "utf8")).to.match(
      /c\.slotDuration \| 24 s/,
    );
  });

  for (const moment of ["before", "after"] as const) {
    it(`survives answers that get lost ${moment} L1 has the transaction, without a second run`, async () => {
      const first = await nonce();
      const { deployment } = await runDeploy(network, options, {
        openTarget: failingTarget(network, { at: 4, moment, kind: "lost" }),
      });
      expect(await nonce()).to.equal(first + CREATIONS);
      expect(deployment.transactions).to.have.length(CREATIONS);
    });
  }

  it("ends with a sentence when the pool is full, and goes on later", async () => {
    const error = await interrupted({ at: 3, moment: "before", kind: "full" });
    expect(error.code).to.equal("NOT_SENT");
    expect(error.message).to.match(/run the same command again/);
    const { deployment, lines } = await runDeploy(network, options);
    expect(lines.join("\n"))
      .to.match(/Going on with the plan/)
      .and.match(/2 of 12 exist already/);
    expect(deployment.transactions).to.have.length(CREATIONS);
  });

  it("waits for what is pending, and raises the fees of what is stuck", async () => {
    await interrupted({ at: 2, moment: "before", kind: "death" });
    await network.rpc("evm_setAutomine", false);
    await interrupted({ at: 1, moment: "after", kind: "death" });
    const run = runDeploy(network, options);
    await sleep(500);
    await network.rpc("evm_setAutomine", true);
    await network.rpc("evm_mine");
    await run;
    const waited = sendsOf(folder.path);
    expect(waited["create-asset"]).to.equal(2);
    expect(waited["create-validatorSet"]).to.equal(1);
  });

  it("replaces a transaction that L1 outbids", async () => {
    await network.rpc("evm_setAutomine", false);
    await interrupted({ at: 1, moment: "after", kind: "death" });
    const run = runDeploy(network, options);
    const mineDear = async () => {
      await network.rpc("anvil_setNextBlockBaseFeePerGas", "0xba43b7400"); // 50 gwei
      await network.rpc("evm_mine");
      await sleep(100);
    };
    await mineDear();
    expect(await nonce()).to.equal(0);
    for (let block = 0; block < 20 && (await nonce()) === 0; block++) await mineDear();
    await network.rpc("evm_setAutomine", true);
    await network.rpc("evm_mine");
    const { deployment } = await run;
    expect(sendsOf(folder.path)["create-token"]).to.be.greaterThan(1);
    expect(await nonce()).to.equal(CREATIONS);
    expect(deployment.transactions[0]!.address).to.equal(
      getCreateAddress({ from: network.deployer.address, nonce: 0 }),
    );
  });

  it("refuses to go on when the account was used meanwhile, and makes a new plan with --restart", async () => {
    await interrupted({ at: 3, moment: "before", kind: "death" });
    await (await network.deployer.sendTransaction({ to: network.deployer.address })).wait();
    const error = await refusalOf(runDeploy(network, options));
    expect(error.code).to.equal("PLAN_BROKEN");
    expect(error.message)
      .to.match(/nonce 2 .* validatorSet/)
      .and.match(/--restart/);
    const { deployment } = await runDeploy(network, { ...options, restart: true });
    expect(deployment.nonce).to.equal(3);
    expect(await nonce()).to.equal(3 + CREATIONS);
  });

  it("replaces what an abandoned plan left in the pool", async () => {
    await network.rpc("evm_setAutomine", false);
    await interrupted({ at: 1, moment: "after", kind: "death" });
    const run = runDeploy(network, { ...options, restart: true });
    await sleep(2_000);
    await network.rpc("evm_setAutomine", true);
    await network.rpc("evm_mine");
    const { deployment } = await run;
    expect(deployment.nonce).to.equal(0);
    expect(await nonce()).to.equal(CREATIONS);
  });

  it("says what differs from the plan, and sends nothing", async () => {
    await interrupted({ at: 3, moment: "before", kind: "death" });
    const owner = "0x00000000000000000000000000000000000c0ffe";
    const others = join(folder.path, "others.json");
    const [member] = localMembers();
    writeFileSync(others, JSON.stringify([{ ...member!, proposer: owner }]));
    const verifier = { ...VERIFIER, verificationKeyHash: `0x${"11".repeat(32)}` };
    const code = { ...VERIFIER, contract: "contracts/test/AttestationProbe.sol:AttestationProbe" };
    for (const [changes, surroundings, pattern] of [
      [{ owner }, {}, /owner was 0x\w+ and is 0x0+c0ffe/i],
      [{ members: others }, {}, /members\.0\.proposer was/],
      [{ preset: "sprtn" }, {}, /preset was devnet and is sprtn.*parameters\.\w+/],
      [{}, { verifier }, /verifier.verificationKeyHash was 0x7777/],
      [{}, { verifier: code }, /verifier.contract was contracts\/test/],
    ] as const) {
      const preset = "preset" in changes ? { owner: await contractAt(network) } : {};
      const error = await refusalOf(runDeploy(network, { ...options, ...preset, ...changes }, surroundings));
      expect(error.message).to.match(pattern);
      expect(error.code).to.equal("PLAN_CHANGED");
      expect(error.message).to.match(/--restart/);
    }
    expect(existsSync(deploymentFile("public", folder.path))).to.equal(false);
    await runDeploy(network, options);
  });

  it("refuses to go on when genesis has come too near", async () => {
    const staked = { record: folder.path, preset: "testnet" };
    const begun = runDeploy(network, staked, {
      openTarget: failingTarget(network, { at: 4, moment: "after", kind: "death" }),
      patience: IMPATIENCE,
    });
    await refusalOf(begun);
    await network.rpc("evm_increaseTime", 70 * 3_600);
    await network.rpc("evm_mine");
    const sent = await nonce();
    const error = await refusalOf(runDeploy(network, staked));
    expect(error.code).to.equal("GENESIS_TOO_SOON");
    expect(error.message).to.match(/--restart/);
    expect(await nonce()).to.equal(sent);
    const { deployment } = await runDeploy(network, { ...staked, restart: true });
    expect(deployment.nonce).to.equal(sent);
  });

  it("takes an unfinished record for a part of the plan, and a finished one for the end", async () => {
    const { deployment } = await runDeploy(network, options);
    const error = await refusalOf(runDeploy(network, options));
    expect(error.code).to.equal("ALREADY_DEPLOYED");
    const again = await runDeploy(network, { ...options, force: true });
    expect(again.deployment.nonce).to.equal(deployment.nonce + CREATIONS);
  });
});

/** Transactions signed for each purpose. */
function sendsOf(folder: string): Record<string, number> {
  const journal = DeployJournal.open("public", folder);
  const counts: Record<string, number> = {};
  for (const entry of journal.transactions.entries)
    if (entry.type === "send") counts[entry.purpose] = (counts[entry.purpose] ?? 0) + 1;
  journal.close();
  return counts;
}

/** Any contract of another account than the deployer's. */
async function contractAt({ rpc }: PublicNetwork): Promise<string> {
  const address = "0x00000000000000000000000000000000DeaDBeef";
  await rpc("anvil_setCode", address, "0x00");
  return address;
}

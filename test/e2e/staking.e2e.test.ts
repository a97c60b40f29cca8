import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Contract } from "ethers";
import { artifacts } from "hardhat";

import { Anvil } from "../../actors/l1/anvil.ts";
import { connectL1, readHead } from "../../actors/l1/provider.ts";
import { createKeystore } from "../../actors/staking/keystore.ts";
import { silentLogger } from "../../actors/support/logger.ts";
import { writeDeployment } from "../../deploy/deployment.ts";
import { localAddress, localValidator } from "../../deploy/localAccounts.ts";
import { blsPublicKey, keyHash, keyHashToHex } from "../../protocol/bls.ts";
import { beginTime, deployLocal, genesisLag } from "../../scripts/start/deployLocal.ts";
import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { runTask, type TaskRun } from "./support/runTask.ts";
import { startStakedChain, type StakedChain } from "./support/stakedChain.ts";

const MINIMUM = 100n * 10n ** 18n;
const RECIPIENT = "0x00000000000000000000000000000000000c0ffe";
const PROPOSER = localAddress(50);
/** Accounts of the public test mnemonic; the third owns the token. */
const TREASURY = 3;
const STRANGER = "7";

/** One validator's life through the tasks: each test goes on where the last one ended. */
describe("The tasks of staking, on anvil", function () {
  this.timeout(60_000);

  let chain: StakedChain;
  const folder = temporaryFolder();
  const keystore = join(folder.path, "keys", "validator.json");
  const passphraseFile = join(folder.path, "password");
  const wrong = join(folder.path, "wrong");

  before(async () => {
    chain = await startStakedChain();
    writeDeployment(chain.deployment, folder.path);
    writeFileSync(passphraseFile, "correct horse\n");
    writeFileSync(wrong, "wrong horse\n");
  });
  after(async () => {
    await chain?.stop();
    folder.remove();
  });

  const run = (name: string, options: Record<string, unknown> = {}): Promise<TaskRun> =>
    runTask(name, { record: folder.path, rpc: chain.url, ...options });
  const ok = async (name: string, options = {}): Promise<Record<string, unknown>> => {
    const { result, error, exitCode } = await run(name, options);
    expect(exitCode, error).to.equal(0);
    return result;
  };
  const refused = async (name: string, options: Record<string, unknown>, message: string | RegExp) => {
    const { error, exitCode } = await run(name, options);
    expect(exitCode).to.equal(1);
    expect(error).to.match(/^Error: [^\n]+$/);
    expect(error).to.match(typeof message === "string" ? new RegExp(message) : message);
  };
  const deposit = { keystore, passphraseFile, proposer: PROPOSER };

  it("shows the set, its queue and when a deposit would be active", async () => {
    const set = await ok("stake:status");
    expect(set).to.include({
      active: 5,
      queued: 0,
      bootstrapMissing: 0,
      committeeSize: 4,
      minimumStake: String(MINIMUM),
    });
    expect(set["nextActivation"]).to.be.within(await chain.time(), (await chain.time()) + 16);
  });

  it("makes a key, shows it without its password, and lists it", async () => {
    const made = await runTask("stake:keys", { new: keystore, kdf: "pbkdf2", passphraseFile });
    expect(made.exitCode, made.error).to.equal(0);
    const shown = await runTask("stake:keys", { keystore });
    expect(shown.result).to.deep.equal(made.result);
    const listed = await runTask("stake:keys", { list: join(folder.path, "keys") });
    expect(listed.result).to.deep.equal([made.result]);
  });

  it("refuses a deposit that L1 would refuse, before anything is sent", async () => {
    await refused("stake:deposit", { ...deposit, passphraseFile: wrong }, "password does not open");
    await refused(
      "stake:deposit",
      { ...deposit, keystore: join(folder.path, "no") },
      "cannot be read: ENOENT",
    );
    await refused(
      "stake:deposit",
      { ...deposit, amount: "99e18" },
      "a stake is at least 100000000000000000000",
    );
    await refused("stake:deposit", { ...deposit, amount: "100000000000000000001" }, "whole Gwei");
    await refused("stake:deposit", { ...deposit, account: STRANGER }, "has 0 base units of TST");
    await refused("stake:deposit", { ...deposit, instance: RECIPIENT }, "knows no instance");
    await refused("stake:withdraw", { keystore }, "in state none");
    await refused("stake:exit", { keystore }, "is no validator");
  });

  it("deposits once, approves what it takes and says so", async () => {
    const sent = await ok("stake:deposit", { ...deposit, amount: "150e18" });
    expect(sent).to.include({
      state: "queued",
      amount: "150000000000000000000",
      approved: "150000000000000000000",
      withdrawer: localAddress(TREASURY),
    });
    await refused("stake:deposit", deposit, "is a validator already, in state queued");
  });

  it("is active without another transaction", async () => {
    const queued = await ok("stake:status", { keystore });
    expect(queued).to.include({ state: "queued", proposer: PROPOSER, position: 5, queuePosition: 0 });
    await chain.moveTo(Number(queued["activeFrom"]));
    const active = await ok("stake:status", { validator: queued["keyHash"] });
    expect(active).to.include({ state: "active", stake: "150000000000000000000" });
    expect((await ok("stake:status"))["active"]).to.equal(6);
  });

  it("stays with one instance at its withdrawer's word, once, and leaves from there as from anywhere", async () => {
    const { rollup } = chain.deployment.addresses;
    const path = join(folder.path, "keys", "staying.json");
    await createKeystore({ path, secret: 4712n, password: "correct horse", kdf: "pbkdf2" });
    const { activeFrom } = await ok("stake:deposit", { ...deposit, keystore: path });
    await chain.moveTo(Number(activeFrom));
    await refused(
      "stake:pin",
      { keystore: path, instance: rollup, account: STRANGER },
      "the stake belongs to",
    );
    await refused("stake:pin", { keystore: path, instance: RECIPIENT }, "knows no instance");
    const pinned = await ok("stake:pin", { keystore: path, instance: rollup });
    expect(pinned).to.include({ state: "queued", instance: rollup, queuePosition: 0 });
    await refused("stake:pin", { keystore: path, instance: rollup }, "stays with 0x");
    await chain.moveTo(Number(pinned["activeFrom"]));
    expect(await ok("stake:status", { keystore: path })).to.include({ state: "active", instance: rollup });
    expect(await ok("stake:exit", { keystore: path })).to.include({ state: "exiting" });
    await refused("stake:pin", { keystore: path, instance: rollup }, "has left");
    expect((await ok("stake:status"))["active"]).to.equal(6);
  });

  it("leaves at its withdrawer's word only, and once", async () => {
    await refused("stake:exit", { keystore, account: STRANGER }, "the stake belongs to");
    const left = await ok("stake:exit", { keystore, recipient: RECIPIENT });
    expect(left).to.include({ state: "exiting", recipient: RECIPIENT });
    await refused("stake:exit", { keystore }, /has left, its stake can be paid from 20\d\d-/);
    await refused("stake:deposit", deposit, "in state exiting");
  });

  it("says when too many leave at once, and lets the attester's signature leave later", async () => {
    const { attesterSecret, withdrawer } = localValidator(0);
    const path = join(folder.path, "keys", "first.json");
    await createKeystore({ path, secret: attesterSecret, password: "correct horse", kdf: "pbkdf2" });
    const signed = { keystore: path, passphraseFile, signed: true, account: STRANGER };
    // One of five may leave in a window of 16 s.
    const window = (Math.floor((await chain.time()) / 16) + 2) * 16;
    await chain.moveTo(window);
    expect(await ok("stake:exit", signed)).to.include({ state: "exiting", recipient: withdrawer.address });
    const second = { ...signed, keystore: join(folder.path, "keys", "second.json") };
    await createKeystore({
      path: second.keystore,
      secret: localValidator(1).attesterSecret,
      password: "correct horse",
      kdf: "pbkdf2",
    });
    await refused("stake:exit", second, /have left; try again from/);
    await chain.moveTo(window + 16);
    expect(await ok("stake:exit", second)).to.include({ state: "exiting" });
  });

  it("pays the recipient after the delay, and not a second before", async () => {
    const { payableAt } = await ok("stake:status", { keystore });
    await refused("stake:withdraw", { keystore, account: STRANGER }, /can be paid from 20\d\d-.*, in \d+ s/);
    await chain.moveTo(Number(payableAt));
    const paid = await ok("stake:withdraw", { keystore, account: STRANGER });
    expect(paid).to.include({ recipient: RECIPIENT, amount: "150000000000000000000" });
    const token = new Contract(
      chain.deployment.addresses.token,
      ["function balanceOf(address) view returns (uint256)"],
      chain.provider,
    );
    expect(await token.getFunction("balanceOf")(RECIPIENT)).to.equal(15n * 10n ** 19n);
    await refused("stake:withdraw", { keystore }, "was paid already");
    await refused("stake:deposit", deposit, "a key registers once");
    await refused("stake:exit", { keystore }, "left and was paid");
  });

  it("stays with one instance where it is told to", async () => {
    const path = join(folder.path, "keys", "pinned.json");
    await createKeystore({ path, secret: 4711n, password: "correct horse", kdf: "pbkdf2" });
    const { rollup } = chain.deployment.addresses;
    const sent = await ok("stake:deposit", {
      ...deposit,
      keystore: path,
      instance: rollup,
      withdrawer: RECIPIENT,
    });
    expect(sent).to.include({ withdrawer: RECIPIENT, approved: String(MINIMUM) });
    const validator = keyHashToHex(keyHash(blsPublicKey(4711n)));
    expect(await ok("stake:status", { validator })).to.include({ instance: rollup, position: 0 });
  });

  it("says that nobody stakes where the owner lists the validators", async () => {
    const record = temporaryFolder();
    const validators = { kind: "permissioned" as const, listDelaySeconds: 60 };
    writeDeployment({ ...chain.deployment, validators }, record.path);
    await refused("stake:status", { record: record.path }, "are listed by its owner");
    record.remove();
  });
});

describe("A staked local network, as npm start deploys it", () => {
  it("is at genesis when the clock says so, in seconds", async function () {
    this.timeout(60_000);
    const now = Math.floor(Date.now() / 1000);
    const anvil = new Anvil({ port: 0, timestamp: now - genesisLag("local"), logger: silentLogger });
    await anvil.start();
    try {
      const deployment = await deployLocal({
        url: anvil.url,
        preset: "local",
        validators: 6,
        readArtifact: (name) => artifacts.readArtifact(name),
      });
      await beginTime({ url: anvil.url, deployment, blockTime: 1 });
      const provider = await connectL1({ url: anvil.url, chainId: 31337 });
      const { timestamp } = (await readHead(provider))!;
      provider.destroy();
      expect(timestamp).to.be.at.least(deployment.genesisTime);
      expect(deployment.genesisTime).to.be.within(now - 1, now + 30);
    } finally {
      await anvil.stop();
    }
  });
});

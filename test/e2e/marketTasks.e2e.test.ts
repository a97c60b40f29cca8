import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

import { writeDeployment } from "../../deploy/deployment.ts";
import { LOCAL_ACCOUNTS, localAddress } from "../../deploy/localAccounts.ts";
import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { runTask } from "./support/runTask.ts";
import { startTestChain, type TestChain } from "./support/testChain.ts";
import { startTestNetwork, type TestNetwork } from "./support/testNetwork.ts";

const PROVER = localAddress(LOCAL_ACCOUNTS.deployer);
/** Exclusivity, grace and a little more of the preset's. */
const DEFAULTED = 90;

/** A prover's way through the tasks, to a default: each test goes on where the last one ended. */
describe("The tasks of the proof market, on anvil", function () {
  this.timeout(120_000);

  let chain: TestChain;
  let running: TestNetwork;
  const folder = temporaryFolder();
  const quote = join(folder.path, "quote.json");

  before(async () => {
    chain = await startTestChain();
    writeDeployment({ ...chain.deployment, network: "local" }, folder.path);
    running = await startTestNetwork({ chain, folder: join(folder.path, "network"), users: 0 });
  });
  after(async () => {
    await running?.network.stop();
    await chain?.stop();
    folder.remove();
  });

  const l1 = (): Record<string, unknown> => ({ record: folder.path, rpc: chain.url });
  const run = (name: string, options: Record<string, unknown> = {}) =>
    runTask(`market:${name}`, { ...l1(), ...(name === "status" ? {} : { account: "0" }), ...options });
  const ok = async (name: string, options: Record<string, unknown> = {}) => {
    const { result, error, exitCode } = await run(name, options);
    expect(exitCode, error).to.equal(0);
    return result as Record<string, unknown>;
  };
  const refused = async (name: string, options: Record<string, unknown>, message: RegExp) => {
    const { error, exitCode } = await run(name, options);
    expect(error)
      .to.match(/^Error: [^\n]+$/)
      .and.match(message);
    expect(exitCode).to.equal(1);
  };

  it("bonds a prover, and says so", async () => {
    const sent = await ok("bond", { amount: "1e20" });
    expect(sent).to.include({ prover: PROVER.toLowerCase(), free: String(10n ** 20n), reserved: "0" });
    const { epoch, claim, bond } = await ok("status", { prover: PROVER });
    expect([epoch, claim]).to.deep.equal([null, null]);
    expect(bond).to.include({ free: String(10n ** 20n) });
  });

  it("signs a quote, and brings it to L1 when its epoch is over", async () => {
    const signed = await ok("quote", { epoch: "0", fee: "1500" });
    writeFileSync(quote, JSON.stringify(signed));
    await refused("claim", { quote }, /proven|prove/);
    await running.nextSlot();
    await running.nextSlot();
    const claim = await ok("claim", { quote });
    expect(claim).to.include({ epoch: 0, stage: "claimed", prover: PROVER });
    const status = await ok("status");
    expect(status["epoch"]).to.equal(0);
    expect(status["claim"]).to.include({ stage: "claimed", prover: PROVER });
  });

  it("slashes the claim after its exclusivity and its grace, not before", async () => {
    await refused("slash", { epoch: "0" }, /slash|grace/i);
    await chain.rpc("evm_increaseTime", [DEFAULTED]);
    await chain.rpc("evm_mine");
    expect(await ok("slash", { epoch: "0" })).to.include({ epoch: 0, stage: "defaulted" });
    const { bond } = (await ok("status", { prover: PROVER })) as { bond: Record<string, string> };
    expect(BigInt(bond["reserved"]!) + BigInt(bond["free"]!) < 10n ** 20n).to.equal(true);
  });

  it("takes free bond out in two steps", async () => {
    const sent = await ok("bond", { amount: "1e18", withdraw: true });
    expect(sent).to.include({ withdrawing: String(10n ** 18n) });
    await refused("bond", { finalise: true }, /it can be taken from 20/);
    await chain.rpc("evm_increaseTime", [100_001]);
    await chain.rpc("evm_mine");
    expect(await ok("bond", { finalise: true })).to.include({ withdrawing: "0" });
  });
});

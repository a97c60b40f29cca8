import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";

import { openNodeProcess } from "../../actors/process/nodeProcess.ts";
import { silentLogger } from "../../actors/support/logger.ts";
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
  /** A node of its own, as `node:run` opens it. */
  let board: Awaited<ReturnType<typeof openNodeProcess>>;
  const folder = temporaryFolder();
  const quote = join(folder.path, "quote.json");

  before(async () => {
    chain = await startTestChain();
    writeDeployment({ ...chain.deployment, network: "local" }, folder.path);
    running = await startTestNetwork({ chain, folder: join(folder.path, "network"), users: 0 });
    board = await openNodeProcess({
      rpcUrl: chain.url,
      deployment: chain.deployment,
      market: chain.deployment,
      folder: join(folder.path, "node"),
      port: 0,
      l1BlockTime: 1,
      pollInterval: 50,
      logger: silentLogger,
    });
    await board.service.start();
  });
  after(async () => {
    await board?.service.stop();
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

  it("signs a quote for a file, and refuses it while its epoch runs", async () => {
    const signed = await ok("quote", { epoch: "0", fee: "1500" });
    writeFileSync(quote, JSON.stringify(signed));
    await refused("claim", { quote }, /proven|prove/);
  });

  it("sends a quote to a node, which keeps what the market would take and nothing else", async () => {
    const node = board.api.url!;
    const { sentTo: _, ...signed } = JSON.parse(readFileSync(quote, "utf8")) as Record<string, unknown>;
    const altered = await fetch(`${node}/quotes`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...signed, fee: 1_400 }),
    });
    expect(altered.status).to.equal(422);
    expect(await altered.json())
      .to.have.nested.property("error.message")
      .that.matches(/signature/);
    await ok("quote", { epoch: "0", fee: "1500", node });
    const { quotes } = (await (await fetch(`${node}/quotes/0`)).json()) as { quotes: { fee: number }[] };
    expect(quotes.map(({ fee }) => fee)).to.deep.equal([1_500]);
  });

  it("brings the node's best quote to L1 when its epoch is over", async () => {
    await running.nextSlot();
    await running.nextSlot();
    const claim = await ok("claim", { node: board.api.url! });
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

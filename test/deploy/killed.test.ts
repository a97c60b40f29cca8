import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

import { sleep } from "../../actors/support/sleep.ts";
import { readDeployment } from "../../deploy/deployment.ts";
import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { type PublicNetwork, startPublicNetwork } from "./support/publicNetwork.ts";

const child = fileURLToPath(new URL("support/deployChild.ts", import.meta.url));
const CREATIONS = 12;

describe("Deployment whose process is killed", function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  let network: PublicNetwork;

  before(async () => {
    // Blocks come by the clock, so that a transaction is pending for a while.
    network = await startPublicNetwork({ chainId: 31337, blockTime: 1 });
  });
  after(async () => {
    await network.stop();
    folder.remove();
  });

  const file = join(folder.path, "public", "journal.jsonl");
  const journal = () => (existsSync(file) ? readFileSync(file, "utf8") : "");
  const count = (type: string) => journal().split(`"type":"${type}"`).length - 1;

  /** Starts the task. Its text is complete when `ended` is fulfilled. */
  function start(): { process: ChildProcess; output: () => string; ended: Promise<number | null> } {
    const started = spawn(process.execPath, [child, network.url, folder.path], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [started.stdout, started.stderr])
      stream.on("data", (data: Buffer) => (text += data.toString()));
    const ended = new Promise<number | null>((resolve) => started.once("close", resolve));
    return { process: started, output: () => text, ended };
  }

  /** Kills the task when `sends` transactions are in the journal. */
  async function killAfter(sends: number): Promise<void> {
    const task = start();
    let over = false;
    void task.ended.then(() => (over = true));
    while (count("send") < sends) {
      if (over) throw new Error(`the task ended before: ${task.output()}`);
      await sleep(5);
    }
    task.process.kill("SIGKILL");
    await task.ended;
  }

  it("goes on with the same plan, from the line that it had written last", async () => {
    await killAfter(1);
    const [plan] = journal().split("\n");
    await killAfter(4);
    const last = start();
    expect(await last.ended, last.output()).to.equal(0);
    expect(last.output()).to.match(/Going on with the plan/);
    expect(journal().split("\n")[0]).to.equal(plan);
    expect([count("plan"), count("done")]).to.deep.equal([1, 1]);
    expect(await network.provider.getTransactionCount(network.deployer.address)).to.equal(CREATIONS);
    expect(readDeployment("public", folder.path).transactions).to.have.length(CREATIONS);
  });
});

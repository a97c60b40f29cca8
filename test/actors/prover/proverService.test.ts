import { join } from "node:path";
import { expect } from "chai";

import { ensureTrustedSetup } from "../../../actors/l1/blobSidecar.ts";
import type { L1Account } from "../../../actors/l1/l1Account.ts";
import { RevertError } from "../../../actors/l1/sendErrors.ts";
import { ProofStore } from "../../../actors/prover/proofStore.ts";
import { ActorError } from "../../../actors/support/actorError.ts";
import { sleep } from "../../../actors/support/sleep.ts";
import { proofDeadline, toEpoch } from "../../../protocol/time.ts";
import { type AnvilBench, GWEI, startAnvilBench } from "../support/anvilAccount.ts";
import { type ProverBench, proverBench } from "../support/proverBench.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const OTHER = "0x00000000000000000000000000000000000000dd";

describe("Prover", function () {
  this.timeout(90_000);
  let bench: ProverBench;

  before(() => ensureTrustedSetup()); // takes seconds, which the first test does not have

  async function start(options: Parameters<typeof proverBench>[0] = {}): Promise<void> {
    bench = proverBench(options);
    await bench.heads.refresh();
    await bench.prover.start();
  }
  afterEach(() => bench.stop());

  const submitted = (count: number) =>
    bench.until(`submission ${count}`, () => bench.account.sends.length === count);

  it("submits again with the new next record when a block came between, without proving again", async () => {
    await start();
    await bench.propose(2);
    bench.account.failure = new RevertError(
      "TRANSACTION_REFUSED",
      "prove-1",
      { name: "Rollup__WrongNextRecord", args: {}, text: "Rollup__WrongNextRecord()" },
      undefined,
    );
    await bench.propose(3);
    await bench.until("the refusal", () => bench.account.refused > 0);
    bench.account.failure = undefined;
    await bench.propose(4);
    await submitted(1);
    const { record } = bench.node.chain.block(3)!;
    expect(bench.account.sends[0]!.data).to.include(record.chainHash.toString(16));
    expect(bench.made()).to.equal(1);
    expect(bench.events.filter(({ type }) => type === "failed")).to.deep.equal([]);
  });

  it("submits a proof that could not be kept on disk", async () => {
    const folder = temporaryFolder();
    const store = new ProofStore({ folder: join(folder.path, "proofs") });
    folder.remove(); // as bad as a full disk: nothing can be written
    await start({ store });
    await bench.propose(2);
    await bench.propose(3);
    await submitted(1);
    expect(bench.made()).to.equal(1);
    expect(bench.events.filter(({ type }) => type === "failed")).to.deep.equal([]);
  });

  it("gives up a submission when another prover was faster, and frees its nonce", async () => {
    await start();
    await bench.propose(2);
    await bench.propose(3);
    await submitted(1);
    await bench.proven({ epoch: 1, number: 2, prover: OTHER });
    await bench.until("the release", () => bench.account.released === 1);
    expect(bench.account.sends[0]!.expires?.aborted).to.equal(true);
    expect(bench.events.filter(({ type }) => type === "failed")).to.deep.equal([]);
  });

  it("stops a proof that another prover made useless", async () => {
    let aborted = false;
    await start({
      maker: {
        prove: (_inputs, { signal }) =>
          new Promise((_, reject) =>
            signal.addEventListener("abort", () => {
              aborted = true;
              reject(new Error("aborted"));
            }),
          ),
      },
    });
    await bench.propose(2);
    await bench.propose(3);
    await bench.until("the proving", () => bench.events.some(({ type }) => type === "proving"));
    await bench.proven({ epoch: 1, number: 2, prover: OTHER });
    await bench.until("its end", () => aborted);
    expect(bench.events.filter(({ type }) => type === "failed")).to.deep.equal([]);
  });

  it("takes the nonce over with the next proof where there is one", async () => {
    await start();
    await bench.propose(2);
    await bench.propose(3);
    await submitted(1);
    await bench.propose(4);
    await bench.propose(5);
    await bench.until("the next proof", () => bench.made() === 2);
    await bench.proven({ epoch: 1, number: 2, prover: OTHER });
    await submitted(2);
    expect(bench.account.sends[1]!.purpose).to.equal("prove-2");
    expect(bench.account.released).to.equal(0);
  });

  it("waits for the receipt of its own proof though the node has seen it already", async () => {
    await start();
    await bench.propose(2);
    await bench.propose(3);
    await submitted(1);
    await bench.proven({ epoch: 1, number: 2, prover: bench.account.account.address.toUpperCase() });
    expect(bench.account.sends[0]!.expires?.aborted).to.equal(false);
    bench.account.mined();
    await bench.until("the event", () => bench.events.some(({ type }) => type === "submitted"));
  });

  it("proves again what an L1 reorg changed between proposal and proof, and drops the old submission", async () => {
    await start();
    const first = await bench.propose(2);
    await bench.propose(3);
    await submitted(1);
    const old = bench.node.chain.block(2)!.record.chainHash;
    // The epoch's second block is gone; the epoch ends with its first.
    await bench.reorg(1, first.point);
    await bench.until("the end of the old one", () => bench.account.sends[0]!.expires?.aborted === true);
    await bench.tick(2);
    await submitted(2);
    expect(bench.made()).to.equal(2);
    const end = bench.node.chain.block(1)!.record.chainHash;
    expect(bench.account.sends[1]!.data).to.include(end.toString(16));
    expect(bench.account.sends[1]!.data).not.to.include(old.toString(16));
  });

  it("waits for lower fees or a higher ceiling, and calls that no failure", async () => {
    await start();
    bench.account.failure = new ActorError("FEE_CEILING", "dear", "wait");
    await bench.propose(2);
    await bench.propose(3);
    await bench.until("the proof", () => bench.made() === 1);
    const refused = bench.account.refused;
    await bench.tick();
    await bench.until("another try", () => bench.account.refused > refused);
    bench.account.failure = undefined;
    await bench.tick();
    await submitted(1);
    expect(bench.events.filter(({ type }) => type === "failed")).to.deep.equal([]);
  });

  describe("with an account on L1 whose base fee rises fifty-fold", () => {
    let anvil: AnvilBench;
    before(async () => {
      anvil = await startAnvilBench();
    });
    after(() => anvil.stop());

    it("lands its proof before the deadline, as the ceiling rises towards it", async () => {
      await anvil.nextUser();
      const account: L1Account = anvil.account();
      const limit = (gwei: bigint) => ({ maxFeePerGas: gwei * GWEI, maxFeePerBlobGas: gwei * GWEI });
      await start({ account, feeCeiling: { start: limit(5n), end: limit(200n) } });
      // The Rollup's place is empty here: whatever arrives there is accepted.
      await bench.propose(2);
      await bench.propose(3);
      await anvil.untilSent(1);
      await anvil.mine({ baseFee: 50n * GWEI }); // and it stays there
      const done = (): boolean => bench.events.some(({ type }) => type === "submitted");
      const versions = () => anvil.journal().entries.filter((entry) => entry.type === "send");
      for (let blocks = 0; !done() && blocks < 20; blocks++) {
        await bench.tick(); // twelve seconds; the deadline is 20 blocks after the epoch
        await anvil.mine({ baseFee: 50n * GWEI });
        // Until the account has looked at it, which may lead to nothing.
        const before = versions().length;
        for (let i = 0; i < 100 && !done() && versions().length === before; i++) await sleep(20);
      }
      expect(done()).to.equal(true);
      expect(bench.l1.head.timestamp).to.be.lessThan(proofDeadline(bench.l1.parameters.clock, toEpoch(1)));
      expect(versions().length).to.be.greaterThan(1);
      expect(versions().every(({ nonce }) => nonce === 0)).to.equal(true);
      expect(bench.made()).to.equal(1);
    });
  });
});

import { expect } from "chai";
import { Interface } from "ethers";

import { suiteErrorDecoder } from "../../actors/l1/contractInterface.ts";
import { withdrawalClaims } from "../../actors/node/withdrawalClaims.ts";
import { syncFromL1 } from "../../actors/node/sync.ts";
import { openActorJournal } from "../../actors/journal/actorJournal.ts";
import { openLocalProofMaker } from "../../actors/prover/localProofMaker.ts";
import type { ProofMaker } from "../../actors/prover/proofMaker.ts";
import { isActorError } from "../../actors/support/actorError.ts";
import { silentLogger } from "../../actors/support/logger.ts";
import { localAddress } from "../../deploy/localAccounts.ts";
import { addressToHex } from "../../protocol/address.ts";
import { buildCircuit } from "../../scripts/circuits/build.ts";
import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { type TestChain, startTestChain } from "./support/testChain.ts";
import { type TestNetwork, startTestNetwork } from "./support/testNetwork.ts";

/** One network, one story: each test goes on where the last one ended. */
describe("A network on anvil, with real blobs and real proofs", function () {
  this.timeout(600_000); // a proof takes three seconds alone, on a busy machine many more

  let chain: TestChain;
  let maker: ProofMaker;
  let running: TestNetwork | undefined;
  const folder = temporaryFolder();
  const fresh = temporaryFolder();

  before(async function () {
    this.timeout(600_000); // the first run makes the reference string
    maker = await openLocalProofMaker(await buildCircuit({ size: "local" }));
    chain = await startTestChain({ proofSubmissionEpochs: 2 });
  });
  after(async () => {
    await running?.network.stop();
    await chain?.stop();
    folder.remove();
    fresh.remove();
  });

  const resync = () =>
    syncFromL1({ rpcUrl: chain.url, deployment: chain.deployment, folder: fresh.path, logger: silentLogger });

  it("registers users, executes their transfers and proves its epochs", async () => {
    running = await startTestNetwork({ chain, folder: folder.path, maker });
    const { network, until, nextSlot } = running;
    await until("the users' deposits", () => network.statistics.gas.deposit?.count === 4);

    for (let proofs = 1; proofs <= 3; proofs++) {
      // Slot 0 stays empty, so the first epoch has one block and the others have two.
      await nextSlot();
      if (proofs > 1) await nextSlot();
      await until(`proof ${proofs}`, () => network.statistics.gas.submitEpochProof?.count === proofs);
    }

    const statistics = network.statistics;
    expect(statistics.proofs).to.equal(3);
    expect(statistics.blocks).to.equal(5);
    expect(statistics.missedSlots).to.equal(0);
    expect(statistics.messages).to.equal(8);
    expect(statistics.transactions).to.equal(18);
    expect(statistics.withdrawals).to.be.greaterThan(0);
    expect(statistics.provingSeconds).to.have.length(3);
    expect(statistics.gas.propose?.count).to.equal(5);
  });

  it("has the state root on L1 that a node finds from events and blobs alone", async () => {
    const onL1 = await running!.network.provenState();
    const synced = await resync();
    expect(onL1.number).to.equal(5);
    expect(synced.proven).to.equal(5);
    expect(synced.provenRoot).to.equal(onL1.stateRoot);
    expect(synced.invalidBlocks).to.equal(0);
  });

  it("pays the withdrawals of a proven epoch, once", async () => {
    const { chain: state, parameters } = running!.network.node;
    const claims = state.provenEpochs.flatMap(({ epoch }) =>
      withdrawalClaims({ chain: state, parameters, epoch }),
    );
    expect(claims).to.have.length(running!.network.statistics.withdrawals);
    const asset = new Interface(["function balanceOf(address) view returns (uint256)"]);
    const { to, data, withdrawal } = claims.at(-1)!;
    const recipient = addressToHex(withdrawal.recipient);
    const balance = async (): Promise<bigint> =>
      BigInt(
        String(
          await chain.rpc("eth_call", [
            { to: parameters.asset, data: asset.encodeFunctionData("balanceOf", [recipient]) },
            "latest",
          ]),
        ),
      );

    const before = await balance();
    const from = localAddress(9);
    await chain.rpc("eth_sendTransaction", [{ from, to, data }]);
    expect((await balance()) - before).to.equal(withdrawal.amount);

    const refusal = await chain.rpc("eth_call", [{ from, to, data }, "latest"]).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(suiteErrorDecoder().decodeThrown(refusal)?.name).to.equal("Rollup__WithdrawalAlreadyConsumed");
  });

  it("follows a small L1 reorg, and proposes again", async () => {
    const { network, events, nextSlot, until } = running!;
    const { pending } = network.node.chain;
    const snapshot = await chain.rpc("evm_snapshot");
    await nextSlot();
    expect(network.node.chain.pending).to.equal(pending + 1);
    await chain.rpc("evm_revert", [snapshot]);
    // A reorg gives other blocks; a chain that is a block or two shorter is a server that lags.
    await chain.rpc("anvil_mine", ["0x3"]);
    await until("the node to walk back", () => events.some(({ event }) => event.type === "reorg"));
    const walkedBack = events.find(({ event }) => event.type === "reorg");
    expect(walkedBack).to.have.nested.property("event.undone").with.length(1);
    expect(network.node.chain.pending).to.equal(pending);
    // The slot was signed, so it passes without another block.
    const slot = (await chain.slot()) + 1;
    await chain.toSlot(slot);
    await nextSlot();
    expect(network.node.chain.pending).to.equal(pending + 1);
    expect(network.node.chain.tip.record.slot).to.equal(slot + 1);
    await until("the proof behind the reorg", () => network.statistics.proofs === 4);
  });

  it("goes on after a restart, and signs no slot twice", async () => {
    await running!.network.stop();
    const slot = await chain.slot();
    running = await startTestNetwork({ chain, folder: folder.path, maker });
    const { network, until, nextSlot } = running;
    const { proven } = network.node.chain;
    expect(proven).to.equal(6);

    await nextSlot();
    await nextSlot();
    await until("the next proof", () => network.statistics.proofs === 1);
    expect(network.node.chain.proven).to.equal(proven + 2);
    await network.stop();
    running = undefined;

    const journal = openActorJournal({ path: `${folder.path}/sequencer.journal`, logger: silentLogger });
    const slots = journal.entries.filter((entry) => entry.type === "proposal").map((entry) => entry.slot);
    journal.close();
    expect(slots).to.deep.equal(Array.from({ length: slot + 2 }, (_, i) => i + 1));
  });

  it("refuses a second network on the same folder", async () => {
    running = await startTestNetwork({ chain, folder: folder.path });
    const refusal = await startTestNetwork({ chain, folder: folder.path }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(isActorError(refusal, "STORE_LOCKED")).to.equal(true);
  });

  it("is pruned without a prover, and goes on from the proven tip", async () => {
    // `running` has no prover: epochs pass until the oldest can no longer be proven.
    const { network, nextSlot } = running!;
    const proven = network.node.chain.proven;
    for (let i = 0; i < 6; i++) await nextSlot();
    expect(network.node.chain.pending).to.equal(proven + 6);

    await nextSlot();
    expect(network.statistics.prunes).to.equal(1);
    // The block that pruned the others has their transactions already.
    const last = running!.events.findLast(
      ({ source, event }) => source === "proposer" && event.type === "proposed",
    );
    expect(last).to.have.nested.property("event.transactions").that.is.greaterThan(0);
    expect(network.node.chain.proven).to.equal(proven);
    expect(network.node.chain.pending).to.equal(proven + 1);
    expect(network.statistics.missedSlots).to.equal(0);
    await network.stop();

    running = await startTestNetwork({ chain, folder: folder.path, maker });
    await running.nextSlot();
    await running.until("a proof after the prune", () => running!.network.statistics.proofs === 1);
    const onL1 = await running.network.provenState();
    const synced = await resync();
    expect(synced.provenRoot).to.equal(onL1.stateRoot);
    expect(onL1.number).to.equal(proven + 2);
  });
});

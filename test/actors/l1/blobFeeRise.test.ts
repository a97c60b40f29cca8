import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { Wallet } from "ethers";

import { makeBlobSidecar } from "../../../actors/l1/blobSidecar.ts";
import { signTransaction } from "../../../actors/l1/blobTransaction.ts";
import { isActorError } from "../../../actors/support/actorError.ts";
import { BLOB_BYTES } from "../../../protocol/blob.ts";
import { localAddress, localPrivateKey } from "../../../deploy/localAccounts.ts";
import { type AnvilBench, GWEI, rejection, startAnvilBench } from "../support/anvilAccount.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

/** Excess blob gas at genesis for a blob base fee of a little over 1 gwei, with which blocks of blobs move it. */
const EXCESS = "0x63a0000";
const CROWD = 9;

/** Blocks that are full of other people's blobs: L1's own rule makes blob gas dearer, nothing is put in its mouth. */
describe("Blob gas that gets dear on L1", function () {
  this.timeout(300_000); // cell proofs take seconds, on a busy machine many
  const folder = temporaryFolder();
  const blob = new Uint8Array(BLOB_BYTES);
  const sidecar = makeBlobSidecar({ blob, wrapper: 1 });
  const crowd = new Wallet(localPrivateKey(CROWD));
  let bench: AnvilBench;
  let crowdNonce = 0;

  before(async () => {
    const genesisFile = join(folder.path, "genesis.json");
    writeFileSync(genesisFile, JSON.stringify(genesis()));
    bench = await startAnvilBench([], { genesisFile });
    await bench.rpc("anvil_setBalance", [localAddress(CROWD), `0x${(10n ** 24n).toString(16)}`]);
  });
  after(async () => {
    await bench.stop();
    folder.remove();
  });
  beforeEach(() => bench.nextUser());

  const blobBaseFee = async () => BigInt(await bench.rpc<string>("eth_blobBaseFee"));

  /** A block of nine blobs at 1 gwei of base fee, which leaves no room for another. */
  async function fillBlock(): Promise<void> {
    for (const count of [6, 3]) {
      const { raw } = signTransaction({
        signer: crowd,
        chainId: 31337,
        nonce: crowdNonce++,
        to: crowd.address,
        data: "0x",
        value: 0n,
        gasLimit: 21_000n,
        fees: { maxFeePerGas: 900n * GWEI, maxPriorityFeePerGas: 100n * GWEI, maxFeePerBlobGas: 2n ** 60n },
        sidecars: Array.from({ length: count }, () => sidecar),
      });
      await bench.rpc("eth_sendRawTransaction", [raw]);
    }
    await bench.mine({ baseFee: GWEI });
    const block = await bench.rpc<Record<string, string>>("eth_getBlockByNumber", ["latest", false]);
    expect(BigInt(block["blobGasUsed"]!)).to.equal(9n * BigInt(BLOB_BYTES));
  }

  it("makes a waiting transaction offer twice as much as soon as its offer is under the price, and it is mined", async () => {
    const account = bench.account({ bumpAfterBlocks: 1_000 });
    const work = account.send({
      purpose: "work",
      to: account.address,
      data: "0x",
      gasLimit: 30_000n,
      blobs: [blob],
    });
    const [first] = await bench.untilSent(1);
    const offer = BigInt((await bench.transaction(first!.hash))["maxFeePerBlobGas"]!);
    const start = await blobBaseFee();
    expect(offer).to.equal(2n * start);

    let blocks = 0;
    while ((await blobBaseFee()) <= offer) {
      expect(bench.journal().entries.filter(({ type }) => type === "send")).to.have.length(1);
      await fillBlock();
      blocks++;
    }
    console.log(`      ${blocks} full blocks: ${start} to ${await blobBaseFee()} wei`);
    // A pool that has room again would still not take the first offer.
    const [, second] = await bench.untilSent(2);
    const { maxFeePerBlobGas } = await bench.transaction(second!.hash);
    expect(BigInt(maxFeePerBlobGas!)).to.equal(2n * (await blobBaseFee()));
    await bench.mine({ baseFee: GWEI });
    const { receipt, attempts } = await work;
    expect(receipt.hash).to.equal(second!.hash);
    expect(attempts).to.equal(2);
  });

  it("keeps transactions with blobs back while it is over the ceiling, and no others", async () => {
    const account = bench.account();
    const price = await blobBaseFee();
    const request = { purpose: "work", to: account.address, data: "0x", gasLimit: 30_000n };
    const ceiling = () => ({ maxFeePerGas: 20n * GWEI, maxFeePerBlobGas: price - 1n });
    const refusal = await rejection(account.send({ ...request, blobs: [blob], ceiling }));
    expect(isActorError(refusal, "FEE_CEILING")).to.equal(true);
    expect(bench.journal().entries).to.be.empty;

    const ordinary = account.send({ ...request, ceiling });
    await bench.untilSent(1);
    await bench.mine();
    expect((await ordinary).receipt.type).to.equal(2);
  });
});

function genesis(): object {
  return {
    config: { chainId: 31337 },
    timestamp: "0x6553f100",
    gasLimit: "0x3938700",
    difficulty: "0x0",
    baseFeePerGas: "0x3b9aca00",
    excessBlobGas: EXCESS,
    blobGasUsed: "0x0",
    alloc: {},
  };
}

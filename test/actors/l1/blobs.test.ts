import { expect } from "chai";
import { Interface, Transaction, Wallet, getBytes } from "ethers";
import { network } from "hardhat";

import { Anvil } from "../../../actors/l1/anvil.ts";
import { connectBeacon } from "../../../actors/l1/beaconBlobSource.ts";
import { makeBlobSidecar, versionedHashOf } from "../../../actors/l1/blobSidecar.ts";
import { BlobStore } from "../../../actors/l1/blobStore.ts";
import { signTransaction } from "../../../actors/l1/blobTransaction.ts";
import { ContractErrorDecoder } from "../../../actors/l1/contractErrors.ts";
import { L1Account } from "../../../actors/l1/l1Account.ts";
import { connectL1, readHead } from "../../../actors/l1/provider.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { temporaryFolder } from "../support/temporaryFolder.ts";

const KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const blob = new Uint8Array(131_072);
blob.set([0, 1, 2, 3], 0);
blob.set([0, 9], 32 * 4095);

describe("Blob transactions", () => {
  it("carry one proof in wrapper 0 and 128 cell proofs in wrapper 1", () => {
    const signer = new Wallet(KEY);
    for (const wrapper of [0, 1] as const) {
      const sidecar = makeBlobSidecar({ blob, wrapper });
      expect(sidecar.proof.length).to.equal(wrapper === 0 ? 48 : 128 * 48);
      const { raw, hash } = signTransaction({
        signer,
        chainId: 31337,
        nonce: 0,
        to: signer.address,
        data: "0x",
        value: 0n,
        gasLimit: 21_000n,
        fees: { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n, maxFeePerBlobGas: 1n },
        sidecars: [sidecar],
      });
      const parsed = Transaction.from(raw);
      expect(parsed.from).to.equal(signer.address);
      expect(parsed.hash).to.equal(hash);
      expect(parsed.blobVersionedHashes).to.deep.equal([sidecar.versionedHash]);
      expect(parsed.blobWrapperVersion).to.equal(wrapper === 0 ? null : 1);
    }
  });

  it("refuses a blob of another length", () => {
    expect(() => makeBlobSidecar({ blob: new Uint8Array(32), wrapper: 1 })).to.throw(/131072 bytes/);
  });

  describe("on anvil", () => {
    let anvil: Anvil;
    let folder: ReturnType<typeof temporaryFolder>;
    before(async function () {
      this.timeout(20_000);
      folder = temporaryFolder();
      anvil = new Anvil({ port: 0, logger: silentLogger });
      await anvil.start();
    });
    after(async () => {
      await anvil.stop();
      folder.remove();
    });

    it("are mined with wrapper 1, and the beacon API gives the blob back", async function () {
      this.timeout(20_000);
      const provider = await connectL1({ url: anvil.url, chainId: 31337 });
      const account = new L1Account({
        provider,
        signer: new Wallet(KEY),
        chainId: 31337,
        logger: silentLogger,
        errors: new ContractErrorDecoder([]),
        pollInterval: 20,
      });
      const { receipt, attempts } = await account.send({
        purpose: "test",
        to: account.address,
        data: "0x",
        gasLimit: 30_000n,
        blobs: [blob],
      });
      expect(receipt.status).to.equal(1);
      expect(receipt.blobGasUsed).to.equal(131_072n);
      expect(attempts).to.equal(1);

      const source = await connectBeacon({ url: anvil.url });
      const block = (await readHead(provider, receipt.blockNumber))!;
      const { versionedHash } = makeBlobSidecar({ blob, wrapper: 0 });
      const [found] = await source.getBlobs({ block, versionedHashes: [versionedHash] });
      expect(Buffer.from(found!).equals(Buffer.from(blob))).to.equal(true);

      const other = versionedHashOf(new Uint8Array(48));
      const refusal = await source.getBlobs({ block, versionedHashes: [other] }).then(() => "", String);
      expect(refusal).to.match(/has no blob/);

      const store = new BlobStore({ folder: folder.path });
      store.keep(versionedHash, found!);
      const [kept] = await store.getBlobs({ block, versionedHashes: [versionedHash] });
      expect(Buffer.from(kept!).equals(Buffer.from(blob))).to.equal(true);
      provider.destroy();
    });

    it("names a taken port", async function () {
      this.timeout(20_000);
      const port = Number(new URL(anvil.url).port);
      const second = new Anvil({ port, logger: silentLogger });
      const refusal = await second.start().then(() => "", String);
      expect(refusal).to.match(new RegExp(`port ${port} is in use; choose another port`));
    });

    it("decodes the custom error of a call that would revert", () => {
      const decoder = new ContractErrorDecoder([
        new Interface(["error Rollup__SlotTaken(uint256 slot, uint256 tip)"]),
      ]);
      const data = new Interface(["error Rollup__SlotTaken(uint256 slot, uint256 tip)"]).encodeErrorResult(
        "Rollup__SlotTaken",
        [3, 4],
      );
      expect(decoder.decodeThrown({ error: { data } })?.text).to.equal("Rollup__SlotTaken(slot: 3, tip: 4)");
      expect(decoder.decodeThrown({ info: { error: { data: { data } } } })?.name).to.equal(
        "Rollup__SlotTaken",
      );
      expect(decoder.decode("0x12345678")?.text).to.equal("unknown error 0x12345678");
      expect(decoder.decodeThrown(new Error("no data"))).to.equal(undefined);
    });
  });

  it("are mined by Hardhat's simulated network with wrapper 0", async () => {
    const connection = await network.create();
    const sidecar = makeBlobSidecar({ blob, wrapper: 0 });
    const signer = new Wallet(KEY);
    const { raw, hash } = signTransaction({
      signer,
      chainId: 31337,
      nonce: 0,
      to: signer.address,
      data: "0x",
      value: 0n,
      gasLimit: 30_000n,
      fees: { maxFeePerGas: 10_000_000_000n, maxPriorityFeePerGas: 1n, maxFeePerBlobGas: 1_000_000_000n },
      sidecars: [sidecar],
    });
    expect(getBytes(raw).length).to.be.greaterThan(131_072);
    await connection.provider.request({ method: "eth_sendRawTransaction", params: [raw] });
    const receipt = (await connection.provider.request({
      method: "eth_getTransactionReceipt",
      params: [hash],
    })) as { status: string };
    expect(receipt.status).to.equal("0x1");
    await connection.close();
  });
});

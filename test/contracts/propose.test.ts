import { expect } from "chai";
import { type Interface, toBeHex, ZeroAddress } from "ethers";

import { type BlockFields, BN254_R, hashRecord, packBlock } from "../helpers/layout.ts";
import { expectRefusal } from "../helpers/refusal.ts";
import { cachedSidecar, deployRollup, type RollupDriver } from "../helpers/rollup.ts";

describe("propose", () => {
  let driver: RollupDriver;
  let abi: Interface;

  before(async () => {
    driver = await deployRollup();
    abi = driver.rollup.interface;
  });

  it("starts from a genesis record bound to chain, instance, version and root", async () => {
    expect(await driver.rollup.recordHash(0)).to.equal(hashRecord(driver.genesis));
    expect(BigInt(await driver.rollup.genesisHash())).to.equal(driver.genesis[0]);
  });

  it("stores the record's hash, moves the tip and emits every preimage", async () => {
    const block = await driver.propose(1);

    expect(await driver.rollup.recordHash(1)).to.equal(hashRecord(block.record));
    const receipt = await driver.connection.ethers.provider.getTransactionReceipt(block.hash);
    const event = abi.parseLog(receipt!.logs[0]!)!;
    expect(event.name).to.equal("Proposed");
    expect(event.args.number).to.equal(1n);
    expect([...(event.args.record as bigint[])]).to.deep.equal(block.record);
    expect([...(event.args.blk as bigint[])]).to.deep.equal(packBlock(block.fields));
    expect(event.args.versionedHash).to.equal(block.sidecar.versionedHash);
    expect(event.args.proposer).to.equal(block.proposer);
    const status = await driver.rollup.status();
    expect([
      status.pending,
      status.proven,
      status.firstUnprovenEpoch,
      status.lastCommitteeSlot,
    ]).to.deep.equal([1n, 0n, 0n, 1n]);
  });

  it("carries fees and epoch hash inside an epoch and starts both anew in the next", async () => {
    const second = await driver.propose(3);
    expect(await driver.rollup.recordHash(2)).to.equal(hashRecord(second.record));
    const third = await driver.propose(4, { modifier: -100n });
    expect(await driver.rollup.recordHash(3)).to.equal(hashRecord(third.record));
  });

  it("accepts the smallest quorum and the bounds of every limit", async () => {
    const slot = 5n;
    const own = slot % 5n;
    const bitmap = 0b11111n ^ (1n << ((own + 1n) % 5n));
    const block = await driver.propose(slot, { bitmap, modifier: 100n, gasL2: 120_000n, gasDa: 1_024n });
    expect(await driver.rollup.recordHash(4)).to.equal(hashRecord(block.record));
  });

  describe("refuses, and changes nothing", () => {
    const slot = 6n;

    async function refused(
      name: string,
      changes: Partial<BlockFields>,
      options: Parameters<RollupDriver["sendPropose"]>[1] = {},
      args?: readonly unknown[],
    ): Promise<void> {
      const before = await driver.snapshot();
      await driver.toSlot(slot);
      await expectRefusal(driver.sendPropose(driver.fields(slot, changes), options), abi, name, args);
      expect(await driver.snapshot()).to.equal(before);
    }

    it("a transaction without blob", () => refused("Rollup__BlobMissing", {}, { sidecars: [] }, []));

    it("a second blob", () =>
      refused("Rollup__ExtraBlob", {}, { sidecars: [cachedSidecar(1n, 6n), cachedSidecar(1n, 5n)] }, []));

    it("a slot that is over, or not begun", async () => {
      await refused("Rollup__WrongSlot", { slot: 5n }, { from: driver.proposerOf(5n) }, [slot, 5n]);
      await refused("Rollup__WrongSlot", { slot: 7n }, { from: driver.proposerOf(7n) }, [slot, 7n]);
    });

    it("another record than the tip's", async () => {
      const genesis = hashRecord(driver.genesis);
      await refused("Rollup__WrongParentRecord", {}, { parent: driver.genesis }, [
        4n,
        hashRecord(driver.tipRecord),
        genesis,
      ]);
      for (let i = 0; i < 7; ++i) {
        const parent = [...driver.tipRecord] as typeof driver.tipRecord;
        parent[i] = parent[i]! ^ 1n;
        await refused("Rollup__WrongParentRecord", {}, { parent });
      }
    });

    it("anyone but the slot's proposer", () =>
      refused("Rollup__WrongProposer", {}, { from: driver.proposerOf(7n) }, [
        driver.proposerOf(6n).address,
        driver.proposerOf(7n).address,
      ]));

    it("a bitmap without the proposer's own bit", () =>
      refused("Rollup__OwnBitMissing", { bitmap: 0b11101n }, {}, [1n]));

    it("bits beyond the committee, spare bits included", async () => {
      await refused("Rollup__BitmapBeyondCommittee", { bitmap: 0b111111n }, {}, [0b111111n, 5n]);
      await refused("Rollup__BitmapBeyondCommittee", { bitmap: 0b11111n | (1n << 47n) });
      await refused("Rollup__BitmapBeyondCommittee", { bitmap: 0b11111n | (1n << 60n) });
      await refused("Rollup__BitmapBeyondCommittee", { bitmap: 0b11111n | (1n << 95n) });
    });

    it("a quorum missed by one", () => refused("Rollup__QuorumMissed", { bitmap: 0b10011n }, {}, [4n, 3n]));

    it("a state root that is no field element", async () => {
      await refused("Rollup__StateRootOutOfField", { stateRoot: BN254_R }, {}, [BN254_R]);
      await refused("Rollup__StateRootOutOfField", { stateRoot: 2n ** 256n - 1n });
    });

    it("prices off by one, either of them", async () => {
      const { feePerL2Gas, feePerDaGas } = driver.fields(slot);
      const expected = [feePerL2Gas, feePerDaGas];
      await refused("Rollup__WrongPrices", { feePerL2Gas: feePerL2Gas + 1n }, {}, expected);
      await refused("Rollup__WrongPrices", { feePerL2Gas: feePerL2Gas - 1n }, {}, expected);
      await refused("Rollup__WrongPrices", { feePerDaGas: feePerDaGas + 1n }, {}, expected);
      await refused("Rollup__WrongPrices", { feePerDaGas: feePerDaGas - 1n }, {}, expected);
    });

    it("gas over a limit", async () => {
      await refused("Rollup__L2GasOverLimit", { gasL2: 120_001n }, {}, [120_000n, 120_001n]);
      await refused("Rollup__DaGasOverLimit", { gasDa: 1_025n }, {}, [1_024n, 1_025n]);
    });

    it("more messages than a block has room for", () =>
      refused("Rollup__TooManyMessages", { messages: 3n }, {}, [2n, 3n]));

    it("a message nobody sent", () => refused("Rollup__MessageNotSent", { messages: 1n }, {}, [0n, 1n]));

    it("a modifier beyond its bounds", async () => {
      await refused("Rollup__ModifierOutOfBounds", { modifier: 101n }, {}, [100n, 101n]);
      await refused("Rollup__ModifierOutOfBounds", { modifier: -101n }, {}, [100n, -101n]);
      await refused("Rollup__ModifierOutOfBounds", { modifier: -32768n }, {}, [100n, -32768n]);
    });

    it("a second block in the slot", async () => {
      await driver.propose(slot);
      await refused("Rollup__SlotTaken", {}, {}, [slot, slot]);
    });

    it("everything before genesis", async () => {
      const early = await deployRollup();
      await expectRefusal(
        early.sendPropose(early.fields(0n)),
        early.rollup.interface,
        "Clock__BeforeGenesis",
        [early.genesisTime],
      );
    });
  });

  it("orders its checks: of several faults the first one is named", async () => {
    const fresh = await deployRollup();
    await fresh.toSlot(1n);
    const faults: [keyof BlockFields, bigint, bigint, string][] = [
      ["bitmap", 0n, 31n, "Rollup__OwnBitMissing"],
      ["stateRoot", BN254_R, 1n, "Rollup__StateRootOutOfField"],
      ["feePerL2Gas", 0n, fresh.fields(1n).feePerL2Gas, "Rollup__WrongPrices"],
      ["gasL2", 2n ** 31n, 0n, "Rollup__L2GasOverLimit"],
      ["gasDa", 2n ** 31n, 0n, "Rollup__DaGasOverLimit"],
      ["messages", 2n ** 15n, 1n, "Rollup__TooManyMessages"],
    ];
    const fields: Record<string, bigint> = Object.fromEntries(faults.map(([name, wrong]) => [name, wrong]));
    fields.modifier = 101n;
    for (const [name, , right, error] of faults) {
      await expectRefusal(fresh.sendPropose(fresh.fields(1n, fields)), abi, error);
      fields[name] = right;
    }
    await expectRefusal(fresh.sendPropose(fresh.fields(1n, fields)), abi, "Rollup__MessageNotSent");
    fields.messages = 0n;
    await expectRefusal(fresh.sendPropose(fresh.fields(1n, fields)), abi, "Rollup__ModifierOutOfBounds");
  });

  describe("prune", () => {
    it("is refused before the deadline and with nothing to prune", async () => {
      const fresh = await deployRollup();
      await fresh.toSlot(1);
      await expectRefusal(fresh.rollup.prune(), abi, "Rollup__NothingToPrune", []);
      await fresh.propose(2);
      // Epoch 0 can be proven until epoch 1 ends: slot 7 is its last.
      await fresh.toSlot(7, 71n);
      await expectRefusal(fresh.rollup.prune(), abi, "Rollup__PruneTooEarly", [1n, 1n]);
      await fresh.toSlot(8, 0n);
      const receipt = await (await fresh.rollup.prune()).wait();
      expect(abi.parseLog(receipt!.logs[0]!)!.args.toArray()).to.deep.equal([0n, 1n]);
      const status = await fresh.rollup.status();
      expect([status.pending, status.proven]).to.deep.equal([0n, 0n]);
      // The clock of the fallback is not turned back.
      expect(status.lastCommitteeSlot).to.equal(2n);
    });

    it("happens by itself in the next propose", async () => {
      const fresh = await deployRollup();
      await fresh.propose(1);
      await fresh.propose(5);
      await fresh.toSlot(8, 0n);
      await expectRefusal(fresh.sendPropose(fresh.fields(8n)), abi, "Rollup__WrongParentRecord", [
        0n,
        hashRecord(fresh.genesis),
        hashRecord(fresh.tipRecord),
      ]);
      fresh.rewind(0);
      const block = await fresh.propose(8);
      const receipt = await fresh.connection.ethers.provider.getTransactionReceipt(block.hash);
      expect(receipt!.logs.map((log) => abi.parseLog(log)!.name)).to.deep.equal(["Pruned", "Proposed"]);
      expect(await fresh.rollup.recordHash(1)).to.equal(hashRecord(block.record));
      expect((await fresh.rollup.status()).firstUnprovenEpoch).to.equal(2n);
    });

    it("is already applied by `status` when due", async () => {
      const fresh = await deployRollup();
      await fresh.propose(1);
      await fresh.toSlot(8, 0n);
      await fresh.connection.networkHelpers.mine();
      expect((await fresh.rollup.status()).pending).to.equal(0n);
      expect(BigInt(await fresh.rollup.tip()) & 0xffffffffn).to.equal(1n);
    });
  });

  it("keeps the ring's words apart over many laps", async () => {
    const fresh = await deployRollup({ parameters: { proofSubmissionEpochs: 1n, recordRing: 9n } });
    for (let slot = 1; slot <= 7; ++slot) await fresh.propose(slot);
    for (let n = 0; n <= 7; ++n)
      expect(await fresh.rollup.recordHash(n)).to.equal(hashRecord(fresh.record(n)));
    await expectRefusal(fresh.rollup.recordHash(8), abi, "Rollup__RecordUnavailable", [8n]);
  });

  it("signs and shows: digests are the EIP-712 ones, attestation and proposal differ", async () => {
    const value = { slot: 9n, chainHash: toBeHex(77n, 32), modifier: -3n, coinbase: ZeroAddress };
    const domain = {
      name: "Calpulli",
      version: "1",
      chainId: 31337n,
      verifyingContract: driver.rollup.target as string,
    };
    const fields = [
      { name: "slot", type: "uint32" },
      { name: "chainHash", type: "bytes32" },
      { name: "modifier", type: "int16" },
      { name: "coinbase", type: "address" },
    ];
    const { TypedDataEncoder } = await import("ethers");
    const args = [value.slot, value.chainHash, value.modifier, value.coinbase] as const;
    expect(await driver.rollup.attestationDigest(...args)).to.equal(
      TypedDataEncoder.hash(domain, { Attestation: fields }, value),
    );
    expect(await driver.rollup.proposalDigest(...args)).to.equal(
      TypedDataEncoder.hash(domain, { Proposal: fields }, value),
    );
  });
});

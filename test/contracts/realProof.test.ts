import { expect } from "chai";
import { getBytes, hexlify } from "ethers";

import { merklePath, withdrawalWord } from "../helpers/layout.ts";
import { proveRealEpoch, type RealEpoch } from "../helpers/realEpoch.ts";
import { expectRefusal } from "../helpers/refusal.ts";

describe("submitEpochProof with a real proof", () => {
  let epoch: RealEpoch;

  before(async function () {
    this.timeout(180_000);
    epoch = await proveRealEpoch();
  });

  const submit = (changes: Partial<RealEpoch["args"]>) =>
    epoch.driver.rollup.submitEpochProof({ ...epoch.args, ...changes }, { gasLimit: 10_000_000n });

  async function refused(changes: Partial<RealEpoch["args"]>): Promise<void> {
    const { driver } = epoch;
    const before = await driver.snapshot();
    await expectRefusal(submit(changes), driver.contracts.policy.interface, "VerifierPolicy__ProofRefused");
    expect(await driver.snapshot()).to.equal(before);
  }

  it("is refused under another prover's name", () => refused({ prover: epoch.driver.members[1]!.address }));

  it("is refused with other participation, and with another list of withdrawals", async () => {
    const [low, high] = epoch.args.participation;
    await refused({ participation: [low ^ 1n, high] });
    await refused({ participation: [low, high ^ 1n] });
    await refused({ withdrawals: epoch.args.withdrawals.slice(1) });
    await refused({ withdrawals: [...epoch.args.withdrawals].reverse().map((word) => word + 1n) });
  });

  it("is refused with a byte of the proof altered, or cut", async () => {
    const proof = getBytes(epoch.args.proofs[0]!);
    for (const at of [0, 1_000, proof.length - 1]) {
      const altered = proof.slice();
      altered[at]! ^= 1;
      await refused({ proofs: [hexlify(altered)] });
    }
    await refused({ proofs: [hexlify(proof.slice(0, -32))] });
    await refused({ proofs: ["0x"] });
  });

  it("is accepted, and its withdrawals are paid", async () => {
    const { driver, args } = epoch;
    await submit({});
    expect((await driver.rollup.status()).proven).to.equal(2n);

    const recipient = driver.members[0]!.address;
    expect(args.withdrawals).to.deep.equal([
      withdrawalWord(1n, 7n, recipient),
      withdrawalWord(1n, 7n, recipient),
    ]);
    await driver.connection.networkHelpers.time.increase(driver.parameters.outboxDelay);
    const before = await driver.contracts.asset.balanceOf(recipient);
    for (const index of [0, 1]) {
      const path = merklePath(args.withdrawals, index);
      await driver.contracts.assetPortal.withdraw(1, index, 2, args.withdrawals[index]!, path);
    }
    expect((await driver.contracts.asset.balanceOf(recipient)) - before).to.equal(14n);
  });
});

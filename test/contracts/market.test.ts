/** The market against the real Rollup and the real rewards; proofs by the mock verifier. */
import { expect } from "chai";
import type { Wallet } from "ethers";

import { MarketContract } from "../../actors/market/marketContract.ts";
import { emptyMarket, isClosed, reduceMarket } from "../../actors/market/marketReducer.ts";
import { toAddress } from "../../protocol/address.ts";
import { bytesToHex } from "../../protocol/bytes.ts";
import { quoteProfit, STAGES } from "../../protocol/market.ts";
import { quoteDigest } from "../../protocol/quote.ts";
import { deployMarket, type MarketDriver, NO_WORD } from "../helpers/market.ts";

describe("ProofMarket on the real Rollup", () => {
  let driver: MarketDriver;
  let alice: Wallet;
  let bob: Wallet;

  beforeEach(async () => {
    driver = await deployMarket();
    alice = await driver.prover("alice");
    bob = await driver.prover("bob");
  });

  const stage = async (epoch: number) => STAGES[Number((await driver.market.claimOf(epoch)).stage)];
  const freeOf = async (prover: Wallet) => (await driver.market.accountOf(prover.address)).free;
  const held = (address: string) => driver.token.balanceOf(address);
  /** Settles the epoch proven last, collects what that credits, and flushes what it leaves. */
  const settled = async () => {
    const before = await driver.distributor.canonicalBalance();
    const receipt = await driver.settle();
    const [event] = receipt.logs
      .map((log) => driver.market.interface.parseLog(log))
      .filter((parsed) => parsed?.name === "Settled");
    const { epoch, payee, credited } = event!.args as unknown as {
      epoch: bigint;
      payee: string;
      credited: bigint;
    };
    if (credited > 0n) await (await driver.rewards.collectProver(payee)).wait();
    const { unspent: returned, burned } = await driver.rewards.leftoversOf(epoch);
    if (returned + burned > 0n) await (await driver.rewards.flush(epoch)).wait();
    const change = (await driver.distributor.canonicalBalance()) - before;
    return { payee, credited, returned, distributor: change };
  };

  it("a digest is the same here and in the protocol library", async () => {
    const quote = driver.quote(alice, 3, 700);
    expect(await driver.market.quoteDigest({ ...quote, prover: alice.address })).to.equal(
      bytesToHex(quoteDigest({ domain: driver.domain, quote })),
    );
  });

  it("the claimant that proves is paid its share of the real pot", async () => {
    await driver.epoch(0);
    await driver.claim(alice, 0, 1_500);
    await driver.prove(0, alice.address);
    const proverFees = (driver.chain.record(3)[6] >> 80n) & ((1n << 80n) - 1n);
    const { pay } = quoteProfit({
      parameters: driver.parameters,
      proverFees,
      blocks: 3n,
      fee: 1_500n,
    });
    const result = await settled();
    expect(result.payee).to.equal(alice.address);
    expect(result.credited).to.equal(pay);
    expect(await held(alice.address)).to.equal(pay);
    expect(await freeOf(alice)).to.equal(10n ** 18n);
    expect(await stage(0)).to.equal("delivered");
  });

  it("another's proof in exclusive time pays nobody; the fees go to the distributor", async () => {
    await driver.epoch(0);
    await driver.claim(alice, 0, 1_500);
    await driver.prove(0, bob.address);
    const result = await settled();
    expect(result.credited).to.equal(0n);
    expect(await held(alice.address)).to.equal(0n);
    expect(await held(bob.address)).to.equal(0n);
    expect(result.distributor > 0n).to.equal(true);
    expect(result.distributor).to.equal(result.returned);
    expect(await stage(0)).to.equal("forestalled");
    expect(await freeOf(alice)).to.equal(10n ** 18n);
  });

  it("a default: the rescuer has the reserve and its share, the rest of the bond is burnt", async () => {
    await driver.epoch(0);
    await driver.claim(alice, 0, 1_500);
    const { bond } = await driver.market.claimOf(0);
    await driver.after(0, 226n);
    const supply = await driver.token.totalSupply();
    await driver.prove(0, bob.address);
    await (await driver.market.resolve(driver.openings[0]!)).wait();
    expect(await driver.market.toBurn()).to.equal(bond - bond / 2n);
    await (await driver.market.burn()).wait();
    expect(await driver.token.totalSupply()).to.equal(supply - (bond - bond / 2n) + 1n);
    const { payee, credited } = await settled();
    expect(payee).to.equal(bob.address);
    expect(credited > 0n).to.equal(true);
    expect(await freeOf(bob)).to.equal(10n ** 18n + bond / 2n);
    expect(await freeOf(alice)).to.equal(10n ** 18n - bond);
    expect(await stage(0)).to.equal("rescued");
  });

  it("an actor finds the words and records that the calls take, and what is settled and credited", async () => {
    const contract = new MarketContract({
      provider: driver.chain.connection.ethers.provider as never,
      deployment: {
        chainId: 31_337,
        block: 0,
        version: 1,
        verificationKeyHash: driver.parameters.verifierKeyHash,
        addresses: {
          rollup: driver.chain.rollup.target as string,
          token: driver.token.target as string,
          market: driver.market.target as string,
        },
      },
    });
    await driver.epoch(0);
    expect(await contract.predecessor()).to.deep.equal(NO_WORD);
    await driver.prove(0, alice.address);
    await driver.epoch(1);
    await driver.prove(1, bob.address);
    await driver.epoch(2);
    const [first, second] = driver.openings;
    expect(await contract.predecessor()).to.deep.equal(driver.word(second));
    expect(await contract.opening(0)).to.deep.equal(first);
    expect(await contract.opening(1)).to.deep.equal(second);
    await contract.opening(2).then(
      () => expect.fail("opened"),
      (error: Error) => expect(error.message).to.match(/epoch 2 is not proven/),
    );
    const { epochRing, slotsPerEpoch } = driver.chain.parameters;
    expect(await contract.ringWord(1)).to.deep.equal(driver.word(second));
    expect(await contract.ringWord(1 + Number(epochRing))).to.deep.equal(driver.word(second));
    expect(await contract.ringWord(2)).to.deep.equal(NO_WORD);
    const [, last] = driver.blocksOf(2);
    expect((await contract.endOf(2, Number(slotsPerEpoch))).end).to.deep.equal(driver.chain.record(last));

    expect(await contract.isSettled(0)).to.equal(false);
    await driver.settle(first);
    expect(await contract.isSettled(0)).to.equal(true);
    const credit = await contract.credit(toAddress(alice.address));
    expect(credit > 0n).to.equal(true);
    await (await bob.sendTransaction(await contract.collection(toAddress(alice.address)))).wait();
    expect(await held(alice.address)).to.equal(credit);
    expect(await contract.credit(toAddress(alice.address))).to.equal(0n);
  });

  it("a copied proof pays its maker, and the copier pays the gas", async () => {
    await driver.epoch(0);
    await driver.claim(alice, 0, 1_500);
    // The driver's account sends it: the proof is bound to Alice.
    await driver.prove(0, alice.address);
    expect((await settled()).payee).to.equal(alice.address);
  });

  it("a prover contract that takes no ether and no call is paid all the same", async () => {
    await driver.epoch(0);
    const contract = driver.chain.contracts.policy.target as string;
    await driver.prove(0, contract);
    const { payee, credited } = await settled();
    expect(payee).to.equal(contract);
    expect(credited > 0n).to.equal(true);
    expect(await held(contract)).to.equal(credited);
  });

  it("a second submission of the same epoch is cheap, and changes nothing", async () => {
    await driver.epoch(0);
    await driver.claim(alice, 0, 1_500);
    const args = driver.chain.epochProof(1, 3, { prover: bob.address });
    await driver.prove(0, alice.address);
    const { rollup } = driver.chain;
    const data = rollup.interface.encodeFunctionData("submitEpochProof", [args]);
    const gas = await refusedGas(driver, bob, rollup.target as string, data);
    const intrinsic = intrinsicGas(data);
    expect(gas - intrinsic).to.be.lessThan(15_000);
    expect((await settled()).payee).to.equal(alice.address);
  });

  it("a guarded submission starts the clock, and refuses what pays less", async () => {
    await driver.epoch(0);
    const args = driver.chain.epochProof(1, 3, { prover: bob.address });
    const data = driver.chain.rollup.interface.encodeFunctionData("submitEpochProof", [args]);
    const submit = (minFee: bigint) =>
      driver.submitter.connect(bob).submit(data, bob.address, minFee, NO_WORD);
    await driver.after(0, 61n);
    await expect(submit(8_000n)).to.be.revertedWithCustomError(driver.submitter, "Submitter__PaysLess");
    // A claim slips in: the proof is not given away.
    const before = await driver.chain.connection.networkHelpers.takeSnapshot();
    await driver.claim(alice, 0, 1_000);
    await expect(submit(0n))
      .to.be.revertedWithCustomError(driver.submitter, "Submitter__PaysLess")
      .withArgs("0x0000000000000000000000000000000000000000", 0n, 0n);
    await before.restore();
    await driver.after(0, 62n);
    driver.keep((await (await submit(5_000n)).wait())!);
    expect((await settled()).payee).to.equal(bob.address);
    await expect(
      driver.submitter.submit("0x12345678", bob.address, 0n, NO_WORD),
    ).to.be.revertedWithCustomError(driver.submitter, "Submitter__NotASubmission");
  });

  it("a prune with a live claim: nothing is released, the whole bond burns", async () => {
    await driver.epoch(0);
    await driver.claim(alice, 0, 1_500);
    await driver.after(3, 1n);
    await (await driver.chain.rollup.prune()).wait();
    await expect(driver.market.release(0, NO_WORD)).to.be.revertedWithCustomError(
      driver.market,
      "Market__NotReleasable",
    );
    const { bond } = await driver.market.claimOf(0);
    await (await driver.market.slash(0, NO_WORD)).wait();
    expect(await stage(0)).to.equal("lost");
    expect(await freeOf(alice)).to.equal(10n ** 18n - bond);
    // A proof of it is refused, so nobody can settle it.
    await expect(
      driver.chain.rollup.submitEpochProof(driver.chain.epochProof(1, 3)),
    ).to.be.revertedWithCustomError(driver.chain.rollup, "Rollup__BlockNotPending");
  });

  it("a pause in the exclusive time: no claim in it, the live one is released, a new one afterwards", async () => {
    await driver.epoch(0);
    await driver.claim(alice, 0, 1_500);
    await driver.chain.pause(4, 30n, 600n);
    const args = driver.claimArguments(bob, driver.quote(bob, 0, 100));
    await expect(driver.market.claim(...args)).to.be.revertedWithCustomError(driver.market, "Market__Paused");
    await driver.chain.toSlot(4, 640n);
    await expect(driver.market.slash(0, NO_WORD)).to.be.revertedWithCustomError(
      driver.market,
      "Market__NotSlashable",
    );
    await driver.claim(bob, 0, 100);
    expect(await freeOf(alice)).to.equal(10n ** 18n);
    await driver.prove(0, bob.address);
    expect((await settled()).payee).to.equal(bob.address);
  });

  it("events alone rebuild the whole state, over every way a claim can go", async () => {
    const carol = await driver.prover("carol");
    await (await driver.market.connect(carol).initiateWithdrawal(10n ** 18n)).wait();
    // 0: outbid, delivered. 1: forestalled. 2: rescued after a slash. 3: an open race. 4: carol's bond on its way out.
    await driver.epoch(0);
    await driver.claim(alice, 0, 1_500);
    await driver.claim(bob, 0, 1_000);
    await driver.prove(0, bob.address);
    await driver.settle();
    await driver.epoch(1);
    await driver.claim(alice, 1, 1_500);
    await driver.prove(1, bob.address);
    await driver.settle();
    await driver.epoch(2);
    await driver.claim(alice, 2, 900);
    await driver.after(2, 270n);
    await (await driver.market.slash(2, driver.word())).wait();
    await driver.prove(2, bob.address);
    await driver.settle();
    await driver.epoch(4);
    await (await driver.market.open(driver.word())).wait();
    await driver.prove(4, carol.address);
    await driver.settle();
    await driver.epoch(6);
    await driver.claim(carol, 6, 200);
    await (await driver.market.switchClaims(true)).wait();
    await (await driver.market.listProver(bob.address, true)).wait();
    await (await driver.market.connect(alice).cancelQuotes(99n)).wait();
    await driver.after(9, 1n);
    await (await driver.market.burn()).wait();
    await (await driver.market.slash(6, driver.word())).wait();
    await driver.chain.connection.networkHelpers.time.increase(3_000);
    await (await driver.market.connect(carol).finaliseWithdrawal(carol.address)).wait();

    const state = emptyMarket();
    const address = driver.market.target as string;
    const { provider } = driver.chain.connection.ethers;
    for (const log of await provider.getLogs({ address, fromBlock: 0 })) {
      const parsed = driver.market.interface.parseLog(log);
      if (parsed) reduceMarket(state, { name: parsed.name, args: parsed.args.toObject() });
    }
    for (const prover of [alice, bob, carol]) {
      const account = await driver.market.accountOf(prover.address);
      const { free, reserved, nonce, withdrawing, withdrawableAt } = account;
      expect(state.accounts.get(prover.address)).to.deep.equal({
        free,
        reserved,
        nonce,
        withdrawing,
        withdrawableAt,
      });
      expect(state.listed.has(prover.address)).to.equal(await driver.market.isListed(prover.address));
    }
    const ends = [];
    for (const epoch of [0, 1, 2, 4, 6]) {
      const claim = await driver.market.claimOf(epoch);
      const rebuilt = state.epochs.get(BigInt(epoch))!;
      ends.push(rebuilt.stage);
      expect(STAGES.indexOf(rebuilt.stage)).to.equal(Number(claim.stage));
      expect(rebuilt.since).to.equal(claim.since);
      expect(rebuilt.prover).to.equal(claim.prover);
      expect(rebuilt.fee).to.equal(claim.fee);
      if (epoch === 4) continue;
      expect(rebuilt.exclusiveUntil).to.equal(claim.exclusiveUntil);
      expect(rebuilt.deadline).to.equal(claim.deadline);
      expect(rebuilt.bond).to.equal(claim.bond);
      expect(rebuilt.endRecordHash).to.equal(claim.endRecordHash);
    }
    expect(ends).to.deep.equal(["delivered", "forestalled", "rescued", "open", "lost"]);
    for (const epoch of [0n, 6n, 99n]) {
      expect(isClosed(state, epoch)).to.equal(await driver.market.isClosed(epoch));
    }
    expect(state.toBurn).to.equal(await driver.market.toBurn());
    expect(state.toBurn > 1n && state.burned > 1n).to.equal(true);
    let sum = state.toBurn;
    for (const { free, reserved, withdrawing } of state.accounts.values())
      sum += free + reserved + withdrawing;
    expect(await held(driver.market.target as string)).to.equal(sum);
  });
});

/** Gas of a transaction that L1 mines and refuses. */
async function refusedGas(driver: MarketDriver, from: Wallet, to: string, data: string): Promise<number> {
  const { provider } = driver.chain.connection.ethers;
  try {
    const tx = await from.sendTransaction({ to, data, gasLimit: 1_000_000n });
    await tx.wait();
  } catch {
    // The simulated network reports the refusal of a transaction that it mined.
  }
  const block = await provider.getBlock("latest");
  const receipt = await provider.getTransactionReceipt(block!.transactions[0]!);
  expect(receipt!.status).to.equal(0);
  return Number(receipt!.gasUsed);
}

/** What the transaction costs before any code runs: the larger of EIP-2028's and EIP-7623's. */
function intrinsicGas(data: string): number {
  const bytes = Buffer.from(data.slice(2), "hex");
  const zeros = bytes.filter((byte) => byte === 0).length;
  const tokens = zeros + 4 * (bytes.length - zeros);
  return 21_000 + 10 * tokens;
}

import { expect } from "chai";
import { type JsonRpcProvider } from "ethers";
import { network } from "hardhat";

import { RollupContract } from "../../../actors/l1/rollupContract.ts";
import { readBooks } from "../../../actors/rewards/readBooks.ts";
import { RewardBook, type Claim } from "../../../actors/rewards/rewardBook.ts";
import { blockFees } from "../../helpers/layout.ts";
import { deployRollup, type PlannedRollup } from "../../helpers/rollup.ts";

const COINBASE = "0x00000000000000000000000000000000000c0ffe";
const RATES = { blockReward: 10n ** 18n, attestationBonus: 10n ** 16n, proverReward: 1_000n };
/** Above target, so that blocks after the first one burn. */
const GAS = { gasL2: 80_000n, gasDa: 512n };
const WINDOW = 4n;

/** A Rollup with rewards, a proven epoch of three blocks, two of them by COINBASE, and a fallback epoch behind it. */
async function setUp() {
  const connection = await network.create();
  const { ethers } = connection;
  const creator = (await ethers.getSigners())[7]!;
  const create = async ({ rollup, feeToken, genesisTime, parameters }: PlannedRollup) => {
    const distributor = await ethers.deployContract(
      "RewardDistributor",
      [creator, feeToken, ethers.ZeroAddress],
      creator,
    );
    const rewards = await ethers.deployContract(
      "Rewards",
      [
        {
          rollup,
          distributor,
          market: creator.address,
          registry: ethers.ZeroAddress,
          genesisTime,
          epochDuration: parameters.slotDuration * parameters.slotsPerEpoch,
          slotsPerEpoch: parameters.slotsPerEpoch,
          epochRing: parameters.epochRing,
          claimDelay: parameters.outboxDelay,
          claimWindow: WINDOW,
          committeeSize: 48,
          ...RATES,
          attesterReward: 0n,
        },
      ],
      creator,
    );
    await distributor.setCanonical(rewards);
    return { distributor, rewards };
  };
  let created: Awaited<ReturnType<typeof create>> | undefined;
  const driver = await deployRollup({
    connection,
    rewards: async (planned) => {
      created = await create(planned);
      return created.rewards.getAddress();
    },
  });
  const { distributor, rewards } = created!;
  const { rollup, contracts } = driver;
  await contracts.feeToken.transfer(distributor, 10n ** 24n);
  const portalGift = 10n ** 24n;
  await contracts.feeToken.transfer(contracts.feePortal, portalGift);

  for (const slot of [1n, 2n, 3n]) {
    await driver.propose(slot, { ...GAS, ...(slot === 2n ? {} : { coinbase: COINBASE }) });
  }
  await driver.toSlot(4n);
  await rollup.submitEpochProof(driver.epochProof(1, 3));

  const provider = ethers.provider as unknown as JsonRpcProvider;
  const reference = {
    chainId: 31337,
    block: 0,
    circuit: "medium",
    addresses: { rollup: await rollup.getAddress() },
  } as const;
  const book = new RewardBook({
    provider,
    rollup: await RollupContract.connect({ provider, deployment: reference }),
    rewards: await rewards.getAddress(),
  });
  const send = async ({ to, data }: Claim) => (await creator.sendTransaction({ to, data })).wait();
  const pass = (seconds: bigint) => connection.networkHelpers.time.increase(seconds);
  /**
   * The portal was given tokens without a ledger: what is not fees stands for its accounts.
   * @param more than there is
   */
  const close = async (more = 0n) => {
    const text = (contract: { target: unknown }): string => contract.target as string;
    const read = async (accounts: bigint) =>
      readBooks({
        provider,
        addresses: {
          token: text(contracts.feeToken),
          rollup: text(rollup),
          feePortal: text(contracts.feePortal),
          rewards: text(rewards),
          rewardDistributor: text(distributor),
          validatorSet: creator.address,
          aggregateChallenge: creator.address,
        },
        ledger: { accounts, waiting: 0n, returned: 0n, pendingFees: 0n },
        block: await provider.getBlockNumber(),
        fromBlock: 0,
      });
    return read(portalGift - (await read(0n)).feePortal.provenFees + more);
  };
  return { driver, rewards, distributor, book, send, pass, creator, close, portalGift };
}

describe("reward book", () => {
  it("says what a coinbase earned, and when it can have it", async () => {
    const { book, pass, driver } = await setUp();
    await book.refresh();
    const early = await book.blocksOf(COINBASE);
    expect(early.map(({ epoch, index, state }) => [epoch, index, state])).to.deep.equal([
      [0, 0, "early"],
      [0, 2, "early"],
    ]);
    expect(await book.claimsOfCoinbase(COINBASE)).to.deep.equal([]);
    const { fields } = driver.blocks[0]!;
    const { sequencer } = blockFees(fields, driver.genesis, driver.parameters.fees);
    expect(early[0]!.fee).to.equal(sequencer);
    expect(sequencer > 0n).to.equal(true);
    expect(early[0]!.reward).to.equal(
      RATES.blockReward + RATES.attestationBonus * BigInt(early[0]!.attested),
    );
    expect(early[0]!.attested).to.be.greaterThan(3);

    await pass(driver.parameters.outboxDelay);
    await book.refresh();
    expect((await book.blocksOf(COINBASE)).map(({ state }) => state)).to.deep.equal([
      "claimable",
      "claimable",
    ]);
  });

  it("builds a claim that pays all of it, once", async () => {
    const { book, pass, driver, send } = await setUp();
    await pass(driver.parameters.outboxDelay);
    await book.refresh();
    const [claim, ...more] = await book.claimsOfCoinbase(COINBASE);
    expect(more).to.deep.equal([]);
    await send(claim!);
    expect(await driver.contracts.feeToken.balanceOf(COINBASE)).to.equal(claim!.amount);
    await book.refresh();
    expect((await book.blocksOf(COINBASE)).map(({ state }) => state)).to.deep.equal(["paid", "paid"]);
    expect(await book.claimsOfCoinbase(COINBASE)).to.deep.equal([]);
  });

  it("opens an epoch for the market", async () => {
    const { book, pass, driver, rewards, creator, send } = await setUp();
    await pass(driver.parameters.outboxDelay);
    await book.refresh();
    const opening = await book.opening(0);
    const args = opening as unknown as Parameters<typeof rewards.proverPot>[0];
    const [pot, epoch] = await rewards.proverPot(args);
    expect(epoch).to.equal(0n);
    expect(pot).to.equal(await book.potOf(0));
    expect(await book.claimOfProver(creator.address)).to.equal(undefined);
    await (await rewards.creditProver(args, creator.address, 10_000n)).wait();
    const claim = await book.claimOfProver(creator.address);
    expect(claim!.amount).to.equal(pot);
    await send(claim!);
    expect(await driver.contracts.feeToken.balanceOf(creator.address)).to.equal(pot);
    expect(await book.claimOfProver(creator.address)).to.equal(undefined);
  });

  it("flushes what spent pots left, once, and the books stay right all the way", async () => {
    const { book, pass, driver, rewards, creator, distributor, send, close } = await setUp();
    const { feeToken } = driver.contracts;
    await pass(driver.parameters.outboxDelay);
    await book.refresh();
    const right = async () => expect((await close()).differences).to.deep.equal([]);
    const args = (await book.opening(0)) as unknown as Parameters<typeof rewards.creditProver>[0];
    // Half of the pot, which is nearly all fees.
    await (await rewards.creditProver(args, creator.address, 5_000n)).wait();
    const { unspent, burned } = await rewards.leftoversOf(0);
    expect(unspent > 0n && burned > 0n).to.equal(true);
    await right();

    await send((await book.claimOfProver(creator.address))!);
    await right();
    const [supply, held] = [await feeToken.totalSupply(), await feeToken.balanceOf(distributor)];
    const leftovers = await book.leftovers();
    expect(leftovers.length).to.equal(1);
    for (const claim of leftovers) await send(claim);
    expect(await feeToken.totalSupply()).to.equal(supply - burned);
    expect(await feeToken.balanceOf(distributor)).to.equal(held + unspent);
    expect(await book.leftovers()).to.deep.equal([]);
    await right();
  });

  it("burns what is due, and returns what nobody claimed after the deadline", async () => {
    const { book, pass, driver, send, distributor } = await setUp();
    const { feeToken, feePortal } = driver.contracts;
    await pass(driver.parameters.outboxDelay);
    await book.refresh();
    const supply = await feeToken.totalSupply();
    for (const claim of await book.leftovers()) await send(claim);
    expect((await feeToken.totalSupply()) < supply).to.equal(true);
    await book.refresh();
    expect(await book.leftovers()).to.deep.equal([]);

    await pass((WINDOW + 1n) * driver.parameters.slotDuration * driver.parameters.slotsPerEpoch);
    await book.refresh();
    expect((await book.blocksOf(COINBASE)).map(({ state }) => state)).to.deep.equal([
      "sweepable",
      "sweepable",
    ]);
    const held = await feeToken.balanceOf(feePortal);
    const before = await feeToken.balanceOf(distributor);
    for (const claim of await book.leftovers()) await send(claim);
    const moved = held - (await feeToken.balanceOf(feePortal));
    expect(moved > 0n).to.equal(true);
    expect((await feeToken.balanceOf(distributor)) - before).to.equal(moved);
    await book.refresh();
    expect(await book.leftovers()).to.deep.equal([]);
  });

  it("closes the books of the network token before and after everything is paid", async () => {
    const { book, pass, driver, send, creator, close, portalGift } = await setUp();
    const { feeToken, feePortal } = driver.contracts;
    const { provider } = driver.connection.ethers;
    await pass(driver.parameters.outboxDelay);
    await book.refresh();
    const before = await close();
    expect(before.differences).to.deep.equal([]);
    expect(before.feePortal.provenFees > 0n).to.equal(true);
    expect(before.places.feePortal).to.equal(portalGift);

    for (const claim of await book.claimsOfCoinbase(COINBASE)) await send(claim);
    for (const claim of await book.leftovers()) await send(claim);
    const after = await close();
    expect(after.differences).to.deep.equal([]);
    expect(after.burned > 0n).to.equal(true);
    expect(after.feePortal.settledFees > after.burned).to.equal(true);

    expect((await close(1n)).differences).to.have.length(1);
    // What leaves the portal by no known way is missed.
    const portal = await feePortal.getAddress();
    await provider.send("hardhat_impersonateAccount", [portal]);
    await provider.send("hardhat_setBalance", [portal, "0xde0b6b3a7640000"]);
    const thief = await provider.getSigner(portal);
    await (await feeToken.connect(thief).transfer(creator.address, 1n)).wait();
    expect((await close()).differences.join()).to.match(/neither a fee nor a returned deposit/);
  });

  it("has no duties to show for a permissioned set", async () => {
    const { book } = await setUp();
    await book.refresh();
    await book.dutiesOf(`0x${"11".repeat(28)}`).then(
      () => expect.fail("shown"),
      (error: Error) => expect(error.message).to.match(/permissioned/),
    );
  });
});

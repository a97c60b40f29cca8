import { expect } from "chai";

import { ensureTrustedSetup } from "../../../actors/l1/blobSidecar.ts";
import { rescueShareOf } from "../../../protocol/market.ts";
import { addressToHex, toAddress } from "../../../protocol/address.ts";
import { MARKET_PARAMETERS, MarketWorld, type WorldProver } from "../support/marketWorld.ts";

/** Token units an hour: ten seconds of proving an epoch come to 1 %, 3 % and 9 % of its pot of two million. */
const [CHEAP, MIDDLE, DEAR] = [7_200_000n, 21_600_000n, 64_800_000n];

describe("Provers in the market", function () {
  this.timeout(120_000);
  let world: MarketWorld;

  before(() => ensureTrustedSetup()); // takes seconds, which the first test does not have
  beforeEach(async () => {
    world = new MarketWorld();
    await world.heads.refresh();
  });
  afterEach(() => world.stop());

  const settled = (epoch: number) => world.until(`settlement of ${epoch}`, () => world.settled.has(epoch));
  const types = ({ events }: WorldProver) => events.map(({ type }) => type);
  const purposes = ({ sends }: WorldProver) => sends.map(({ purpose }) => purpose);

  it("give the epochs to the cheapest, who is paid its own price", async () => {
    const dear = await world.add({ name: "dear", machineHour: DEAR });
    const cheap = await world.add({ name: "cheap", machineHour: CHEAP });
    const middle = await world.add({ name: "middle", machineHour: MIDDLE });
    for (let i = 0; i < 6; i++) {
      const epoch = await world.epoch();
      await settled(epoch);
      expect(world.provenBy(epoch)).to.equal(cheap.address);
      expect(world.claims.get(epoch)!.stage).to.equal("delivered");
    }
    const payments = [...world.settled.values()];
    expect(payments.every(({ payee }) => payee === cheap.address)).to.equal(true);
    // Costs of 20,000 and a margin of 5 %.
    expect(payments.every(({ paid }) => paid >= 21_000n && paid < 22_000n)).to.equal(true);
    for (const other of [dear, middle]) {
      expect(other.sends).to.deep.equal([]);
      expect(types(other)).not.to.include("proving");
    }
    expect(world.burned).to.equal(0n);
  });

  it("start proving before the epoch is claimed, and submit within the exclusive time", async () => {
    const alice = await world.add({ name: "alice", machineHour: CHEAP });
    const epoch = await world.epoch();
    await settled(epoch);
    const order = types(alice);
    expect(order.indexOf("proved")).to.be.lessThan(order.indexOf("claimed"));
    expect(purposes(alice).slice(0, 2)).to.deep.equal([`claim-${epoch}`, `prove-${epoch}`]);
    expect(world.provenAt(epoch)).to.be.at.most(world.claims.get(epoch)!.exclusiveUntil);
  });

  it("rescue an epoch whose claimant crashed, for the reserve and a share of its bond", async () => {
    const cheap = await world.add({ name: "cheap", machineHour: CHEAP });
    const dear = await world.add({ name: "dear", machineHour: DEAR });
    cheap.hangs = true;
    const epoch = await world.epoch();
    await world.until("the claim", () => world.claims.get(epoch)?.stage === "claimed");
    const { bond, exclusiveUntil, prover } = world.claims.get(epoch)!;
    expect(prover).to.equal(addressToHex(cheap.address));
    await cheap.stop();
    const { free } = world.account(dear.address);

    await settled(epoch);
    expect(world.provenBy(epoch)).to.equal(dear.address);
    expect(world.provenAt(epoch)).to.be.greaterThan(exclusiveUntil);
    expect(dear.events.some((event) => event.type === "assigned" && event.reason === "rescue")).to.equal(
      true,
    );
    const share = rescueShareOf(MARKET_PARAMETERS, bond);
    expect(world.account(dear.address).free).to.equal(free + share);
    expect(world.burned).to.equal(bond - share);
    expect(world.account(cheap.address).reserved).to.equal(0n);
    // The reserve had risen to its end: all of the pot.
    expect(world.settled.get(epoch)!.paid).to.be.at.least(2_000_000n);
  });

  it("leave a rescue to a cheaper prover for as long as they are told", async () => {
    const first = await world.add({ name: "first", machineHour: CHEAP });
    const middle = await world.add({ name: "middle", machineHour: MIDDLE, quoteSeconds: 1_000 });
    const dear = await world.add({ name: "dear", machineHour: DEAR, rescuePatience: 120 });
    first.hangs = middle.hangs = true;
    const epoch = await world.epoch();
    await world.until("the claim", () => world.claims.get(epoch)?.stage === "claimed");
    const { exclusiveUntil } = world.claims.get(epoch)!;
    await first.stop();
    await world.until("the cheaper one's rescue", () => types(middle).includes("assigned"));
    // Half an exclusive period, the default, is over.
    await world.until("half a period", () => world.now > exclusiveUntil + 60);
    expect(types(dear)).not.to.include("assigned");
    await world.until("its turn", () => types(dear).includes("assigned"));
    expect(world.now).to.be.at.least(exclusiveUntil + 120);
    await settled(epoch);
    expect(world.provenBy(epoch)).to.equal(dear.address);
  });

  it("leave a claim alone in its exclusive time, though they have the proof", async () => {
    const cheap = await world.add({ name: "cheap", machineHour: CHEAP });
    const dear = await world.add({ name: "dear", machineHour: DEAR });
    cheap.hangs = true;
    const epoch = await world.epoch();
    await world.until("the claim", () => world.claims.get(epoch)?.stage === "claimed");
    for (let i = 0; i < 3; i++) await world.block();
    expect(purposes(dear)).not.to.include(`prove-${epoch}`);
    cheap.hangs = false;
    await settled(epoch);
    expect(world.provenBy(epoch)).to.equal(cheap.address);
  });

  it("promise nothing after a failure, take their quotes back, and come again later", async () => {
    const cheap = await world.add({ name: "cheap", machineHour: CHEAP, breakSeconds: 120 });
    const dear = await world.add({ name: "dear", machineHour: DEAR });
    cheap.hangs = true;
    const first = await world.epoch();
    await settled(first);
    expect(world.provenBy(first)).to.equal(dear.address);
    expect(types(cheap)).to.include("defaulted");
    expect(cheap.schedule.isBroken).to.equal(true);
    cheap.hangs = false;

    const second = await world.epoch();
    await settled(second);
    expect(world.provenBy(second)).to.equal(dear.address);
    await world.until("the end of the break", () => !cheap.schedule.isBroken);
    const third = await world.epoch();
    await settled(third);
    expect(world.provenBy(third)).to.equal(cheap.address);
  });

  it("cancel the quotes that are out when a claim fails: anyone could claim with them", async () => {
    const alice = await world.add({ name: "alice", machineHour: CHEAP, breakSeconds: 1_000 });
    alice.hangs = true;
    const first = await world.epoch();
    await world.until("the claim", () => world.claims.get(first)?.stage === "claimed");
    await world.epoch();
    await world.until("the default", () => types(alice).includes("defaulted"));
    await world.until("the cancellation", () => purposes(alice).includes("cancel"));
    await world.block();
    expect(world.pool.quotes(first + 1)).to.deep.equal([]);
    expect(world.pool.best(Math.floor(world.l1.head.number / 2))).to.equal(undefined);
  });

  it("claim nothing that they could not finish in its exclusive time", async () => {
    // Two blocks take 84 s, the claim lasts 96, and 24 are kept for L1.
    const slow = await world.add({ name: "slow", machineHour: 1n, secondsPerBlock: 42 });
    const dear = await world.add({ name: "dear", machineHour: DEAR });
    const epoch = await world.epoch();
    await settled(epoch);
    expect(types(slow)).not.to.include("quoted");
    expect(world.provenBy(epoch)).to.equal(dear.address);
  });

  it("claim nothing that their free bond does not cover", async () => {
    const poor = await world.add({ name: "poor", machineHour: CHEAP, bond: 1_000n });
    const epoch = await world.epoch();
    for (let i = 0; i < 3; i++) await world.block();
    expect(types(poor)).not.to.include("quoted");
    // It may still take part in the open race, at the reserve.
    await settled(epoch);
    expect(world.claims.get(epoch)!.stage).to.equal("open");
    expect(purposes(poor)).to.include.members([`open-${epoch}`, `prove-${epoch}`]);
    expect(world.settled.get(epoch)!.payee).to.equal(poor.address);
  });

  it("offer L1 no more than their ceilings: the first for what can wait, the last for a claim", async () => {
    const fees = (price: bigint) => ({ maxFeePerGas: price, maxFeePerBlobGas: price });
    const feeCeiling = { start: fees(7n), end: fees(9n) };
    const alice = await world.add({ name: "alice", machineHour: CHEAP, feeCeiling });
    const epoch = await world.epoch();
    await settled(epoch);
    const ceilingOf = (purpose: string) => alice.sends.find((sent) => sent.purpose === purpose)?.ceiling?.();
    expect(ceilingOf(`claim-${epoch}`)).to.deep.equal(feeCeiling.end);
    expect(ceilingOf(`settle-${epoch}`)).to.deep.equal(feeCeiling.start);
  });

  it("give no proof away to a claim that slips in before it", async () => {
    const racer = await world.add({ name: "racer", machineHour: CHEAP, bond: 1_000n });
    const epoch = await world.epoch();
    await world.until("the submission", () => purposes(racer).includes(`prove-${epoch}`));
    const claim = world.claims.get(epoch)!;
    Object.assign(claim, {
      stage: "claimed",
      prover: addressToHex(toAddress(0xabcn)),
      fee: 100n,
      exclusiveUntil: world.now + 60,
    });
    await world.block();
    expect(world.provenBy(epoch)).to.equal(undefined);
    expect(types(racer)).to.include("failed");

    // It is a rescue once the claim has failed.
    await settled(epoch);
    expect(world.provenBy(epoch)).to.equal(racer.address);
  });

  it("do not race where the reserve does not pay", async () => {
    // Costs of 150 % of the pot.
    const lazy = await world.add({ name: "lazy", machineHour: 1_080_000_000n });
    await world.epoch();
    for (let i = 0; i < 6; i++) await world.block();
    expect(lazy.sends).to.deep.equal([]);
    expect(types(lazy)).to.deep.equal([]);
  });

  it("collect what they are credited, many epochs at once, when the gas is a small part of it", async () => {
    // Two millions of gas units buy one collection: a hundred epochs' pay, or five with dear ones.
    const alice = await world.add({ name: "alice", machineHour: DEAR * 5n });
    const collections = () => purposes(alice).filter((purpose) => purpose === "collect").length;
    let credited = 0n;
    for (let i = 0; i < 4; i++) {
      const epoch = await world.epoch();
      await settled(epoch);
      credited += world.settled.get(epoch)!.paid;
      await world.block();
      expect(collections() > 0).to.equal((world.collected.get(alice.address) ?? 0n) > 0n);
      if (credited < 2_000_000n) expect(collections()).to.equal(0);
    }
    expect(credited >= 2_000_000n).to.equal(true);
    await world.until("the collection", () => world.collected.has(alice.address));
    expect(world.collected.get(alice.address)).to.equal(credited - world.credits.get(alice.address)!);
    expect(types(alice)).to.include("collected");
    expect(collections()).to.equal(1);
  });

  it("do not ask again for what a short distributor owes, before there is more", async () => {
    const alice = await world.add({
      name: "alice",
      machineHour: CHEAP,
      gasPrice: () => Promise.resolve(0n),
    });
    const collections = () => purposes(alice).filter((purpose) => purpose === "collect").length;
    world.shortage = 5n;
    await settled(await world.epoch());
    await world.until("the collection", () => collections() === 1);
    for (let i = 0; i < 4; i++) await world.block();
    expect(collections()).to.equal(1);
    expect(world.credits.get(alice.address)).to.equal(5n);
    world.shortage = 0n;
    await settled(await world.epoch());
    await world.until("the rest", () => world.credits.get(alice.address) === 0n);
    expect(collections()).to.equal(2);
  });

  it("owe a claim whose answer was lost, and deliver it", async () => {
    const alice = await world.add({ name: "alice", machineHour: CHEAP });
    const epoch = Math.floor((world.l1.head.number + 2) / 2);
    alice.loseAnswerOf = `claim-${epoch}`;
    expect(await world.epoch()).to.equal(epoch);
    await settled(epoch);
    expect(purposes(alice).filter((purpose) => purpose === `claim-${epoch}`)).to.have.length(1);
    expect(world.claims.get(epoch)!.stage).to.equal("delivered");
  });

  it("bring their own quote when a cheaper prover does not bring its claim", async () => {
    const silent = await world.add({ name: "silent", machineHour: CHEAP, patience: 10_000 });
    const dear = await world.add({ name: "dear", machineHour: DEAR, patience: 24 });
    const epoch = await world.epoch();
    // The cheap one's quote is in the pool; it is gone before it could claim.
    await silent.stop();
    await settled(epoch);
    expect(world.provenBy(epoch)).to.equal(dear.address);
  });
});

import { expect } from "chai";

import { toAddress } from "../../../protocol/address.ts";
import { attestationDigest } from "../../../protocol/attestation.ts";
import { decodeBlock } from "../../../protocol/blockWords.ts";
import { bytesToHex } from "../../../protocol/bytes.ts";
import { PRICE_SCALE } from "../../../protocol/fees.ts";
import { type TransactionBody, signTransaction } from "../../../protocol/transaction.ts";
import { ensureTrustedSetup } from "../../../actors/l1/blobSidecar.ts";
import { PriceError } from "../../../actors/price/priceError.ts";
import { fixedPrice } from "../../../actors/price/priceSource.ts";
import type { Attestation } from "../../../actors/sequencer/attestation.ts";
import type { ProposerOptions } from "../../../actors/sequencer/proposerService.ts";
import { ActorError } from "../../../actors/support/actorError.ts";
import { domain } from "../support/committee.ts";
import { DOMAIN, PRICES, depositsOf, keyPair } from "../support/fakeL1.ts";
import { type ProposerBench, proposerBench, standsOn } from "../support/proposerBench.ts";

describe("Proposer", function () {
  this.timeout(15_000);
  let bench: ProposerBench;

  before(() => ensureTrustedSetup()); // takes seconds
  const start = async (options: Partial<ProposerOptions> = {}, recordRing?: number): Promise<void> => {
    bench = proposerBench(options, recordRing);
    await bench.proposer.start();
  };
  afterEach(() => bench.stop());

  const sent = (count: number) =>
    bench.until(`${count} proposals`, () => bench.account.sends.length === count);
  const missed = (slot: number): string => {
    const event = bench.events.find((e) => e.type === "missed" && e.slot === slot);
    return event?.type === "missed" ? event.reason : `slot ${slot} was not missed`;
  };
  const untilMissed = (slot: number) =>
    bench.until(`slot ${slot} to be missed`, () => missed(slot) !== `slot ${slot} was not missed`);
  const transfer = (changes: Partial<TransactionBody> = {}) => {
    const body: TransactionBody = {
      kind: 1,
      from: 0,
      to: 1n,
      nonce: 0,
      amount: 10n,
      maxFeePerL2Gas: PRICES.feePerL2Gas,
      maxFeePerDaGas: PRICES.feePerDaGas,
      ...changes,
    };
    return signTransaction({ domain: DOMAIN, keyPair: keyPair(body.from), body });
  };
  const deposits = [...depositsOf(0), ...depositsOf(1)];
  /** Mines the proposal under way, and waits for the next slot's. */
  async function next(): Promise<void> {
    const { length } = bench.account.sends;
    await bench.include();
    await sent(length + 1);
  }
  /** Opens accounts 0 and 1; a proposal on top is under way then. */
  async function openAccounts(): Promise<void> {
    bench.l1.send(deposits);
    await bench.tick();
    await sent(1);
    while (bench.node.chain.tip.record.messageCount < deposits.length) await next();
  }

  it("publishes a block in its slot, once the committee has seen all of it", async () => {
    await start();
    await bench.tick();
    await sent(1);
    const { slot, block, parent, coinbase, modifier } = bench.attestations[0]!;
    expect(slot).to.equal(2);
    expect(block.header.slot).to.equal(2);
    expect([parent.number, coinbase, modifier]).to.deep.equal([0, bench.account.account.address, 0]);
    expect(bench.account.sends[0]!.blobs).to.deep.equal([block.blob]);
    expect(bench.account.simulations).to.deep.equal([1_000 + 24]);
    await bench.include();
    await bench.until("the event", () => bench.events.some(({ type }) => type === "proposed"));
    await sent(2);
    expect(bench.attestations[1]!.parent.number).to.equal(1);
  });

  it("moves the exchange rate towards its source, in what is attested and in what is published", async () => {
    await start({ priceSource: fixedPrice(PRICE_SCALE / 2n) });
    await bench.tick();
    await sent(1);
    const { modifier, digest, block, coinbase } = bench.attestations[0]!;
    expect(modifier).to.equal(-100);
    const { slot } = block.header;
    const attested = { slot, chainHash: block.chainHash, modifier, coinbase: toAddress(coinbase) };
    const expected = attestationDigest({ kind: "Attestation", domain, block: attested });
    expect(bytesToHex(digest)).to.equal(bytesToHex(expected));
    const words = bench.account.sends[0]!.data.slice(10)
      .match(/.{64}/g)!
      .map((word) => BigInt(`0x${word}`));
    expect(decodeBlock(words.slice(7)).modifier).to.equal(-100);
  });

  it("leaves the exchange rate as it is while its source fails", async () => {
    const stale = new PriceError("PRICE_STALE", "the price is a day old", "feed a new one");
    await start({ priceSource: { read: () => Promise.reject(stale) } });
    await bench.tick();
    await sent(1);
    expect(bench.attestations[0]!.modifier).to.equal(0);
  });

  it("gives a proposal up when L1's head leaves the slot, and makes the next slot's at once", async () => {
    await start();
    await bench.tick();
    await sent(1);
    expect(bench.account.sends[0]!.expires!.aborted).to.equal(false);
    await bench.tick();
    expect(bench.account.sends[0]!.expires!.aborted).to.equal(true);
    await untilMissed(2);
    expect(missed(2)).to.include("its time is over");
    await sent(2);
    expect(bench.attestations[1]!.slot).to.equal(3);
    expect(bench.account.released).to.equal(0);
  });

  it("frees its nonce when the next slot is another's", async () => {
    await start();
    bench.others.add(3);
    await bench.tick();
    await sent(1);
    await bench.tick();
    await bench.until("the release", () => bench.account.released === 1);
    expect(bench.account.sends).to.have.length(1);
    await bench.tick();
    await sent(2);
    expect(bench.attestations[1]!.slot).to.equal(4);
  });

  it("acts on the newest of the heads that come while it is busy", async () => {
    await start();
    let answer: (attestation: Attestation) => void = () => undefined;
    bench.attest = () => new Promise((resolve) => (answer = resolve));
    await bench.tick();
    await bench.until("the question", () => bench.attestations.length === 1);
    for (let i = 0; i < 3; i++) await bench.tick();
    bench.attest = undefined;
    answer({ bitmap: 1n, signature: new Uint8Array(96) });
    await sent(1);
    expect(missed(2)).to.equal("the block was not ready in time");
    expect(bench.attestations.map(({ slot }) => slot)).to.deep.equal([2, 5]);
  });

  it("misses the slot when the committee does not attest, and asks again in the next", async () => {
    await start();
    bench.attest = ({ signal }) =>
      new Promise((_, reject) => signal!.addEventListener("abort", () => reject(new Error("no quorum"))));
    await bench.tick();
    await bench.until("the question", () => bench.attestations.length === 1);
    bench.attest = undefined;
    await bench.tick();
    await untilMissed(2);
    expect(missed(2)).to.equal("the committee did not attest: no quorum");
    await sent(1);
  });

  it("sends nothing that L1 would refuse", async () => {
    await start();
    bench.account.simulated = {
      name: "Rollup__OverdueMessageLeft",
      args: {},
      text: "Rollup__OverdueMessageLeft(index: 1)",
    };
    await bench.tick();
    await untilMissed(2);
    expect(missed(2)).to.equal("L1 would refuse it: Rollup__OverdueMessageLeft(index: 1)");
    expect(bench.account.sends).to.be.empty;
    // A node that simulates at its head's time names that slot: no refusal.
    bench.account.simulated = { name: "Rollup__WrongSlot", args: {}, text: "" };
    await bench.tick();
    await sent(1);
  });

  it("misses a slot above its fee ceiling, loses nothing, and has the transactions in the next block", async () => {
    const feeCeiling = { maxFeePerGas: 5n, maxFeePerBlobGas: 6n };
    await start({ feeCeiling });
    await openAccounts();
    const { length } = bench.account.sends;
    bench.mempool.add(transfer());
    bench.account.failure = new ActorError("FEE_CEILING", "not sent, and nothing is lost", "wait");
    await bench.tick();
    const slot = bench.l1.head.number + 1;
    await untilMissed(slot);
    expect(missed(slot)).to.include("nothing is lost");
    expect(bench.mempool.size).to.equal(1);
    bench.account.failure = undefined;
    await bench.tick();
    await sent(length + 1);
    expect(bench.account.sends.at(-1)!.ceiling!()).to.deep.equal(feeCeiling);
    expect(bench.attestations.at(-1)!.block.transactions).to.have.length(1);
  });

  it("waits while L1 has no room for another record, and says for what", async () => {
    await start({}, 3);
    await bench.tick();
    await sent(1);
    await next();
    await bench.include();
    const slot = bench.l1.head.number + 1;
    await untilMissed(slot);
    expect(missed(slot)).to.equal("L1 has no room for another block: 2 wait for their proofs");
    expect(bench.attestations).to.have.length(2);

    bench.l1.mine([
      (at) => ({
        type: "epochProven",
        at,
        epoch: 1,
        number: 1,
        prover: "0x",
        timestamp: 0,
        endRecordHash: "0x",
        rewardsRoot: "0x",
        participation: [0n, 0n],
        seedWord: 0n,
        outboxWord: 0n,
      }),
    ]);
    await bench.tick();
    await sent(3);
  });

  it("takes messages only when they are overdue, if told so", async () => {
    await start({ messagePolicy: "whenOverdue" });
    bench.l1.send(deposits);
    // Due 30 seconds after they were sent, and a slot has 12.
    bench.sentAt.push(12, 12, 13, 13);
    const taken: number[] = [];
    for (let i = 0; i < 4; i++) {
      await bench.tick();
      await sent(i + 1);
      const { slot, block } = bench.attestations.at(-1)!;
      taken[slot] = block.messages.length;
    }
    expect(taken.slice(3)).to.deep.equal([0, 2, 2, 2]);
  });

  it("leaves out the senders it was told to refuse", async () => {
    await start({ refuseSenders: new Set([0]) });
    await openAccounts();
    bench.mempool.add(transfer());
    bench.mempool.add(transfer({ from: 1, to: 0n }));
    await next();
    const { transactions } = bench.attestations.at(-1)!.block;
    expect(transactions.map(({ transaction }) => transaction.from)).to.deep.equal([1]);
  });

  it("sets failing transactions aside on the pending tip, and tries them again after an L1 reorg", async () => {
    await start();
    await openAccounts();
    const id = bench.mempool.add({ ...transfer(), amount: 11n });
    await next();
    expect(bench.mempool.has(id)).to.equal(false);
    for (let slot = 0; slot < 20; slot++) bench.others.add(slot); // nothing is built any more
    bench.l1.reorg(1);
    await bench.tick();
    await bench.tick();
    await bench.node.sync();
    await bench.until("its return", () => bench.mempool.has(id));
  });

  it("keeps failing transactions when it builds on an older parent, which a prune brings back", async () => {
    await start();
    await openAccounts();
    const id = bench.mempool.add({ ...transfer(), amount: 11n });
    const { clock } = bench.l1.parameters;
    const due = (bench.node.chain.block(1)!.epoch + clock.proofSubmissionEpochs + 1) * clock.slotsPerEpoch;
    while (bench.l1.head.number + 2 < due) bench.l1.mine([]);
    await bench.tick();
    await bench.until("a proposal on genesis", () => bench.attestations.at(-1)!.parent.number === 0);
    await bench.until("its sending", () =>
      standsOn(bench.account.sends.at(-1)!, bench.node.chain.genesis.record),
    );
    expect(bench.mempool.has(id)).to.equal(true);
  });
});

import { expect } from "chai";
import { Wallet } from "ethers";

import { addressToHex, toAddress } from "../../protocol/address.ts";
import { toHex } from "../../protocol/bytes.ts";
import {
  bondOf,
  defaultAndRescueGain,
  marketFaults,
  type MarketClaim,
  type MarketParameters,
  payOf,
  quoteProfit,
  reserveAt,
  whoIsPaid,
} from "../../protocol/market.ts";
import {
  addressOfKey,
  quoteTypedData,
  recoverQuoteSigner,
  signQuote,
  type Quote,
  type QuoteDomain,
} from "../../protocol/quote.ts";
import { toEpoch } from "../../protocol/time.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";

const parameters: MarketParameters = {
  reserveStart: 1_000n,
  reserveMax: 7_000n,
  reserveRamp: 100n,
  improvementWindow: 10n,
  improvementStep: 1n,
  exclusivePeriod: 100n,
  grace: 10n,
  raceWindow: 50n,
  bondFloor: 5n,
  bondMultiple: 25_000n,
  rescueShare: 5_000n,
  withdrawalDelay: 2_000n,
  blockReward: 3n,
  permissioned: false,
};
const clock = { epochSeconds: 100n, proofSubmissionEpochs: 6n, pauseMax: 500n };
const key = new Uint8Array(32).fill(7);
const domain: QuoteDomain = {
  version: 3n,
  chainId: 31_337n,
  market: toAddress(5n),
  rollup: toAddress(6n),
  verifierKeyHash: 9n,
};
const quote: Quote = {
  prover: addressOfKey(key),
  epoch: toEpoch(4),
  fee: 100,
  bond: 5n,
  validUntil: 1_000,
  nonce: 3n,
};

describe("protocol/quote", () => {
  it("signs as a wallet signs typed data", async () => {
    const { domain: separator, types, message } = quoteTypedData({ domain, quote });
    const wallet = new Wallet(`0x${"07".repeat(32)}`);
    expect(addressToHex(quote.prover)).to.equal(wallet.address.toLowerCase());
    expect(signQuote({ domain, quote, key }).signature).to.equal(
      await wallet.signTypedData(separator, types, message),
    );
  });

  it("recovers the signer, and another one when anything differs", () => {
    const { signature } = signQuote({ domain, quote, key });
    expect(recoverQuoteSigner({ domain, quote, signature })).to.equal(quote.prover);
    for (const other of [
      { domain: { ...domain, version: 4n }, quote },
      { domain: { ...domain, chainId: 1n }, quote },
      { domain: { ...domain, market: toAddress(8n) }, quote },
      { domain: { ...domain, rollup: toAddress(8n) }, quote },
      { domain: { ...domain, verifierKeyHash: 8n }, quote },
      { domain, quote: { ...quote, epoch: toEpoch(5) } },
      { domain, quote: { ...quote, fee: 99 } },
      { domain, quote: { ...quote, bond: 6n } },
      { domain, quote: { ...quote, validUntil: 1_001 } },
      { domain, quote: { ...quote, nonce: 4n } },
    ]) {
      expect(recoverQuoteSigner({ ...other, signature })).not.to.equal(quote.prover);
    }
  });

  it("takes neither the higher signature nor one of another length", () => {
    const { signature } = signQuote({ domain, quote, key });
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const high = toHex(order - BigInt(`0x${signature.slice(66, 130)}`)).slice(2);
    const v = signature.endsWith("1b") ? "1c" : "1b";
    for (const bad of [`${signature.slice(0, 66)}${high}${v}`, signature.slice(0, -2), "0x"]) {
      expect(recoverQuoteSigner({ domain, quote, signature: bad as `0x${string}` })).to.equal(undefined);
    }
  });
});

describe("protocol/market", () => {
  it("the reserve rises in a line, and stands still in a pause", () => {
    const at = (time: number, pause?: { start: number; end: number }) =>
      reserveAt({ parameters, since: 1_000, time, pause });
    expect([999, 1_000, 1_001, 1_050, 1_100, 9_000].map((time) => at(time))).to.deep.equal([
      1_000n,
      1_000n,
      1_060n,
      4_000n,
      7_000n,
      7_000n,
    ]);
    expect(at(1_050, { start: 1_020, end: 1_040 })).to.equal(2_800n);
    expect(at(1_050, { start: 900, end: 1_010 })).to.equal(3_400n);
    expect(reserveAt({ parameters, since: undefined, time: 5_000 })).to.equal(1_000n);
  });

  it("never proving has negative expected value, and no rescue by a second identity pays: all accepted parameters", () => {
    const random = seededRandom("market/parameters");
    let accepted = 0;
    for (let i = 0; i < 20_000; ++i) {
      const candidate: MarketParameters = {
        ...parameters,
        reserveStart: 0n,
        reserveMax: BigInt(random.below(10_002)),
        bondMultiple: BigInt(random.pick([random.below(1_000_002), random.below(30_000)])),
        rescueShare: BigInt(random.below(10_002)),
        bondFloor: BigInt(random.pick([0, 1, random.below(1_000)])),
      };
      if (marketFaults(candidate, clock).length > 0) continue;
      ++accepted;
      const pot = random.pick([0n, 1n, random.bits(20), random.bits(80)]);
      expect(bondOf(candidate, pot) > 0n, "a default for nothing").to.equal(true);
      expect(defaultAndRescueGain(candidate, pot) < 0n, "a rescue that pays").to.equal(true);
    }
    expect(accepted).to.be.greaterThan(2_000);
  });

  it("parameters at the border: one step further and a default would pay", () => {
    const border = { ...parameters, rescueShare: 5_000n, bondMultiple: 20_000n, bondFloor: 0n };
    expect(marketFaults(border, clock).map((fault) => fault.parameter)).to.deep.equal([
      "bondFloor",
      "bondMultiple",
    ]);
    expect(defaultAndRescueGain(border, 10_000n)).to.equal(0n);
  });

  it("names every rule that parameters break", () => {
    const broken = (changes: Partial<MarketParameters>) =>
      marketFaults({ ...parameters, ...changes }, clock).map((fault) => fault.parameter);
    expect(broken({})).to.deep.equal([]);
    expect(broken({ exclusivePeriod: 541n })).to.deep.equal(["exclusivePeriod"]);
    expect(broken({ exclusivePeriod: 540n })).to.deep.equal([]);
    expect(broken({ grace: 50n })).to.deep.equal(["grace"]);
    expect(broken({ withdrawalDelay: 1_199n })).to.deep.equal(["withdrawalDelay"]);
    expect(broken({ withdrawalDelay: 1_200n })).to.deep.equal([]);
    expect(broken({ permissioned: true, bondFloor: 0n, bondMultiple: 0n })).to.deep.equal([]);
  });

  it("a fee's pay and bond are those of the largest pot", () => {
    expect(quoteProfit({ parameters, proverFees: 97n, blocks: 1n, fee: 5_000n })).to.deep.equal({
      pay: 50n,
      bond: 175n,
    });
    expect(payOf(99n, 5_000n)).to.equal(49n);
  });

  it("says who is paid, as the table in docs/market.md has it", () => {
    const [alice, bob] = [toAddress(1n), toAddress(2n)];
    const claim: MarketClaim = {
      stage: "claimed",
      since: 1_000,
      prover: alice,
      fee: 500n,
      claimedAt: 1_000,
      exclusiveUntil: 1_110,
      deadline: 2_000,
      bond: 100n,
      endRecordHash: 1n,
    };
    const paid = (prover: typeof alice, provenAt: number, changes: Partial<MarketClaim> = {}, hash = 1n) => {
      const { stage, payee, fee, bondShare, burned } = whoIsPaid({
        parameters,
        claim: { ...claim, ...changes },
        proof: { prover, provenAt, endRecordHash: hash },
      });
      return [stage, payee, fee, bondShare, burned];
    };
    expect(paid(alice, 1_110)).to.deep.equal(["delivered", alice, 500n, 0n, 0n]);
    expect(paid(bob, 1_110)).to.deep.equal(["forestalled", undefined, 0n, 0n, 0n]);
    expect(paid(alice, 1_120)).to.deep.equal(["delivered", alice, 500n, 0n, 0n]);
    expect(paid(bob, 1_111)).to.deep.equal(["rescued", bob, 7_000n, 50n, 50n]);
    expect(paid(alice, 1_121)).to.deep.equal(["rescued", alice, 7_000n, 50n, 50n]);
    expect(paid(bob, 1_500, { stage: "defaulted" })).to.deep.equal(["rescued", bob, 7_000n, 50n, 0n]);
    expect(paid(bob, 1_050, {}, 2n)).to.deep.equal(["released", bob, 4_000n, 0n, 0n]);
    expect(paid(bob, 1_050, { stage: "open" })).to.deep.equal(["open", bob, 4_000n, 0n, 0n]);
  });
});

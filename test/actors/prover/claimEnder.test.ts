import { expect } from "chai";

import { RevertError } from "../../../actors/l1/l1Account.ts";
import type { MarketEpoch } from "../../../actors/market/marketReducer.ts";
import { ClaimEnder, endsOf } from "../../../actors/prover/claimEnder.ts";
import { silentLogger } from "../../../actors/support/logger.ts";
import { addressToHex, toAddress } from "../../../protocol/address.ts";

const ALICE = toAddress(0xa11cen);
const BOB = toAddress(0xb0bn);

const claimOf = (changes: Partial<MarketEpoch> = {}): MarketEpoch => ({
  since: 1n,
  stage: "claimed",
  prover: addressToHex(ALICE),
  fee: 100n,
  bond: 1_000n,
  claimedAt: 100n,
  exclusiveUntil: 200n,
  deadline: 500n,
  endNumber: 7n,
  endRecordHash: "0x07",
  settled: undefined,
  ...changes,
});
const stateOf = (claim: MarketEpoch) => ({ epochs: new Map([[3n, claim]]) });

describe("ends of claims", () => {
  const facts = { prover: ALICE, isProven: () => false, recordHash: () => "0x07" };
  const release = { method: "release", epoch: 3 };
  const slash = { method: "slash", epoch: 3 };

  it("none while a claim stands, or once its epoch is proven", () => {
    expect(endsOf(stateOf(claimOf()), 200, facts)).to.deep.equal([]);
    expect(endsOf(stateOf(claimOf()), 900, { ...facts, isProven: () => true })).to.deep.equal([]);
    for (const stage of ["open", "released", "delivered", "forestalled", "rescued", "lost"] as const)
      expect(endsOf(stateOf(claimOf({ stage })), 900, facts)).to.deep.equal([]);
  });

  it("a release of the own claim when its last block is gone, at once", () => {
    for (const hash of ["0x08", undefined])
      expect(endsOf(stateOf(claimOf()), 150, { ...facts, recordHash: () => hash })).to.deep.equal([release]);
  });

  it("a release of the own claim after its time, should a pause have met it", () => {
    expect(endsOf(stateOf(claimOf()), 201, facts)).to.deep.equal([release]);
  });

  it("none for another's claim, nor for a default that may be rescued", () => {
    const others = { ...facts, prover: BOB, recordHash: () => undefined };
    expect(endsOf(stateOf(claimOf()), 499, others)).to.deep.equal([]);
    expect(endsOf(stateOf(claimOf({ stage: "defaulted" })), 499, facts)).to.deep.equal([]);
  });

  it("a slash of anybody's claim whose epoch is lost", () => {
    expect(endsOf(stateOf(claimOf()), 500, { ...facts, prover: BOB })).to.deep.equal([slash]);
    expect(endsOf(stateOf(claimOf({ stage: "defaulted" })), 500, facts)).to.deep.equal([slash]);
  });

  it("are sent, and tried again after a refusal only when its time has come", async () => {
    const sent: string[] = [];
    const ender = new ClaimEnder({
      ...facts,
      market: {
        address: "0x",
        ringWord: () => Promise.resolve({} as never),
        encode: (method, [epoch]) => `${method} ${String(epoch)}`,
      },
      account: {
        send: ({ purpose, data }) => {
          sent.push(data);
          return purpose === "release-3"
            ? Promise.reject(new RevertError("TRANSACTION_REFUSED", purpose, undefined as never))
            : Promise.resolve({} as never);
        },
      },
      retrySeconds: 60,
      logger: silentLogger,
    });
    const look = async (now: number) => {
      ender.look({ state: stateOf(claimOf()), now, signal: new AbortController().signal });
      await ender.stop();
    };
    await look(201);
    await look(260);
    expect(sent).to.deep.equal(["release 3"]);
    await look(261);
    expect(sent).to.deep.equal(["release 3", "release 3"]);
    await look(500);
    expect(sent.slice(2)).to.deep.equal(["release 3", "slash 3"]);
  });
});

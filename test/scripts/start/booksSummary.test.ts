import { expect } from "chai";

import { compareBooks } from "../../../actors/rewards/books.ts";
import { VALIDATORS } from "../../../scripts/start/accounts.ts";
import { summariseBooks } from "../../../scripts/start/booksSummary.ts";
import { layOut } from "../../../scripts/start/layout.ts";
import { readyBooks } from "./support/networkResult.ts";

const total = (amounts: Record<string, string>): bigint =>
  Object.values(amounts).reduce((sum, amount) => sum + BigInt(amount), 0n);

describe("the books in the closing summary", () => {
  it("are those of a fixture that is right", () => {
    expect(compareBooks(readyBooks())).to.deep.equal([]);
  });

  it("have every place once: together they are the supply", () => {
    const { values } = summariseBooks(readyBooks(), VALIDATORS);
    expect(total(values.places)).to.equal(BigInt(values.supply));
    expect(BigInt(values.minted) - total(values.burned)).to.equal(BigInt(values.supply));
  });

  it("explain the FeePortal's balance", () => {
    const { values } = summariseBooks(readyBooks(), VALIDATORS);
    expect(total(values.feePortal)).to.equal(BigInt(values.places["FeePortal"]!));
    expect(values.feePortal["fees credited, not paid yet"]).to.equal(String(4n * 10n ** 18n));
  });

  it("tell whose wallets, stakes and bonds there are", () => {
    const { places } = summariseBooks(readyBooks(), VALIDATORS).values;
    const TST = 10n ** 18n;
    expect(places).to.include({
      "wallets: treasury": String(390n * TST),
      "wallets: provers": String(10n * TST),
      "wallets: validators": "0",
      "wallets: others": "1",
      stakes: String(400n * TST),
      "stakes that exit": String(100n * TST),
      "bonds, reserved": String(13n * TST),
      "bonds, on their way out": String(5n * TST),
      "bonds, forfeited": String(2n * TST),
    });
  });

  it("say at the sums what they are equal to", () => {
    const { group } = summariseBooks(readyBooks(), VALIDATORS);
    const lines = layOut([group]).split("\n");
    expect(lines.filter((line) => line.includes("together"))).to.have.length(2);
    expect(lines.find((line) => line.endsWith("= the supply"))).to.include("together");
    expect(lines.find((line) => line.endsWith("= FeePortal"))).to.include("together");
    expect(lines.every(({ length }) => length <= 80)).to.equal(true);
  });

  it("say where they are wrong", () => {
    const right = readyBooks();
    const missing = { ...right, places: { ...right.places, wallets: right.places.wallets - 1n } };
    const wrong = { ...missing, differences: compareBooks(missing) };
    const { values, group } = summariseBooks(wrong, VALIDATORS);
    const text = layOut([group]);
    expect(values.differences).to.have.length(1);
    expect(text).to.include("NOT the supply");
    expect(text).to.match(/WRONG: sum of all places/);

    const portal = { ...right, feePortal: { ...right.feePortal, accounts: 0n } };
    expect(layOut([summariseBooks(portal, VALIDATORS).group])).to.include("NOT FeePortal");
  });
});

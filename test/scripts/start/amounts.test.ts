import { expect } from "chai";

import { alignedTokens, exactTokens, shortTokens } from "../../../scripts/start/amounts.ts";

const TST = 10n ** 18n;

describe("amounts in the closing summary", () => {
  it("are exact for programs", () => {
    expect(exactTokens(1_234n * TST + 1n)).to.equal("1234.000000000000000001");
  });

  it("are short for people, and never more than there is", () => {
    expect(shortTokens(0n)).to.equal("0");
    expect(shortTokens(12_000n * TST)).to.equal("12,000");
    expect(shortTokens((352_999n * TST) / 10_000_000n)).to.equal("0.0352");
    expect(shortTokens(123_456_789n)).to.equal("0.000000000123");
    expect(shortTokens(TST - 1n)).to.equal("0.9999");
    expect(shortTokens("3.2004")).to.equal("3.2004");
    expect(shortTokens(5n * TST + 3n)).to.equal("5");
  });

  it("stand under each other at the point", () => {
    const amounts = [1_000_012_000n * TST, 1n, 0n].map(alignedTokens);
    expect(amounts[0]).to.equal("1,000,012,000.000000000000000000");
    expect(amounts[1]).to.equal("0.000000000000000001");
    expect(amounts[2]!.trimEnd()).to.equal("0");
    const width = Math.max(...amounts.map(({ length }) => length));
    const units = amounts.map((amount) => amount.padStart(width)[width - 20]);
    expect(units).to.deep.equal(["0", "0", "0"]);
  });
});

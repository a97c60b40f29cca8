import { expect } from "chai";

import { amountOption, OptionError, required, wholeOption } from "../../tasks/ledgerOptions.ts";

describe("Options of the ledger's tasks", () => {
  for (const [text, amount] of [
    ["0", 0n],
    ["1500", 1_500n],
    ["1e18", 10n ** 18n],
    ["1.5e18", 15n * 10n ** 17n],
    ["0.000001e6", 1n],
    ["79228162514264337593543950335", 2n ** 96n - 1n],
  ] as const) {
    it(`reads the amount ${text}`, () => expect(amountOption(text)).to.equal(amount));
  }

  for (const text of [
    "",
    "-1",
    "1.5",
    "1.55e1",
    "e18",
    "1e",
    "0x10",
    "1e99",
    "79228162514264337593543950336",
    "1 000",
  ]) {
    it(`refuses the amount "${text}"`, () =>
      expect(() => amountOption(text)).to.throw(OptionError, "--amount"));
  }

  it("refuses what is no whole number, and what is missing", () => {
    expect(wholeOption("leaf", "12")).to.equal(12);
    for (const text of ["", "-1", "1.0", "x", "12345678901"]) {
      expect(() => wholeOption("leaf", text)).to.throw(OptionError, "--leaf");
    }
    expect(() => required("key", undefined)).to.throw(OptionError, "--key is missing");
  });
});

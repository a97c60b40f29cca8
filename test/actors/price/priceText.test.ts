import { expect } from "chai";

import { PriceError } from "../../../actors/price/priceError.ts";
import { checkAge, parsePrice, textAt } from "../../../actors/price/priceText.ts";
import { MAX_PRICE, MIN_PRICE } from "../../../protocol/fees.ts";

const codeOf = (action: () => unknown): string | undefined => {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof PriceError) return error.code;
    throw error;
  }
};

describe("Text of a price", () => {
  for (const [text, price] of [
    ["1", 10n ** 12n],
    ["0.0001", 10n ** 8n],
    ["0.000100000001", 100_000_001n],
    ["1e-4", 10n ** 8n],
    ["12.5E+1", 125n * 10n ** 12n],
    ["0.0001000000019", 100_000_001n],
    ["0.00000001", MIN_PRICE],
    ["10000", MAX_PRICE],
  ] as const) {
    it(`reads ${text}`, () => expect(parsePrice(text)).to.equal(price));
  }

  for (const text of ["", "-1", "+1", ".5", "1.", "1,5", "0x10", "NaN", "Infinity", "1e", "1e999", " 1"]) {
    it(`refuses "${text}"`, () => expect(codeOf(() => parsePrice(text))).to.equal("PRICE_MALFORMED"));
  }

  it("refuses what a record cannot hold, and what the operator's bounds exclude", () => {
    for (const text of ["0", "0.000000009999", "10000.000000000001", "1e70"]) {
      expect(codeOf(() => parsePrice(text))).to.equal("PRICE_OUT_OF_BOUNDS");
    }
    const bounds = { least: parsePrice("0.00005"), most: parsePrice("0.0002") };
    expect(parsePrice("0.00005", bounds)).to.equal(bounds.least);
    expect(parsePrice("0.0002", bounds)).to.equal(bounds.most);
    for (const text of ["0.000049999999", "0.000200000001"]) {
      expect(codeOf(() => parsePrice(text, bounds))).to.equal("PRICE_OUT_OF_BOUNDS");
    }
  });
});

describe("Price in a JSON document", () => {
  it("is found by its path, to the digit, as number and as text", () => {
    const json = '{"data": [{"eth": 0.000100000000000000001}, {"eth": "0.2"}], "price": 1e-4}';
    expect(textAt(json, "data.0.eth")).to.equal("0.000100000000000000001");
    expect(textAt(json, "data.1.eth")).to.equal("0.2");
    expect(textAt(json, "price")).to.equal("1e-4");
  });

  for (const [what, json, path] of [
    ["no JSON", "<html>", "price"],
    ["a document cut short", '{"price": 0.00', "price"],
    ["nothing", "", "price"],
    ["no such path", '{"a": 1}', "price"],
    ["a path through a number", '{"a": 1}', "a.b"],
    ["a path through null", '{"a": null}', "a.b"],
    ["an object at the path", '{"price": {}}', "price"],
    ["null at the path", '{"price": null}', "price"],
    ["only inherited names", "{}", "constructor.name"],
  ] as const) {
    it(`is missed in ${what}`, () => expect(codeOf(() => textAt(json, path))).to.equal("PRICE_MALFORMED"));
  }
});

describe("Age of a price", () => {
  it("may be up to its limit, and as far in the future", () => {
    const age = (time: number) => codeOf(() => checkAge({ time, now: 1_000, maxAge: 60 }));
    expect([940, 1_000, 1_060].map(age)).to.deep.equal([undefined, undefined, undefined]);
    expect([939, 1_061].map(age)).to.deep.equal(["PRICE_STALE", "PRICE_STALE"]);
  });
});

import { expect } from "chai";

import { FilePriceSource } from "../../actors/price/filePriceSource.ts";
import { HttpPriceSource } from "../../actors/price/httpPriceSource.ts";
import { OptionError } from "../../tasks/ledgerOptions.ts";
import { type PriceOptions, priceSourceOf } from "../../tasks/priceOptions.ts";

const sourceOf = (options: Partial<PriceOptions>) =>
  priceSourceOf({
    price: undefined,
    priceFile: undefined,
    priceUrl: undefined,
    pricePath: "price",
    priceTimePath: undefined,
    priceBounds: undefined,
    priceMaxAge: 3_600,
    ...options,
  });

describe("Options that name a price source", () => {
  it("name none, a price, a file or an address", async () => {
    expect(await sourceOf({})).to.equal(undefined);
    expect(await (await sourceOf({ price: "0.0001" }))!.read()).to.equal(10n ** 8n);
    expect(await sourceOf({ priceFile: "price.json" })).to.be.instanceOf(FilePriceSource);
    expect(await sourceOf({ priceUrl: "https://example.org/price" })).to.be.instanceOf(HttpPriceSource);
  });

  const unusable: [string, Partial<PriceOptions>][] = [
    ["two sources", { price: "0.0001", priceFile: "price.json" }],
    ["an address that is none", { priceUrl: "example.org" }],
    ["an address of another kind", { priceUrl: "file:///etc/passwd" }],
    ["bounds the wrong way round", { priceUrl: "https://example.org", priceBounds: "0.2,0.1" }],
    ["one bound", { priceUrl: "https://example.org", priceBounds: "0.2" }],
    ["no age", { priceFile: "price.json", priceMaxAge: 0 }],
  ];
  for (const [what, options] of unusable) {
    it(`are refused with ${what}`, async () => {
      const error = await sourceOf(options).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(OptionError);
    });
  }
});

import { expect } from "chai";

import { bumpFees } from "../../../actors/l1/fees.ts";

const fees = (value: bigint) => ({
  maxFeePerGas: value,
  maxPriorityFeePerGas: value,
  maxFeePerBlobGas: value,
});

describe("Fee bump", () => {
  it("doubles every fee of a blob transaction", () => {
    expect(bumpFees({ earlier: fees(100n), market: fees(1n), blob: true })).to.deep.equal(fees(200n));
  });

  it("raises an ordinary transaction by more than a tenth, from small values too", () => {
    expect(bumpFees({ earlier: fees(100n), market: fees(1n), blob: false })).to.deep.equal(fees(126n));
    expect(bumpFees({ earlier: fees(0n), market: fees(0n), blob: false })).to.deep.equal(fees(1n));
  });

  it("follows the market where it asks for more", () => {
    expect(bumpFees({ earlier: fees(100n), market: fees(1_000n), blob: true })).to.deep.equal(fees(1_000n));
  });
});

import { hostileEpochsAgree } from "./support/hostileEpochs.ts";

describe("the epoch circuit and the ledger agree on much hostile content", function () {
  hostileEpochsAgree({ from: 1_000, count: 300 });
});

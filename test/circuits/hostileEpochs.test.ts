import { hostileEpochsAgree } from "./support/hostileEpochs.ts";

describe("the epoch circuit and the ledger agree on hostile content", function () {
  hostileEpochsAgree({ from: 0, count: 12 });
});

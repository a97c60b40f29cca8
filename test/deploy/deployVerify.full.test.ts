import { expect } from "chai";

import { startFakeExplorer } from "./support/fakeExplorer.ts";
import { deployToVerify } from "./support/verifiedDeployment.ts";

describe("Verification of all sources by compilation, with a fake explorer", function () {
  this.timeout(1_800_000);

  it("compiles every submission to the code that was sent", async () => {
    const chain = await deployToVerify();
    const explorer = await startFakeExplorer(chain.judgeCode);
    try {
      const { results } = await chain.verify(explorer.url);
      expect(results.filter(({ verified }) => !verified)).to.deep.equal([]);
    } finally {
      await explorer.stop();
      await chain.stop();
    }
  });
});

import { expect } from "chai";

import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { randomKills } from "./support/randomKills.ts";

describe("Processes killed at random moments, with a mock verifier", function () {
  this.timeout(300_000);
  const folder = temporaryFolder();
  after(() => folder.remove());

  it("come to the state of an undisturbed run after 10 kills, and sign no slot twice", async () => {
    const result = await randomKills({
      folder: folder.path,
      seed: 20261122,
      kills: 10,
      gap: 3_000,
      slotSeconds: 4,
      mockProofs: true,
      shares: [1, 1, 1],
      settleSeconds: 180,
    });
    console.log(`      ${JSON.stringify(result)}`);
    expect(Object.values(result.kills).reduce((sum, count) => sum + count)).to.equal(10);
    expect(result.epochs).to.be.greaterThan(1);
  });
});

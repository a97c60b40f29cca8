import { expect } from "chai";

import { buildCircuit } from "../../scripts/circuits/build.ts";
import { temporaryFolder } from "../actors/support/temporaryFolder.ts";
import { randomKills } from "./support/randomKills.ts";

describe("Processes killed at random moments, with real proofs", function () {
  this.timeout(3_600_000);
  const folder = temporaryFolder();
  after(() => folder.remove());

  it("come to the state of an undisturbed run after 200 kills, and sign no slot twice", async () => {
    await buildCircuit({ size: "local" });
    const result = await randomKills({
      folder: folder.path,
      seed: 42,
      kills: 200,
      gap: 5_000,
      slotSeconds: 4,
      mockProofs: false,
      // In lives as short as a node's, no block would be published and no proof finished.
      shares: [12, 6, 2],
      settleSeconds: 600,
    });
    console.log(`      ${JSON.stringify(result)}`);
    expect(Object.values(result.kills).reduce((sum, count) => sum + count)).to.equal(200);
    expect(result.epochs).to.be.greaterThan(1);
  });
});

import { expect } from "chai";

import { verifiableContracts } from "../../deploy/verification.ts";
import { startFakeExplorer } from "./support/fakeExplorer.ts";
import { refusalOf } from "./support/publicNetwork.ts";
import { deployToVerify, type VerifiedDeployment } from "./support/verifiedDeployment.ts";

describe("Verification of sources, with a fake explorer", function () {
  this.timeout(180_000);
  let chain: VerifiedDeployment;
  before(async () => (chain = await deployToVerify()));
  after(() => chain.stop());

  it("submits every contract with the settings and sources of its code, and leaves the verified alone", async () => {
    const explorer = await startFakeExplorer(chain.judgeSettings);
    try {
      const first = await chain.verify(explorer.url);
      expect(first.results.filter(({ verified }) => !verified)).to.deep.equal([]);
      expect(first.exitCode).to.equal(0);
      expect(first.lines.at(-1)).to.match(/14 of 14 verified/);
      const addresses = Object.values(chain.deployment.addresses).map((address) => address.toLowerCase());
      expect([...explorer.verified]).to.have.members(addresses);
      expect([...explorer.keys]).to.deep.equal(["key"]);
      // As hardhat.config.ts has them: not all contracts are compiled alike.
      const runs = new Set(explorer.submissions.map(({ input }) => input.settings.optimizer.runs));
      expect(runs.size).to.be.greaterThan(3);
      const plain = explorer.submissions.filter(({ input }) => !input.settings.viaIR);
      expect(plain.map(({ contract }) => contract.split(":").at(-1))).to.deep.equal(["EpochVerifierLocal"]);

      const again = await chain.verify(explorer.url);
      expect(explorer.submissions).to.have.length(14);
      expect(again.results.every(({ verified }) => verified)).to.equal(true);
    } finally {
      await explorer.stop();
    }
  });

  it("submits what compiles to the code that was sent", async () => {
    const explorer = await startFakeExplorer((submission) =>
      submission.contract.endsWith(":VerifierPolicy") ? chain.judgeCode(submission) : undefined,
    );
    try {
      const { results } = await chain.verify(explorer.url);
      expect(results.filter(({ verified }) => !verified)).to.deep.equal([]);
    } finally {
      await explorer.stop();
    }
  });

  it("exits with 1 and a reason when an explorer refuses a source", async () => {
    const { incentives } = chain.deployment.addresses;
    const explorer = await startFakeExplorer(({ address }) =>
      address === incentives ? "correct constructor argument missing" : undefined,
    );
    try {
      const { results, exitCode, lines } = await chain.verify(explorer.url);
      expect(exitCode).to.equal(1);
      expect(results.filter(({ verified }) => !verified).map(({ role }) => role)).to.deep.equal([
        "incentives",
      ]);
      expect(lines.join("\n"))
        .to.match(/incentives .* NOT verified: /)
        .and.match(/13 of 14 verified/);
    } finally {
      await explorer.stop();
    }
  });

  it("says that the API key is missing", async () => {
    const key = process.env["ETHERSCAN_API_KEY"];
    process.env["ETHERSCAN_API_KEY"] = "";
    try {
      const error = await refusalOf(chain.verify("http://127.0.0.1:1", { apiKey: "" }));
      expect(error.code).to.equal("EXPLORER_KEY_MISSING");
      expect(error.message).to.match(/keystore set ETHERSCAN_API_KEY/);
    } finally {
      if (key === undefined) delete process.env["ETHERSCAN_API_KEY"];
      else process.env["ETHERSCAN_API_KEY"] = key;
    }
  });

  it("says that an explorer does not answer, or does not exist", async () => {
    const error = await refusalOf(chain.verify("http://127.0.0.1:1"));
    expect(error.code).to.equal("EXPLORER_UNREACHABLE");
    const unknown = await refusalOf(chain.verify("http://127.0.0.1:1", { explorer: "bazaar" }));
    expect(unknown.message).to.match(/etherscan,blockscout,sourcify/);
  });

  it("counts the contracts that the Rollup created, with their arguments", () => {
    const { addresses } = chain.deployment;
    const portals = verifiableContracts(chain.deployment).slice(-2);
    expect(
      portals.map(({ contract, address, constructorArguments }) => [contract, address, constructorArguments]),
    ).to.deep.equal([
      ["FeePortal", addresses.feePortal, [addresses.token, addresses.rewards]],
      ["AssetPortal", addresses.assetPortal, [addresses.asset]],
    ]);
  });
});

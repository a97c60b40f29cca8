import { expect } from "chai";
import { artifacts, network } from "hardhat";

import { measureGas } from "../../scripts/gas/measure.ts";
import { type GasReport, regressions, TARGETS } from "../../scripts/gas/operations.ts";

describe("gas", () => {
  let report: GasReport;

  before(async function () {
    this.timeout(600_000);
    report = await measureGas(await network.create(), (name) => artifacts.readArtifact(name));
  });

  for (const [operation, target] of Object.entries(TARGETS)) {
    it(`${operation} takes at most ${target}`, function () {
      const measured = report.operations[operation];
      if (measured === undefined) this.skip();
      expect(measured.avg).to.be.at.most(target);
    });
  }

  it("never takes more than 64,000 for a steady propose", () => {
    expect(report.operations.propose!.max).to.be.at.most(64_000);
  });

  it("names a regression of more than 1 %, and what is no longer measured", () => {
    const operation = { min: 100, avg: 1_000, max: 2_000, calldataBytes: 4, note: "" };
    const baseline = { ...report, operations: { a: operation, b: operation, c: operation } };
    const now = {
      ...report,
      operations: { a: { ...operation, avg: 1_010 }, b: { ...operation, avg: 1_011 } },
    };
    expect(regressions(baseline, now).map(({ operation: name, measure }) => [name, measure])).to.deep.equal([
      ["b", "avg"],
      ["c", "missing"],
    ]);
  });
});

import { expect } from "chai";
import hre from "hardhat";

import { recordPlan } from "../../deploy/deployJournal.ts";
import { localMembers } from "../../deploy/localAccounts.ts";
import { namedArguments, readable } from "../../deploy/namedArguments.ts";
import { planChanges } from "../../deploy/planChanges.ts";
import { loadPreset } from "../../deploy/presets.ts";
import { composeSuite, type SuiteTerms } from "../../deploy/suite.ts";
import { durationOf, withUnit } from "../../deploy/units.ts";
import { verifierOf } from "../../deploy/verifiers.ts";

const readArtifact = (name: string) => hre.artifacts.readArtifact(name);
const DEPLOYER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

const terms = (changes: Partial<SuiteTerms> = {}): SuiteTerms => ({
  preset: loadPreset("localPermissioned"),
  network: "test",
  chainId: 31337,
  deployer: DEPLOYER,
  nonce: 0,
  owner: DEPLOYER,
  members: localMembers(),
  verifier: verifierOf("local"),
  genesisTime: 1_800_000_000,
  ...changes,
});
const compose = (changes: Partial<SuiteTerms> = {}) => composeSuite(terms(changes), readArtifact);

describe("Plan of a deployment", () => {
  for (const name of ["local", "localPermissioned"]) {
    it(`knows the unit of every number that a constructor takes under the preset ${name}`, async () => {
      const preset = loadPreset(name);
      const members = preset.validators.kind === "staked" ? [] : localMembers();
      const { creations } = await compose({ preset, members });
      const unknown: string[] = [];
      for (const { role, contract, constructorArguments } of creations) {
        for (const argument of namedArguments((await readArtifact(contract)).abi, constructorArguments)) {
          if (argument.type.startsWith("uint") && !argument.unit) unknown.push(`${role}: ${argument.name}`);
          expect(readable(argument)).not.to.equal("undefined");
        }
      }
      expect(unknown).to.deep.equal([]);
    });
  }

  it("writes numbers as people read them", () => {
    expect(withUnit(259_200n, "seconds")).to.equal("259,200 s (3 days)");
    expect(withUnit(12n, "seconds")).to.equal("12 s");
    expect(withUnit(1_800_000_000n, "time")).to.equal("2027-01-15T08:00:00Z");
    expect(withUnit(1_500_000_000_000_000_000_000n, "tst")).to.equal("1,500 TST");
    expect(withUnit(5n * 10n ** 17n, "tst")).to.equal("0.5 TST");
    expect(withUnit(8_000n, "bps")).to.equal("8,000 bps (80 %)");
    expect(withUnit(950n, "millionths")).to.equal("950 millionths (0.095 %)");
    expect(durationOf(5_400)).to.equal("1.5 hours");
  });

  it("follows from its terms alone", async () => {
    expect(recordPlan(await compose(), "0x", {})).to.deep.equal(recordPlan(await compose(), "0x", {}));
  });

  it("names every way in which another one differs, without what follows from it", async () => {
    const planned = recordPlan(await compose(), "0x", {});
    const preset = loadPreset("localPermissioned");
    const other = { ...preset, slotSeconds: preset.slotSeconds + 1 };
    const changes = async (changed: Partial<SuiteTerms>) =>
      planChanges(planned, recordPlan(await compose(changed), "0x", { token: 7 }));
    expect(await changes({})).to.deep.equal([]);
    expect(await changes({ preset: other })).to.deep.equal([
      `parameters.slotSeconds was ${preset.slotSeconds} and is ${preset.slotSeconds + 1}`,
    ]);
    expect(await changes({ genesisTime: 1_800_000_001, nonce: 3 })).to.deep.equal([
      "nonce was 0 and is 3",
      "genesisTime was 1800000000 and is 1800000001",
    ]);
    const recompiled = structuredClone(planned);
    recompiled.creations[0]!.code = "0x12";
    expect(planChanges(recompiled, planned)).to.deep.equal(["the code of NetworkToken"]);
    expect(planChanges({ ...planned, chain: "0x01" }, planned)).to.deep.equal(["chain was 0x01 and is 0x"]);
  });
});

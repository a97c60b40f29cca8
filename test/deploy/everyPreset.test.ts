import { expect } from "chai";
import hre from "hardhat";

import { deploySuite } from "../../deploy/deploySuite.ts";
import { localMembers } from "../../deploy/localAccounts.ts";
import { loadPreset, presetNames } from "../../deploy/presets.ts";
import { verifierOf } from "../../deploy/verifiers.ts";

/** What a preset says is tried before a public network pays for it: the suite stands, and every assertion holds. */
describe("Every preset", () => {
  for (const name of presetNames()) {
    it(`deploys on a local chain: ${name}, under 30M gas and with no transaction over 2^24`, async () => {
      const preset = loadPreset(name);
      const { ethers } = await hre.network.create("default");
      const [deployer, other] = await ethers.getSigners();
      const multisig = other!.address;
      if (preset.ownerIsContract) await ethers.provider.send("hardhat_setCode", [multisig, "0x00"]);
      const { transactions, addresses, circuit } = await deploySuite({
        preset: { ...preset, chainIds: [31337] },
        network: "test",
        deployer: deployer!,
        owner: multisig,
        ...(preset.validators.kind === "permissioned" ? { members: localMembers() } : {}),
        verifier: verifierOf(preset.circuit),
        readArtifact: (contract) => hre.artifacts.readArtifact(contract),
      });
      expect(circuit).to.equal(preset.circuit);
      const counted = transactions.filter(({ address }) => address !== addresses.asset);
      expect(Math.max(...counted.map(({ gasUsed }) => gasUsed))).to.be.below(2 ** 24);
      expect(counted.reduce((sum, { gasUsed }) => sum + gasUsed, 0)).to.be.below(30_000_000);
    });
  }
});

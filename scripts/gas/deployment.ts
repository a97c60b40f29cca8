/** Gas of deploying the suite, as the one deployment path does it. */
import type { Artifact } from "../../deploy/artifact.ts";
import { deploySuite } from "../../deploy/deploySuite.ts";
import { loadPreset } from "../../deploy/presets.ts";
import { verifierOf } from "../../deploy/verifiers.ts";
import type { Connection } from "../../test/helpers/rollup.ts";
import { type Operation, type Sample, summarize } from "./operations.ts";

/** A public network's; it deploys an asset to bridge, too, which on MainNet exists already. */
const PRESET = "testnet";

/** What {@link measureDeployment} gives. */
export interface DeploymentGas {
  /** Of the generated contract. */
  verifier: string;
  operations: Record<"deployTotal" | "deployMaxTransaction", Operation>;
}

/** Deploys the whole suite with the real verifier and staked validators; the test's asset is left out of the sums. */
export async function measureDeployment(
  connection: Connection,
  readArtifact: (name: string) => Promise<Artifact>,
): Promise<DeploymentGas> {
  const { ethers } = connection;
  const [deployer, owner] = await ethers.getSigners();
  const preset = loadPreset(PRESET);
  const verifier = verifierOf(preset.circuit);
  const { transactions, addresses } = await deploySuite({
    preset,
    network: "gas",
    deployer: deployer!,
    owner: owner!.address,
    verifier,
    readArtifact,
  });
  const samples: Sample[] = [];
  for (const { address, hash, gasUsed } of transactions) {
    if (address === addresses.asset) continue;
    const tx = await ethers.provider.getTransaction(hash);
    samples.push({ gas: gasUsed, calldataBytes: (tx!.data.length - 2) / 2 });
  }
  const total = samples.reduce(
    (sum, { gas, calldataBytes }) => ({
      gas: gas + sum.gas,
      calldataBytes: calldataBytes + sum.calldataBytes,
    }),
    { gas: 0, calldataBytes: 0 },
  );
  const name = verifier.contract.split(":").at(-1)!;
  return {
    verifier: name,
    operations: {
      deployTotal: summarize(
        [total],
        `the whole suite of the preset ${PRESET}, ${name} and portals included, ${samples.length} transactions`,
      ),
      deployMaxTransaction: summarize(
        [samples.reduce((a, b) => (b.gas > a.gas ? b : a))],
        "dearest transaction of the deployment",
      ),
    },
  };
}

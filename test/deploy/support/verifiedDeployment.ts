/** A deployment to a network that a fake explorer shows, with the judgement of what it is given. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ContractFactory } from "ethers";
import type { HardhatUserConfig } from "hardhat/config";

import { type Deployment, writeDeployment } from "../../../deploy/deployment.ts";
import { localMembers } from "../../../deploy/localAccounts.ts";
import { verifiableContracts, type Verification } from "../../../deploy/verification.ts";
import { verifyCommand, type VerifyOptions } from "../../../deploy/verifyCommand.ts";
import { verifierOf } from "../../../deploy/verifiers.ts";
import { temporaryFolder } from "../../actors/support/temporaryFolder.ts";
import { compileSubmission } from "./compile.ts";
import type { Submission } from "./fakeExplorer.ts";
import {
  PUBLIC,
  publicEnvironment,
  type PublicNetwork,
  runDeploy,
  startPublicNetwork,
} from "./publicNetwork.ts";

export interface VerifiedDeployment {
  network: PublicNetwork;
  deployment: Deployment;
  /** Whether settings and sources are those that the code on the chain was compiled with. */
  judgeSettings: (submission: Submission) => Promise<string | undefined>;
  /** Whether its compilation gives what was sent to create the contract. */
  judgeCode: (submission: Submission) => Promise<string | undefined>;
  /** Runs `deploy:verify` with an explorer at `url`. */
  verify: (url: string, options?: Partial<VerifyOptions> & { apiKey?: string }) => Promise<VerifyRun>;
  stop: () => Promise<void>;
}

export interface VerifyRun {
  results: Verification[];
  lines: string[];
  exitCode: number;
}

export async function deployToVerify(): Promise<VerifiedDeployment> {
  const folder = temporaryFolder();
  const network = await startPublicNetwork();
  const members = join(folder.path, "members.json");
  writeFileSync(members, JSON.stringify(localMembers()));
  const { deployment: deployed } = await runDeploy(network, { record: folder.path, members });
  const { hre } = network;
  const deployment = await withGeneratedVerifier(deployed, network);
  writeDeployment(deployment, folder.path);
  const known = (address: string) =>
    verifiableContracts(deployment).find((one) => one.address.toLowerCase() === address.toLowerCase());

  return {
    network,
    deployment,
    async judgeSettings({ address, input }) {
      const { contract, role } = known(address)!;
      // The Rollup's code has that of its portals in it, compiled as the Rollup was.
      const { settings, sources } = await compilationOf(hre, isPortal(role) ? "Rollup" : contract);
      if (input.settings.optimizer.runs !== settings.optimizer.runs) return "another number of runs";
      if ((input.settings.viaIR ?? false) !== (settings.viaIR ?? false)) return "another pipeline";
      if (input.settings.evmVersion !== settings.evmVersion) return "another EVM";
      const [other] = Object.entries(input.sources).filter(
        ([source, { content }]) => content !== sources[source]?.content,
      );
      return other && `another ${other[0]}`;
    },
    async judgeCode(submission) {
      const { creation } = await compileSubmission(submission);
      const sent = await network.provider.getTransaction(known(submission.address)!.hash);
      if (isPortal(known(submission.address)!.role)) {
        const bare = creation.slice(2, creation.length - submission.constructorArguments.length);
        return sent!.data.includes(bare) ? undefined : "no such code in the Rollup's";
      }
      return creation === sent!.data ? undefined : "another bytecode";
    },
    async verify(url, { apiKey = "key", ...options } = {}) {
      const explorer = { name: "Etherscan", url, apiUrl: `${url}/api` };
      const changes: HardhatUserConfig = {
        chainDescriptors: { [PUBLIC]: { name: "public", blockExplorers: { etherscan: explorer } } },
        ...(apiKey === "" ? {} : { verify: { etherscan: { apiKey } } }),
      };
      const environment = await publicEnvironment(network.url, changes);
      const lines: string[] = [];
      const [log, exitCode] = [console.log, process.exitCode];
      console.log = (line: string) => void lines.push(line);
      process.exitCode = 0;
      try {
        const all = { explorer: "etherscan", record: folder.path, json: false, ...options };
        const results = await verifyCommand(all, environment);
        return { results, lines, exitCode: Number(process.exitCode) };
      } finally {
        console.log = log;
        process.exitCode = exitCode;
      }
    },
    async stop() {
      await network.stop();
      folder.remove();
    },
  };
}

/**
 * The record with a generated verifier, compiled unlike all others, in the place of the mock: a deployment refuses to
 * put one of the development string on a public chain.
 */
async function withGeneratedVerifier(
  deployment: Deployment,
  { hre, deployer }: PublicNetwork,
): Promise<Deployment> {
  const { contract } = verifierOf("local");
  const { abi, bytecode } = await hre.artifacts.readArtifact(contract);
  const instance = await new ContractFactory(abi, bytecode, deployer).deploy();
  const { hash } = (await instance.deploymentTransaction()!.wait())!;
  const address = await instance.getAddress();
  return {
    ...deployment,
    addresses: { ...deployment.addresses, verifier: address },
    transactions: deployment.transactions.map((transaction) =>
      transaction.role === "verifier" ? { ...transaction, contract, address, hash } : transaction,
    ),
  };
}

function isPortal(role: string): boolean {
  return role === "feePortal" || role === "assetPortal";
}

/** What the compiler was given for a contract. */
async function compilationOf(hre: PublicNetwork["hre"], contract: string): Promise<Submission["input"]> {
  const { sourceName, contractName } = await hre.artifacts.readArtifact(contract);
  const id = await hre.artifacts.getBuildInfoId(`${sourceName}:${contractName}`);
  const path = await hre.artifacts.getBuildInfoPath(id!);
  return (JSON.parse(readFileSync(path!, "utf8")) as { input: Submission["input"] }).input;
}

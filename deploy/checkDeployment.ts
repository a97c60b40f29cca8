/**
 * Assertions against the chain after a deployment: what stands there is what the preset says, and the deployer has no
 * power left.
 */
import { Contract, type Provider } from "ethers";

import type { Artifact } from "./artifact.ts";
import { DeployError } from "./errors.ts";
import { marketDeploymentFaults, type MarketSurroundings } from "./market.ts";
import type { Preset } from "./presets.ts";
import { feeConfig } from "./feeParameters.ts";
import { rewardsFaults, type RewardsSurroundings } from "./rewards.ts";
import { rollupConfig, type RollupSurroundings } from "./rollupConfig.ts";
import { challengeConfig, validatorSetFaults, type Member } from "./validatorSet.ts";

export interface CheckParameters {
  preset: Preset;
  provider: Provider;
  readArtifact: (name: string) => Promise<Artifact>;
  owner: string;
  /** Of a permissioned validator set, as created; empty for a staked one. */
  members: readonly Member[];
  /** Runtime code of the verifier as compiled. */
  verifierCode: string;
  expected: RollupSurroundings & RewardsSurroundings & MarketSurroundings & { verifier: string };
}

/** What the check read on the way and the record keeps. */
export interface Readings {
  genesisHash: string;
  feePortal: string;
  assetPortal: string;
}

/** @throws DeployError ASSERTION_FAILED naming every assertion that does not hold */
export async function checkDeployment(parameters: CheckParameters): Promise<Readings> {
  const { preset, provider, expected, owner } = parameters;
  const at = async (name: string, address: string): Promise<Contract> =>
    new Contract(address, (await parameters.readArtifact(name)).abi, provider);
  const read = async (contract: Contract, name: string, ...values: unknown[]): Promise<unknown> =>
    (await contract.getFunction(name)(...values)) as unknown;
  const faults: string[] = [];
  const same = (what: string, actual: unknown, wanted: unknown): void => {
    if (String(actual).toLowerCase() !== String(wanted).toLowerCase()) {
      faults.push(`${what} is ${String(actual)}, not ${String(wanted)}`);
    }
  };

  const rollup = await at("Rollup", expected.rollup);
  const config = (await read(rollup, "config")) as Record<string, unknown>;
  const wanted = { ...rollupConfig(preset, expected), genesisRoot: BigInt(expected.genesisRoot) };
  for (const [name, value] of Object.entries(wanted)) {
    if (name !== "fees") same(`Rollup.config.${name}`, config[name], value);
  }
  for (const [name, value] of Object.entries(feeConfig(preset))) {
    same(`Rollup.config.fees.${name}`, (config["fees"] as Record<string, unknown>)[name], value);
  }

  const feePortal = String(await read(rollup, "feePortal"));
  const assetPortal = String(await read(rollup, "assetPortal"));
  for (const [portal, token] of [
    [feePortal, expected.token],
    [assetPortal, expected.asset],
  ] as const) {
    const contract = await at("FeePortal", portal);
    same("portal's rollup", await read(contract, "rollup"), expected.rollup);
    same("portal's token", await read(contract, "token"), token);
  }

  faults.push(
    ...(await validatorSetFaults({
      preset,
      address: expected.validatorSet,
      surroundings: { ...expected, owner, members: parameters.members },
      provider,
      readArtifact: parameters.readArtifact,
    })),
  );
  const challenge = await at("AggregateChallenge", expected.aggregateChallenge);
  for (const [name, value] of Object.entries(challengeConfig(preset, expected)))
    same(`AggregateChallenge.${name}`, await read(challenge, name), value);
  const policy = await at("VerifierPolicy", expected.verifierPolicy);
  same("verifiers", await read(policy, "verifiers"), expected.verifier);
  if ((await provider.getCode(expected.verifier)) !== parameters.verifierCode)
    faults.push("the verifier's code is not the one compiled here");
  faults.push(
    ...(await rewardsFaults({
      preset,
      surroundings: expected,
      feePortal,
      provider,
      readArtifact: parameters.readArtifact,
    })),
  );

  faults.push(
    ...(await marketDeploymentFaults({
      preset,
      surroundings: expected,
      provider,
      readArtifact: parameters.readArtifact,
    })),
  );

  if (faults.length > 0) {
    throw new DeployError("ASSERTION_FAILED", faults.join("; "), "do not use this deployment; deploy again");
  }
  return {
    genesisHash: String(await read(rollup, "genesisHash")),
    feePortal,
    assetPortal,
  };
}

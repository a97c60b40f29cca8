/**
 * Assertions against the chain after a deployment: what stands there is what the preset says, and the deployer has no
 * power left.
 */
import { Contract, type Provider } from "ethers";

import type { Artifact } from "./artifact.ts";
import { DeployError } from "./errors.ts";
import type { Preset } from "./presets.ts";

export interface CheckParameters {
  preset: Preset;
  provider: Provider;
  readArtifact: (name: string) => Promise<Artifact>;
  owner: string;
  deployer: string;
  /** Runtime code of the verifier as compiled. */
  verifierCode: string;
  expected: {
    token: string;
    asset: string;
    validatorSet: string;
    verifier: string;
    verifierPolicy: string;
    rollup: string;
    genesisTime: number;
    genesisRoot: string;
  };
}

/** What the check read on the way and the record keeps. */
export interface Readings {
  genesisHash: string;
  feePortal: string;
  assetPortal: string;
}

/** @throws DeployError ASSERTION_FAILED naming every assertion that does not hold */
export async function checkDeployment(parameters: CheckParameters): Promise<Readings> {
  const { preset, provider, expected, owner, deployer } = parameters;
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
  const wanted: Record<string, unknown> = {
    version: preset.version,
    genesisRoot: BigInt(expected.genesisRoot),
    genesisTime: expected.genesisTime,
    slotDuration: preset.slotSeconds,
    slotsPerEpoch: preset.epochSlots,
    proofSubmissionEpochs: preset.proofSubmissionEpochs,
    recordRing: preset.rings.records,
    epochRing: preset.rings.epochs,
    inboxRing: preset.rings.inbox,
    feePerL2Gas: preset.fees.feePerL2Gas,
    feePerDaGas: preset.fees.feePerDaGas,
    burnedShare: preset.fees.burnedBps,
    proverShare: preset.fees.proverBps,
    maxModifier: preset.price.maxModifierBps,
    messageDeadline: preset.messageDeadlineSeconds,
    outboxDelay: preset.outboxDelaySeconds,
    minimumRegistration: preset.minimumRegistration,
    pauseMax: preset.pause.maxSeconds,
    pauseCooldown: preset.pause.cooldownSeconds,
    council: preset.council,
    validatorSet: expected.validatorSet,
    verifierPolicy: expected.verifierPolicy,
    feeToken: expected.token,
    asset: expected.asset,
  };
  for (const [name, value] of Object.entries(wanted)) same(`Rollup.config.${name}`, config[name], value);

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

  same(
    "owner of the validator set",
    await read(await at("PermissionedValidatorSet", expected.validatorSet), "owner"),
    owner,
  );
  const policy = await at("VerifierPolicy", expected.verifierPolicy);
  same("verifiers", await read(policy, "verifiers"), expected.verifier);
  if ((await provider.getCode(expected.verifier)) !== parameters.verifierCode)
    faults.push("the verifier's code is not the one compiled here");
  await checkToken(await at("NetworkToken", expected.token));

  if (faults.length > 0) {
    throw new DeployError("ASSERTION_FAILED", faults.join("; "), "do not use this deployment; deploy again");
  }
  return {
    genesisHash: String(await read(rollup, "genesisHash")),
    feePortal,
    assetPortal,
  };

  async function checkToken(token: Contract): Promise<void> {
    const role = await read(token, "DEFAULT_ADMIN_ROLE");
    same("owner is admin of the token", await read(token, "hasRole", role, owner), true);
    if (owner.toLowerCase() === deployer.toLowerCase()) return;
    same("deployer is admin of the token", await read(token, "hasRole", role, deployer), false);
  }
}

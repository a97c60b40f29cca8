/**
 * Assertions against the chain: what stands there is what the preset says, and the deployer has no power left. They run
 * after every deployment, and again for anybody by `deploy:check`.
 */
import { type Provider, ZeroAddress } from "ethers";

import { type Artifact, isCodeOf } from "./artifact.ts";
import { DeployError } from "./errors.ts";
import { feeConfig } from "./feeParameters.ts";
import { Inspection } from "./inspection.ts";
import { assertMarket } from "./market.ts";
import { assertRewards } from "./rewards.ts";
import { rollupConfig } from "./rollupConfig.ts";
import type { Suite } from "./suite.ts";
import { assertValidatorSet, challengeConfig } from "./validatorSet.ts";

export interface CheckParameters {
  /** As it should be. */
  suite: Suite;
  provider: Provider;
  readArtifact: (name: string) => Promise<Artifact>;
}

/** What the check read on the way and the record keeps. */
export interface Readings {
  genesisHash: string;
  feePortal: string;
  assetPortal: string;
}

/** Where verifiers come from that are made from a circuit. */
const GENERATED = "contracts/verifier/generated/";

/** @throws DeployError ASSERTION_FAILED naming every assertion that does not hold */
export async function checkDeployment(parameters: CheckParameters): Promise<Readings> {
  const { inspection, readings } = await inspectDeployment(parameters);
  const { faults } = inspection;
  if (faults.length > 0) {
    throw new DeployError("ASSERTION_FAILED", faults.join("; "), "do not use this deployment; deploy again");
  }
  return readings;
}

/** Makes every assertion, whether it holds or not. */
export async function inspectDeployment({
  suite,
  provider,
  readArtifact,
}: CheckParameters): Promise<{ inspection: Inspection; readings: Readings }> {
  const { preset, surroundings: at } = suite;
  const inspection = new Inspection({ provider, readArtifact });

  const config = await inspection.readStruct("Rollup", at.rollup, "config");
  const { fees: _fees, ...wanted } = rollupConfig(preset, at);
  inspection.fields("Rollup.config", config, { ...wanted, genesisRoot: BigInt(at.genesisRoot) });
  const actualFees = (config["fees"] ?? {}) as Record<string, unknown>;
  inspection.fields("Rollup.config.fees", actualFees, { ...feeConfig(preset) });

  const feePortal = String(await inspection.read("Rollup", at.rollup, "feePortal"));
  const assetPortal = String(await inspection.read("Rollup", at.rollup, "assetPortal"));
  const portals = [
    ["FeePortal", feePortal, at.token],
    ["AssetPortal", assetPortal, at.asset],
  ] as const;
  for (const [name, portal, token] of portals)
    await inspection.views(name, portal, { rollup: at.rollup, token });

  await assertVerifierKey(inspection, suite);
  await assertCode(inspection, suite, { FeePortal: feePortal, AssetPortal: assetPortal });
  await assertValidatorSet(inspection, preset, at.validatorSet, { ...at, members: suite.members });
  const challenge = challengeConfig(preset, at);
  await inspection.views("AggregateChallenge", at.aggregateChallenge, challenge);
  await inspection.views("VerifierPolicy", at.verifierPolicy, { verifiers: at.verifier });
  await assertRewards(inspection, preset, at, feePortal);
  await assertMarket(inspection, preset, at);
  await assertOwners(inspection, suite);

  const genesisHash = String(await inspection.read("Rollup", at.rollup, "genesisHash"));
  return { inspection, readings: { genesisHash, feePortal, assetPortal } };
}

/** Every contract's code is the one compiled here, with what its constructor wrote into it left out. */
async function assertCode(
  inspection: Inspection,
  { creations }: Suite,
  portals: Record<string, string>,
): Promise<void> {
  const places = [
    ...creations.map(({ role, contract, address }) => [role, contract, address] as const),
    ...Object.entries(portals).map(([name, address]) => [name, name, address] as const),
  ];
  for (const [what, contract, address] of places) {
    const artifact = await inspection.artifact(contract);
    const code = address.startsWith("0x") ? await inspection.provider.getCode(address) : "0x";
    const actual = code === "0x" ? "missing" : isCodeOf(artifact, code) ? "as compiled" : "another";
    inspection.same(`code of ${what === "verifier" ? "the verifier" : what}`, actual, "as compiled");
  }
}

/** The key hash that the market's quotes name is the one that the verifier's code checks proofs by. */
async function assertVerifierKey(inspection: Inspection, { verifier, surroundings }: Suite): Promise<void> {
  // The doubles of tests have no key.
  if (!verifier.contract.startsWith(GENERATED)) return;
  const code = await inspection.provider.getCode(surroundings.verifier);
  const key = BigInt(verifier.verificationKeyHash).toString(16).padStart(64, "0");
  inspection.same("key hash in the verifier's code", code.includes(key) ? "there" : "missing", "there");
}

/** The owner graph: who can change anything, now or by accepting an offer, and that the deployer cannot. */
async function assertOwners(inspection: Inspection, suite: Suite): Promise<void> {
  const { surroundings: at, preset, deployer, owner } = suite;
  const set = preset.validators.kind === "staked" ? "ValidatorRegistry" : "PermissionedValidatorSet";
  const holders: [power: string, holder: unknown][] = [["council", at.council]];
  const changeable = { changeable: true };
  for (const [name, address, label] of [
    [set, at.validatorSet, "validator set"],
    ["RewardDistributor", at.rewardDistributor, undefined],
    ["Incentives", at.incentives, undefined],
    ["ProofMarket", at.market, undefined],
  ] as const) {
    const actual = await inspection.read(name, address, "owner");
    const what = label === undefined ? `${name}.owner` : `owner of the ${label}`;
    inspection.same(what, actual, owner, changeable);
    holders.push([what, actual]);
    // The market hands its ownership over in one step.
    if (name === "ProofMarket") continue;
    const pending = await inspection.read(name, address, "pendingOwner");
    const announced = label === undefined ? `${name}.pendingOwner` : `announced owner of the ${label}`;
    inspection.same(announced, pending, ZeroAddress, changeable);
    holders.push([announced, pending]);
  }
  if (sameAddress(deployer, owner)) return;
  const powers = holders.filter(([, holder]) => sameAddress(deployer, holder)).map(([power]) => power);
  inspection.same("power of the deployer", powers.join(", ") || "none", "none");
}

function sameAddress(a: string, b: unknown): boolean {
  return a.toLowerCase() === String(b).toLowerCase();
}

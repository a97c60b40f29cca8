/**
 * The one deployment path: tasks, the starter and tests call `deploySuite`.
 *
 * Order follows need: tokens, validator set, verifier, policy, Rollup; the Rollup creates its portals, so nothing has
 * to be wired afterwards and no contract is ever half connected.
 */
import {
  ContractFactory,
  type ContractTransactionReceipt,
  type Provider,
  type Signer,
  concat,
  keccak256,
  ZeroAddress,
} from "ethers";

import { AccountTree } from "../protocol/tree.ts";
import { toHex } from "../protocol/bytes.ts";
import type { Artifact } from "./artifact.ts";
import { checkDeployment } from "./checkDeployment.ts";
import type { Deployment } from "./deployment.ts";
import { DeployError } from "./errors.ts";
import type { Preset } from "./presets.ts";
import { rollupConfig } from "./rollupConfig.ts";
import { refuseDevelopmentVerifier } from "./verifierGuard.ts";

/** A member of the permissioned set. */
export interface Member {
  /** Address that sends its blocks. */
  proposer: string;
  /** Hash of its attester key: `keyHashOf`. */
  keyHash: string;
}

/** The verifier of a circuit size, as generated. */
export interface VerifierSource {
  /** Fully qualified name of the contract. */
  contract: string;
  verificationKeyHash: string;
}

export interface DeployParameters {
  preset: Preset;
  /** Name under which the record is kept. */
  network: string;
  /** Sends and pays; has no power afterwards unless it is the owner. */
  deployer: Signer;
  /** Gets the power over the validator set and the token, and the initial supplies. */
  owner: string;
  members: readonly Member[];
  verifier: VerifierSource;
  readArtifact: (name: string) => Promise<Artifact>;
  /** Start of slot 0, seconds since 1970; default: the latest block's time. */
  genesisTime?: number;
  onStep?: (step: { contract: string; address: string; gasUsed: number }) => void;
}

/**
 * Deploys the suite and checks the result against the chain.
 * @throws DeployError CHAIN_NOT_IN_PRESET, DEVELOPMENT_VERIFIER, NO_FUNDS before anything is sent; ASSERTION_FAILED
 * when the deployed state is not what the preset says
 */
export async function deploySuite(parameters: DeployParameters): Promise<Deployment> {
  const { preset, deployer, owner, verifier, readArtifact } = parameters;
  const provider = providerOf(deployer);
  const chainId = Number((await provider.getNetwork()).chainId);
  refuseChain(preset, chainId);
  const verifierArtifact = await readArtifact(verifier.contract);
  refuseDevelopmentVerifier({
    bytecode: verifierArtifact.deployedBytecode,
    chainId,
    name: verifier.contract,
  });
  await refuseEmptyAccount(deployer, provider);

  const transactions: Deployment["transactions"] = [];
  let block = 0;
  const create = async (contract: string, constructorArguments: unknown[]): Promise<string> => {
    const artifact = await readArtifact(contract);
    const instance = await new ContractFactory(artifact.abi, artifact.bytecode, deployer).deploy(
      ...constructorArguments,
    );
    const receipt = await receiptOf(instance.deploymentTransaction());
    const address = await instance.getAddress();
    const gasUsed = Number(receipt.gasUsed);
    block = receipt.blockNumber;
    transactions.push({
      contract,
      address,
      hash: receipt.hash,
      gasUsed,
      constructorArguments: constructorArguments.map(plain),
    });
    parameters.onStep?.({ contract, address, gasUsed });
    return address;
  };

  const token = await create("NetworkToken", tokenArguments(preset.token, owner));
  const asset =
    "address" in preset.asset
      ? preset.asset.address
      : await create("NetworkToken", tokenArguments(preset.asset, owner));
  const validatorSet = await create("PermissionedValidatorSet", [
    owner,
    preset.validators.listDelaySeconds,
    parameters.members.map(({ proposer, keyHash }) => ({ proposer, keyHash })),
  ]);
  const verifierAddress = await create(verifier.contract, []);
  const verifierPolicy = await create("VerifierPolicy", [[verifierAddress]]);

  const genesisTime = parameters.genesisTime ?? (await latestTime(provider));
  const genesisRoot = toHex(AccountTree.empty().root());
  const rewards = ZeroAddress;
  const surroundings = { genesisRoot, genesisTime, validatorSet, verifierPolicy, token, asset, rewards };
  const rollup = await create("Rollup", [rollupConfig(preset, surroundings)]);

  const rollupBlock = block;
  const readings = await checkDeployment({
    preset,
    provider,
    readArtifact,
    owner,
    expected: { ...surroundings, verifier: verifierAddress, rollup },
    verifierCode: verifierArtifact.deployedBytecode,
    deployer: await deployer.getAddress(),
  });
  return {
    network: parameters.network,
    preset: preset.name,
    chainId,
    block: rollupBlock,
    circuit: preset.circuit,
    verificationKeyHash: verifier.verificationKeyHash,
    genesisHash: readings.genesisHash,
    genesisRoot,
    genesisTime,
    version: preset.version,
    slotSeconds: preset.slotSeconds,
    epochSlots: preset.epochSlots,
    proofSubmissionEpochs: preset.proofSubmissionEpochs,
    messageDeadlineSeconds: preset.messageDeadlineSeconds,
    outboxDelaySeconds: preset.outboxDelaySeconds,
    pauseMaxSeconds: preset.pause.maxSeconds,
    pauseCooldownSeconds: preset.pause.cooldownSeconds,
    council: preset.council,
    owner,
    addresses: {
      token,
      asset,
      validatorSet,
      verifier: verifierAddress,
      verifierPolicy,
      rollup,
      feePortal: readings.feePortal,
      assetPortal: readings.assetPortal,
    },
    transactions,
  };
}

/**
 * Hash by which the validator set knows an attester key: keccak256 of the point as EIP-2537 takes it, 128 bytes, so
 * that a check on L1 hashes just what it hands to the precompile.
 */
export function keyHashOf({ x, y }: { x: bigint; y: bigint }): string {
  return keccak256(concat([toHex(x, 64), toHex(y, 64)]));
}

function tokenArguments(
  token: { name: string; symbol: string; initialSupply: bigint },
  owner: string,
): unknown[] {
  return [token.name, token.symbol, owner, owner, token.initialSupply];
}

function refuseChain(preset: Preset, chainId: number): void {
  if (preset.chainIds.includes(chainId)) return;
  throw new DeployError(
    "CHAIN_NOT_IN_PRESET",
    `the preset "${preset.name}" is for chain ${preset.chainIds.join(", ")}, and this is chain ${chainId}`,
    "choose the preset of that network, or the network of that preset",
  );
}

async function refuseEmptyAccount(deployer: Signer, provider: Provider): Promise<void> {
  const address = await deployer.getAddress();
  if ((await provider.getBalance(address)) > 0n) return;
  throw new DeployError(
    "NO_FUNDS",
    `the deployer ${address} has no ETH`,
    "send it some, a deployment takes about 20M gas",
  );
}

function providerOf(signer: Signer): Provider {
  if (signer.provider) return signer.provider;
  throw new DeployError(
    "NO_SIGNER",
    "the deployer is not connected to a network",
    "pass a signer with a provider",
  );
}

async function receiptOf(
  transaction: { wait(): Promise<ContractTransactionReceipt | null> } | null,
): Promise<ContractTransactionReceipt> {
  const receipt = await transaction?.wait();
  if (!receipt) throw new Error("a creation has no receipt");
  return receipt;
}

async function latestTime(provider: Provider): Promise<number> {
  const block = await provider.getBlock("latest");
  if (!block) throw new Error("the chain has no latest block");
  return block.timestamp;
}

/** JSON has no bigint: decimal text, at any depth. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item)),
  );
}

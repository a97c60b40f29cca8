/**
 * The staked network of one machine: the suite deployed, its first validators active and the seeds of its first two
 * epochs fixed when genesis begins.
 *
 * On a public network that takes days: the set of epoch 0 is frozen three epochs before genesis, its seed can be fixed
 * from two epochs before. Here the L1's time is moved instead, by what the preset calls `genesisDelaySeconds` in all.
 * Start the L1 with a clock that much behind, and genesis falls on the present.
 */
import { Contract, NonceManager, type Signer, type TransactionResponse, Wallet, ZeroAddress } from "ethers";

import { toAddress } from "../protocol/address.ts";
import {
  blsPublicKey,
  keyHash,
  keyHashToHex,
  keyWords,
  provePossession,
  signaturePointWords,
} from "../protocol/bls.ts";
import { FREEZE_LEAD, SEED_LEAD } from "../protocol/staking.ts";
import { deploySuite, type DeployParameters } from "./deploySuite.ts";
import type { Deployment } from "./deployment.ts";
import { DeployError } from "./errors.ts";
import { LOCAL_ACCOUNTS, localAddress, localPrivateKey, localValidator } from "./localAccounts.ts";
import type { Preset } from "./presets.ts";
import { verifierOf } from "./verifiers.ts";

/** An L1 whose time can be set: anvil's or Hardhat's. */
export interface LocalProvider {
  send(method: string, params: unknown[]): Promise<unknown>;
  getBlock(tag: "latest"): Promise<{ timestamp: number } | null>;
}

/** Parameters of {@link deployStakedLocal}. */
export interface DeployStakedLocalParameters extends Pick<
  DeployParameters,
  "readArtifact" | "onStep" | "genesisTime"
> {
  /** With staked validators. */
  preset: Preset;
  /** Name under which the record is kept. */
  network: string;
  /** Deploys; connected to an L1 that mines on demand. */
  deployer: Signer;
  provider: LocalProvider;
  /** Validators that join; default: what completes the bootstrap set. */
  validators?: number;
}

/** Ether that a local account gets. */
const BALANCE = 10n ** 22n;
/** More than fixing a seed takes; an estimate would be made at another time than the transaction's. */
const FIX_SEED_GAS = 300_000;
const DEPOSIT_GAS = 600_000;

/**
 * Deploys, lets validators 0, 1, … of `localValidator` deposit from the treasury, and fixes the seeds of epochs 0 and 1.
 * L1 then stands one epoch before genesis: go there with {@link moveToGenesis} once the actors are ready.
 * @throws DeployError see `deploySuite`; GENESIS_TOO_SOON when the validators are not active early enough
 */
export async function deployStakedLocal(parameters: DeployStakedLocalParameters): Promise<Deployment> {
  const { preset, network, deployer, provider, readArtifact, onStep, genesisTime } = parameters;
  const { validators } = preset;
  if (validators.kind !== "staked")
    throw new TypeError(`the validators of the preset "${preset.name}" do not stake`);

  const deployment = await deploySuite({
    preset,
    network,
    deployer,
    owner: localAddress(LOCAL_ACCOUNTS.treasury),
    verifier: verifierOf(preset.circuit),
    readArtifact,
    ...(onStep ? { onStep } : {}),
    ...(genesisTime === undefined ? {} : { genesisTime }),
  });

  const treasury = new NonceManager(
    new Wallet(localPrivateKey(LOCAL_ACCOUNTS.treasury), deployer.provider ?? undefined),
  );
  const { validatorSet, token, rollup } = deployment.addresses;
  const registry = new Contract(validatorSet, (await readArtifact("ValidatorRegistry")).abi, treasury);
  const count = parameters.validators ?? validators.churn.bootstrapSize;
  await provider.send("hardhat_setBalance", [await treasury.getAddress(), `0x${BALANCE.toString(16)}`]);
  const stake = new Contract(token, (await readArtifact("NetworkToken")).abi, treasury);
  await mined([await send(stake, "approve", [validatorSet, validators.minimumStake * BigInt(count)])]);
  const deposits: TransactionResponse[] = [];
  for (let index = 0; index < count; index++) {
    const { proposer, withdrawer } = localValidator(index);
    for (const { address } of [proposer, withdrawer])
      await provider.send("hardhat_setBalance", [address, `0x${BALANCE.toString(16)}`]);
    const args = localDeposit(index, validators.minimumStake, deployment);
    deposits.push(await send(registry, "deposit", [args], DEPOSIT_GAS));
  }
  await mined(deposits);

  const epoch = preset.slotSeconds * preset.epochSlots;
  const info = (await registry.getFunction("validatorOf")(
    keyHashToHex(keyHash(blsPublicKey(localValidator(0).attesterSecret))),
  )) as { activeFrom: bigint };
  const freeze = deployment.genesisTime - FREEZE_LEAD * epoch;
  if (info.activeFrom > BigInt(freeze)) {
    throw new DeployError(
      "GENESIS_TOO_SOON",
      `the validators are active from ${info.activeFrom}, after the set of epoch 0 is frozen at ${freeze}`,
      count < validators.churn.bootstrapSize
        ? `let ${validators.churn.bootstrapSize} deposit`
        : "choose a greater genesisDelaySeconds",
    );
  }
  for (const number of [0, 1]) {
    const from = deployment.genesisTime + (number - SEED_LEAD) * epoch;
    await provider.send("evm_setNextBlockTimestamp", [from]);
    await mined([await send(registry, "fixSeed", [rollup, number], FIX_SEED_GAS)]);
  }
  return deployment;
}

/** Mines a block at genesis, unless L1 is there already. */
export async function moveToGenesis(
  provider: LocalProvider,
  { genesisTime }: Pick<Deployment, "genesisTime">,
): Promise<void> {
  const block = await provider.getBlock("latest");
  if (!block || block.timestamp >= genesisTime) return;
  await provider.send("evm_setNextBlockTimestamp", [genesisTime]);
  await provider.send("evm_mine", []);
}

/** The registry's `Deposit` of a local validator that follows the canonical instance. */
export function localDeposit(
  index: number,
  amount: bigint,
  { chainId, addresses }: Pick<Deployment, "chainId" | "addresses">,
): Record<string, unknown> {
  const { proposer, attesterSecret, withdrawer } = localValidator(index);
  const proof = provePossession(attesterSecret, {
    domain: { chainId: BigInt(chainId), registry: toAddress(addresses.validatorSet) },
    withdrawer: toAddress(withdrawer.address),
  });
  return {
    proposer: proposer.address,
    withdrawer: withdrawer.address,
    instance: ZeroAddress,
    amount,
    key: keyWords(blsPublicKey(attesterSecret)),
    proof: signaturePointWords(proof),
  };
}

function send(
  contract: Contract,
  method: string,
  args: unknown[],
  gasLimit?: number,
): Promise<TransactionResponse> {
  return contract.getFunction(method).send(...args, ...(gasLimit === undefined ? [] : [{ gasLimit }]));
}

/** @throws when one of them reverted */
async function mined(transactions: readonly TransactionResponse[]): Promise<void> {
  for (const transaction of transactions) await transaction.wait();
}

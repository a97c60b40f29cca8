/**
 * The suite as a proof-of-stake network runs it: a Rollup whose committees of 48 are drawn from 1,000 registered
 * validators, with real BLS aggregates, and the contract that challenges them. Seed and other rings are in their second
 * lap.
 */
import { SecretKey } from "@chainsafe/blst";
import { getCreateAddress, hexlify, keccak256, toBeHex, Wallet } from "ethers";

import { toAddress } from "../../protocol/address.ts";
import { encodeAggregateOpening } from "../../protocol/aggregateOpening.ts";
import { attestationDigest } from "../../protocol/attestation.ts";
import {
  keyHash,
  keyWords,
  provePossession,
  type PublicKey,
  signaturePointWords,
} from "../../protocol/bls.ts";
import { toBytes } from "../../protocol/bytes.ts";
import type { TruncatedHash } from "../../protocol/hash.ts";
import { toSlot } from "../../protocol/time.ts";
import type {
  AggregateChallenge,
  NetworkToken,
  PermissionedValidatorSet,
  ValidatorRegistry,
} from "../../types/ethers-contracts/index.ts";
import type { BlockFields } from "../../test/helpers/layout.ts";
import {
  type Block,
  type Connection,
  type Contracts,
  defaults,
  RollupDriver,
  type RollupParameters,
  shortestCooldown,
} from "../../test/helpers/rollup.ts";

const STAKE = 100n * 10n ** 18n;
/** Order of the BLS12-381 groups. */
const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
export const COMMITTEE = 48;
export const QUORUM = 33;
/** Epochs of the seed ring. */
const SEEDS = 12n;
/** First epoch with blocks: the ring is in its second lap by then. */
export const FIRST_EPOCH = SEEDS + 2n;

export interface StakedValidator {
  readonly secret: bigint;
  readonly key: PublicKey;
  readonly keyHash: string;
  readonly proposer: Wallet;
}

export interface Staked {
  driver: StakedDriver;
  registry: ValidatorRegistry;
  challenge: AggregateChallenge;
  token: NetworkToken;
  /** Registers one more; returns the transaction's hash. */
  join(): Promise<{ hash: string; validator: StakedValidator }>;
}

export async function deployStaked(setUp: {
  connection: Connection;
  parameters: Partial<RollupParameters>;
  validators: number;
}): Promise<Staked> {
  const { connection, validators: count } = setUp;
  const { ethers, networkHelpers } = connection;
  const given = { ...defaults, ...setUp.parameters };
  const parameters = { pauseCooldown: shortestCooldown(given), ...given };
  const [deployer] = await ethers.getSigners();
  const owner = deployer!;
  const council = new Wallet(keccak256(toBeHex(0xc0c1, 32)), ethers.provider);
  const newToken = (name: string) =>
    ethers.deployContract("NetworkToken", [name, name, owner, owner, 10n ** 30n]);
  const token = await newToken("TST");
  const asset = await newToken("AST");
  const verifier = await ethers.deployContract("MockVerifier");
  const policy = await ethers.deployContract("VerifierPolicy", [[verifier]]);

  const epochDuration = parameters.slotsPerEpoch * parameters.slotDuration;
  const registry = await ethers.deployContract("ValidatorRegistry", [
    {
      owner,
      token,
      minimumStake: STAKE,
      exitDelay: 12n * epochDuration,
      evidenceWindow: 7n * epochDuration,
      committeeSize: COMMITTEE,
      seedRing: SEEDS,
      churnWindow: 600n,
      bootstrapSize: count,
      growthSize: 0n,
      growthRate: 8n,
      churnQuotient: 10n,
      minChurn: 8n,
      maxChurn: 8n,
    },
    { instance: toBeHex(0, 20), genesis: 0, epochDuration: 0, slasher: toBeHex(0, 20) },
  ]);
  await token.approve(registry, 2n ** 256n - 1n);

  const validators = new Map<bigint, StakedValidator>();
  const join = async () => {
    const validator = newValidator(validators.size + 1, ethers.provider);
    const withdrawer = toAddress(owner.address);
    const domain = { chainId: 31337n, registry: toAddress(registry.target as string) };
    const sent = await registry.deposit({
      proposer: validator.proposer.address,
      withdrawer: owner.address,
      instance: toBeHex(0, 20),
      amount: STAKE,
      key: keyWords(validator.key) as [string, string, string],
      proof: signaturePointWords(provePossession(validator.secret, { domain, withdrawer })),
    });
    validators.set(BigInt(validator.keyHash), validator);
    return { hash: sent.hash, validator };
  };
  for (let i = 0; i < count; ++i) await join();

  const genesisTime = BigInt(await networkHelpers.time.latest()) + 60n + 4n * epochDuration;
  const nonce = await owner.getNonce();
  const rollupAddress = getCreateAddress({ from: owner.address, nonce: nonce + 1 });
  const reserve = 10n * STAKE;
  const challenge = await ethers.deployContract("AggregateChallenge", [
    {
      rollup: rollupAddress,
      validatorSet: registry,
      registry,
      token,
      slashAmount: (STAKE * 2n) / 5n,
      reward: STAKE / 10n,
      reserve,
    },
  ]);
  const rollup = await ethers.deployContract("Rollup", [
    {
      ...parameters,
      genesisTime,
      council,
      validatorSet: registry,
      verifierPolicy: policy,
      feeToken: token,
      asset,
      rewards: toBeHex(0, 20),
      aggregateChallenge: challenge,
    },
  ]);
  await token.transfer(challenge, reserve);
  await registry.addInstance(rollup, genesisTime, epochDuration, challenge);
  await registry.setCanonical(rollup);

  const contracts: Contracts = {
    rollup,
    feeToken: token,
    asset,
    policy,
    validatorSet: registry as unknown as PermissionedValidatorSet,
    feePortal: await ethers.getContractAt("FeePortal", await rollup.feePortal()),
    assetPortal: await ethers.getContractAt("AssetPortal", await rollup.assetPortal()),
  };
  const users = Array.from(
    { length: 5 },
    (_, i) => new Wallet(keccak256(toBeHex(0xca1b0000 + i, 32)), ethers.provider),
  );
  for (const user of users) await networkHelpers.setBalance(user.address, 10n ** 21n);
  const driver = new StakedDriver(connection, contracts, parameters, genesisTime, users, council);
  driver.open(registry, validators);
  for (let epoch = 0n; epoch < FIRST_EPOCH + 2n; ++epoch) {
    const at = genesisTime + (epoch < FIRST_EPOCH ? epoch : epoch - 2n) * epochDuration;
    if (at > BigInt(await networkHelpers.time.latest())) await networkHelpers.time.increaseTo(at);
    await registry.fixSeed(rollup, epoch);
  }
  return { driver, registry, challenge, token, join };
}

/** Blocks by the registry's proposers, with the aggregates of their committees. */
export class StakedDriver extends RollupDriver {
  #registry!: ValidatorRegistry;
  #validators!: ReadonlyMap<bigint, StakedValidator>;
  #epoch = -1n;
  #committee: StakedValidator[] = [];
  #positions: number[] = [];
  /** Signs another digest while set. */
  lying = false;

  open(registry: ValidatorRegistry, validators: ReadonlyMap<bigint, StakedValidator>): void {
    this.#registry = registry;
    this.#validators = validators;
  }

  /** Reads an epoch's committee; blocks of no other epoch can be made until the next call. */
  async enter(epoch: bigint): Promise<void> {
    const { slotsPerEpoch } = this.parameters;
    // After epochs without blocks nobody has fixed it.
    if ((await this.#registry.seedOf(this.rollup, epoch)) === 0n)
      await this.#registry.fixSeed(this.rollup, epoch);
    const [, keys] = await this.#registry.committeeOf(this.rollup, epoch, 0);
    this.#committee = keys.map((key) => this.#validators.get(BigInt(key))!);
    this.#positions = [];
    for (let i = 0n; i < slotsPerEpoch; ++i) {
      const [, position] = await this.#registry.dutyOf(this.rollup, epoch * slotsPerEpoch + i, epoch, 0);
      this.#positions.push(Number(position));
    }
    this.#epoch = epoch;
    for (const { proposer } of this.#committee) {
      await this.connection.networkHelpers.setBalance(proposer.address, 10n ** 21n);
    }
  }

  positionAt(slot: bigint): number {
    if (slot / this.parameters.slotsPerEpoch !== this.#epoch)
      throw new Error(`epoch of slot ${slot} not entered`);
    return this.#positions[Number(slot % this.parameters.slotsPerEpoch)]!;
  }

  override proposerOf(slot: bigint): Wallet {
    return this.#committee[this.positionAt(slot)]!.proposer;
  }

  /** As many members as asked for, the slot's proposer among them. */
  bitmap(slot: bigint, members: number): bigint {
    const own = this.positionAt(slot);
    let bitmap = 0n;
    for (let i = 0; i < members; ++i) bitmap |= 1n << BigInt((own + i) % COMMITTEE);
    return bitmap;
  }

  protected override sign(fields: BlockFields, chainHash: bigint): BlockFields {
    const digest = attestationDigest({
      kind: "Attestation",
      domain: {
        version: this.parameters.version,
        chainId: 31337n,
        rollup: toAddress(this.rollup.target as string),
      },
      block: {
        slot: toSlot(fields.slot + (this.lying ? 1n : 0n)),
        chainHash: chainHash as TruncatedHash,
        modifier: Number(fields.modifier),
        coinbase: toAddress(fields.coinbase),
      },
    });
    // The signature by a sum of secrets is the sum of the signatures.
    const sum = this.#signers(fields.bitmap).reduce((total, { secret }) => (total + secret) % ORDER, 0n);
    const signature = hexlify(SecretKey.fromBytes(toBytes(sum, 32)).sign(digest).toBytes(true)).slice(2);
    const words = [0, 64, 128].map((at) => BigInt(`0x${signature.slice(at, at + 64)}`));
    return { ...fields, signature: words as [bigint, bigint, bigint] };
  }

  /** What proves, or convicts, a block of the epoch entered. */
  opening({ fields, proposer }: Block): bigint[] {
    const signature = toBytes(
      (fields.signature[0] << 512n) | (fields.signature[1] << 256n) | fields.signature[2],
      96,
    );
    return encodeAggregateOpening({
      witness: {
        proposer: toAddress(proposer),
        modifier: Number(fields.modifier),
        coinbase: toAddress(fields.coinbase),
        signature,
      },
      keys: this.#signers(fields.bitmap).map(({ key }) => key),
    });
  }

  #signers(bitmap: bigint): StakedValidator[] {
    return this.#committee.filter((_, position) => (bitmap >> BigInt(position)) & 1n);
  }
}

function newValidator(index: number, provider: Connection["ethers"]["provider"]): StakedValidator {
  const secret = BigInt(keccak256(toBeHex(index, 32))) >> 8n;
  const key = new Uint8Array(
    SecretKey.fromBytes(toBytes(secret, 32)).toPublicKey().toBytes(false),
  ) as PublicKey;
  const hash = toBeHex(keyHash(key), 32);
  return { secret, key, keyHash: hash, proposer: new Wallet(toBeHex(1_000_000 + index, 32), provider) };
}

/** A ValidatorRegistry on Hardhat's simulated network, its validators with real keys, and a replay of its events. */
import { hexlify, keccak256, toBeHex, Wallet, ZeroAddress } from "ethers";
import { network } from "hardhat";

import { toAddress } from "../../protocol/address.ts";
import {
  blsAggregate,
  blsPublicKey,
  blsSign,
  keyHash,
  keyWords,
  provePossession,
  signaturePointWords,
  signatureWords,
  type KeyHash,
  type PublicKey,
  type Signature,
} from "../../protocol/bls.ts";
import { SeatArray, type ChurnRules } from "../../protocol/staking.ts";
import { toTimestamp } from "../../protocol/time.ts";
import type { NetworkToken, ValidatorRegistry } from "../../types/ethers-contracts/index.ts";

type Connection = Awaited<ReturnType<typeof network.create>>;

export type Words3 = [string, string, string];
export type Words6 = [string, string, string, string, string, string];

export interface Validator {
  readonly secret: bigint;
  readonly key: PublicKey;
  readonly keyHash: KeyHash;
  readonly proposer: string;
}

export const STAKE = 100n * 10n ** 18n;

export const config = {
  minimumStake: STAKE,
  exitDelay: 40_000n,
  evidenceWindow: 10_000n,
  committeeSize: 48n,
  seedRing: 20n,
  churnWindow: 600n,
  bootstrapSize: 100n,
  growthSize: 0n,
  growthRate: 8n,
  churnQuotient: 10n,
  minChurn: 8n,
  maxChurn: 8n,
};

export const EPOCH = 1_000n;

/** No instance is named at construction. */
const NO_INSTANCE = { instance: ZeroAddress, genesis: 0, epochDuration: 0, slasher: ZeroAddress };

export interface SetUp {
  readonly parameters?: Partial<typeof config>;
}

export async function deployRegistry({ parameters }: SetUp = {}): Promise<RegistryDriver> {
  const connection = await network.create();
  const { ethers, networkHelpers } = connection;
  const [owner, instance, slasher] = await ethers.getSigners();
  const token = await ethers.deployContract("NetworkToken", [
    "Network token",
    "TST",
    owner!,
    owner!,
    10n ** 30n,
  ]);
  const settings = { ...config, ...parameters };
  const registry = await ethers.deployContract("ValidatorRegistry", [
    { ...settings, owner, token },
    NO_INSTANCE,
  ]);
  await token.approve(registry, 2n ** 256n - 1n);
  const genesis = BigInt(await networkHelpers.time.latest()) + 20_000n;
  await registry.addInstance(instance!, genesis, EPOCH, slasher!);
  await registry.setCanonical(instance!);
  return new RegistryDriver(connection, registry, token, settings, genesis);
}

export class RegistryDriver {
  readonly connection: Connection;
  readonly registry: ValidatorRegistry;
  readonly token: NetworkToken;
  readonly settings: typeof config;
  readonly genesis: bigint;
  /** By key hash. */
  readonly validators = new Map<KeyHash, Validator>();
  /** The followers' set, replayed. */
  readonly replay: SeatArray;
  #next = 1n;

  constructor(
    connection: Connection,
    registry: ValidatorRegistry,
    token: NetworkToken,
    settings: typeof config,
    genesis: bigint,
  ) {
    this.connection = connection;
    this.registry = registry;
    this.token = token;
    this.settings = settings;
    this.genesis = genesis;
    this.replay = new SeatArray(this.churn);
  }

  get churn(): ChurnRules {
    return {
      window: Number(this.settings.churnWindow),
      bootstrapSize: Number(this.settings.bootstrapSize),
      growthSize: Number(this.settings.growthSize),
      growthRate: Number(this.settings.growthRate),
      quotient: Number(this.settings.churnQuotient),
      minRate: Number(this.settings.minChurn),
      maxRate: Number(this.settings.maxChurn),
    };
  }

  async signer(index: number) {
    return (await this.connection.ethers.getSigners())[index]!;
  }

  /** Account of the canonical instance. */
  async instance() {
    return this.signer(1);
  }

  async now(): Promise<number> {
    return await this.connection.networkHelpers.time.latest();
  }

  /** Does nothing when the time is past. */
  async passTo(time: bigint | number): Promise<void> {
    if (BigInt(time) > BigInt(await this.now())) await this.connection.networkHelpers.time.increaseTo(time);
  }

  startOf(epoch: bigint | number): bigint {
    return this.genesis + BigInt(epoch) * EPOCH;
  }

  newValidator(): Validator {
    const secret = BigInt(keccak256(toBeHex(this.#next, 32))) >> 8n;
    const key = blsPublicKey(secret);
    const proposer = new Wallet(toBeHex(1_000_000n + this.#next++, 32)).address;
    return { secret, key, keyHash: keyHash(key), proposer };
  }

  async depositArguments({ secret, key, proposer }: Validator, instance = `0x${"00".repeat(20)}`) {
    const owner = await this.signer(0);
    const request = {
      domain: { chainId: 31337n, registry: toAddress(this.registry.target as string) },
      withdrawer: toAddress(owner.address),
    };
    return {
      proposer,
      withdrawer: owner.address,
      instance,
      amount: STAKE,
      key: keyWords(key) as Words3,
      proof: signaturePointWords(provePossession(secret, request)) as Words6,
    };
  }

  /** @returns gas used and the validator */
  async join(): Promise<{ gas: bigint; validator: Validator }> {
    const validator = this.newValidator();
    const sent = await this.registry.deposit(await this.depositArguments(validator));
    const receipt = await sent.wait();
    this.validators.set(validator.keyHash, validator);
    this.replay.join(validator.keyHash, toTimestamp(await this.now()));
    return { gas: receipt!.gasUsed, validator };
  }

  async leave({ keyHash: hash }: Validator): Promise<bigint> {
    const { position } = await this.registry.validatorOf(bytes28(hash));
    const receipt = await (await this.registry.initiateExit(bytes28(hash), `0x${"00".repeat(20)}`)).wait();
    this.replay.leave(Number(position), toTimestamp(await this.now()));
    return receipt!.gasUsed;
  }

  async fix(epoch: bigint | number): Promise<void> {
    await (await this.registry.fixSeed(await this.instance(), epoch)).wait();
  }

  async committee(epoch: bigint | number): Promise<{ proposers: string[]; keyHashes: KeyHash[] }> {
    const [proposers, hashes] = await this.registry.committeeOf(await this.instance(), epoch, 0);
    return {
      proposers,
      keyHashes: hashes.map((hash) => BigInt(hash) as KeyHash),
    };
  }

  aggregateSignature(keyHashes: readonly KeyHash[], bitmap: bigint, digest: Uint8Array): Signature {
    return blsAggregate(
      keyHashes
        .filter((_, k) => (bitmap >> BigInt(k)) & 1n)
        .map((hash) => blsSign(this.validators.get(hash)!.secret, digest)),
    );
  }

  /** The aggregate of those members whose bit is set, and what a challenger brings. */
  aggregate(keyHashes: readonly KeyHash[], bitmap: bigint, digest: Uint8Array) {
    const members = keyHashes
      .filter((_, k) => (bitmap >> BigInt(k)) & 1n)
      .map((hash) => this.validators.get(hash)!);
    const signature = this.aggregateSignature(keyHashes, bitmap, digest);
    return {
      keys: members.map(({ key }) => keyWords(key) as Words3),
      compressed: signatureWords(signature) as Words3,
      point: signaturePointWords(signature) as Words6,
      digest: hexlify(digest),
    };
  }
}

export function bytes28(hash: KeyHash): string {
  return toBeHex(hash >> 32n, 28);
}

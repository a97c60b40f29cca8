/**
 * A Rollup on Hardhat's simulated network with everything around it, and a driver that builds valid blocks and epoch
 * proofs for it: real type-3 transactions, real commitments and openings, a mock verifier.
 */
import { randomBytes } from "node:crypto";

import { getCreateAddress, hexlify, keccak256, toBeHex, Transaction, Wallet, ZeroAddress } from "ethers";
import { network } from "hardhat";

import type {
  AssetPortal,
  FeePortal,
  NetworkToken,
  PermissionedValidatorSet,
  Rollup,
  VerifierPolicy,
} from "../../types/ethers-contracts/index.ts";

import { pricesAt, type FeeConfig } from "../../protocol/fees.ts";
import type { GasPrices } from "../../protocol/gas.ts";
import { makeSidecar, openCombined, type Sidecar, uncompress } from "./kzg.ts";
import {
  type BlockFields,
  bindWithdrawals,
  coinbaseFee,
  genesisHash,
  hashRecord,
  feeStateOf,
  type L1Fees,
  nextRecord,
  packBlock,
  positionOf,
  words,
  type Words7,
} from "./layout.ts";

export type Connection = Awaited<ReturnType<typeof network.create>>;

export interface RollupParameters {
  version: bigint;
  genesisRoot: bigint;
  slotDuration: bigint;
  slotsPerEpoch: bigint;
  proofSubmissionEpochs: bigint;
  recordRing: bigint;
  epochRing: bigint;
  inboxRing: bigint;
  maxMessages: bigint;
  maxL2Gas: bigint;
  maxDaGas: bigint;
  fees: FeeConfig;
  initialOracle: bigint;
  maxModifier: bigint;
  messageDeadline: bigint;
  outboxDelay: bigint;
  forcedFeePerL2Gas: bigint;
  minimumFeeRegistration: bigint;
  minimumAssetRegistration: bigint;
  pauseMax: bigint;
  pauseCooldown: bigint;
  attestationChallengeWindow: bigint;
}

/** The cool-down is the shortest one allowed, see `shortestCooldown`. */
export const defaults: Omit<RollupParameters, "pauseCooldown"> = {
  version: 1n,
  genesisRoot: 1234567n,
  slotDuration: 72n,
  slotsPerEpoch: 4n,
  proofSubmissionEpochs: 1n,
  recordRing: 9n,
  epochRing: 8n,
  inboxRing: 24n,
  maxMessages: 2n,
  maxL2Gas: 120_000n,
  maxDaGas: 1_024n,
  fees: {
    targetL2: 60_000n,
    targetDa: 512n,
    fractionL2: 512_820n,
    fractionDa: 4_376n,
    proposeGas: 62_000n,
    proofGas: 37_500n,
    provingCost: 10_000_000n,
    maxFeePerL2Gas: 2n ** 54n,
    maxFeePerDaGas: 2n ** 57n,
    oracleLag: 2n,
    oracleLifetime: 5n,
  },
  // A TST at a thousandth of an ETH, L1 at 1 gwei and 1 wei.
  initialOracle: ((10n ** 9n) << 192n) | ((10n ** 9n) << 144n) | (1n << 96n) | ((10n ** 9n) << 48n) | 1n,
  maxModifier: 100n,
  messageDeadline: 600n,
  outboxDelay: 500n,
  forcedFeePerL2Gas: 1_000_000_000n,
  minimumFeeRegistration: 1_000n,
  minimumAssetRegistration: 1_000n,
  pauseMax: 720n,
  attestationChallengeWindow: 0n,
};

/** Longest pause, then the longer of a proof's term and the withdrawal delay. */
export function shortestCooldown(parameters: Omit<RollupParameters, "pauseCooldown">): bigint {
  const { slotDuration, slotsPerEpoch, proofSubmissionEpochs, outboxDelay, pauseMax } = parameters;
  const term = slotDuration * slotsPerEpoch * (proofSubmissionEpochs + 1n);
  return pauseMax + (term > outboxDelay ? term : outboxDelay);
}

export interface Contracts {
  rollup: Rollup;
  feeToken: NetworkToken;
  asset: NetworkToken;
  policy: VerifierPolicy;
  validatorSet: PermissionedValidatorSet;
  feePortal: FeePortal;
  assetPortal: AssetPortal;
}

export interface Block {
  number: bigint;
  record: Words7;
  fields: BlockFields;
  sidecar: Sidecar;
  proposer: string;
  l1Fees: L1Fees;
}

export interface EpochProofArgs {
  start: Words7;
  end: Words7;
  next: Words7;
  prover: string;
  z: bigint;
  gamma: bigint;
  y: bigint;
  participation: [bigint, bigint];
  opening: [bigint, bigint];
  points: [bigint, bigint, bigint][];
  coinbaseFees: bigint[];
  withdrawals: bigint[];
  attestation: bigint[];
  proofs: string[];
}

export const NO_RECORD: Words7 = [0n, 0n, 0n, 0n, 0n, 0n, 0n];
const sidecars = new Map<string, Sidecar>();

/** Commitments are slow to make: the same few words always give the same blob. */
export function cachedSidecar(...blobWords: bigint[]): Sidecar {
  const key = blobWords.join();
  let sidecar = sidecars.get(key);
  if (sidecar === undefined) sidecars.set(key, (sidecar = makeSidecar(blobWords)));
  return sidecar;
}

/** What is known of a Rollup before its creation. */
export interface PlannedRollup {
  rollup: string;
  feeToken: NetworkToken;
  genesisTime: bigint;
  parameters: RollupParameters;
}

export interface SetUp {
  parameters?: Partial<RollupParameters>;
  members?: number;
  /** Name of the verifier contract; the mock when left out. */
  verifier?: string;
  /** Creates the contract that pays and burns fees, from another account than the first; none when left out. */
  rewards?: (planned: PlannedRollup) => Promise<string>;
  /** Whether a contract may roll back: a challenge of aggregates without stake; none when left out. */
  challenge?: boolean;
  /** Seconds left for the rest of a deployment; blocks of slot 0 need a genesis that is still to come. */
  genesisDelay?: bigint;
  /** Network to deploy on; a fresh simulated one when left out. */
  connection?: Connection;
}

export async function deployRollup(setUp: SetUp = {}): Promise<RollupDriver> {
  const connection = setUp.connection ?? (await network.create());
  const { ethers, networkHelpers } = connection;
  const given = { ...defaults, ...setUp.parameters };
  const parameters = { pauseCooldown: shortestCooldown(given), ...given };
  const [deployer] = await ethers.getSigners();

  const members = Array.from(
    { length: setUp.members ?? 5 },
    (_, i) => new Wallet(keccak256(toBeHex(0xca1b0000 + i, 32)), ethers.provider),
  );
  const council = new Wallet(keccak256(toBeHex(0xc0c1, 32)), ethers.provider);
  for (const member of [...members, council]) await networkHelpers.setBalance(member.address, 10n ** 21n);

  const feeToken = await ethers.deployContract("NetworkToken", [
    "Network token",
    "TST",
    deployer!,
    deployer!,
    10n ** 27n,
  ]);
  const asset = await ethers.deployContract("NetworkToken", [
    "Asset",
    "AST",
    deployer!,
    deployer!,
    10n ** 27n,
  ]);
  const verifier = (await ethers.deployContract(setUp.verifier ?? "MockVerifier")).target;
  const policy = await ethers.deployContract("VerifierPolicy", [[verifier]]);
  const validatorSet = await ethers.deployContract("PermissionedValidatorSet", [
    deployer!,
    parameters.slotsPerEpoch * parameters.slotDuration,
    members.map(({ address }) => ({ proposer: address, keyHash: keccak256(address) })),
  ]);
  const genesisTime = BigInt(await networkHelpers.time.latest()) + (setUp.genesisDelay ?? 60n);
  const planned = getCreateAddress({ from: deployer!.address, nonce: await deployer!.getNonce() });
  const rewards = await setUp.rewards?.({ rollup: planned, feeToken, genesisTime, parameters });
  const aggregateChallenge = setUp.challenge
    ? await challengeOf(connection, planned, validatorSet.target as string)
    : ZeroAddress;
  const rollup = await ethers.deployContract("Rollup", [
    {
      ...parameters,
      genesisTime,
      council,
      validatorSet,
      verifierPolicy: policy,
      feeToken,
      asset,
      rewards: rewards ?? ZeroAddress,
      aggregateChallenge,
    },
  ]);
  const contracts: Contracts = {
    rollup,
    feeToken,
    asset,
    policy,
    validatorSet,
    feePortal: await ethers.getContractAt("FeePortal", await rollup.feePortal()),
    assetPortal: await ethers.getContractAt("AssetPortal", await rollup.assetPortal()),
  };
  return new RollupDriver(connection, contracts, parameters, genesisTime, members, council);
}

/** From another account than the Rollup's, whose address is planned by its nonce. */
async function challengeOf({ ethers }: Connection, rollup: string, validatorSet: string): Promise<string> {
  const [, other] = await ethers.getSigners();
  const stakeless = { registry: ZeroAddress, token: ZeroAddress, slashAmount: 0, reward: 0, reserve: 0 };
  const challenge = await ethers.deployContract(
    "AggregateChallenge",
    [{ rollup, validatorSet, ...stakeless }],
    other,
  );
  return challenge.target as string;
}

export class RollupDriver {
  readonly connection: Connection;
  readonly rollup: Rollup;
  readonly contracts: Contracts;
  readonly parameters: RollupParameters;
  readonly genesisTime: bigint;
  readonly members: Wallet[];
  readonly council: Wallet;
  readonly genesis: Words7;
  /** Blocks of the pending chain, by number - 1. */
  readonly blocks: Block[] = [];

  constructor(
    connection: Connection,
    contracts: Contracts,
    parameters: RollupParameters,
    genesisTime: bigint,
    members: Wallet[],
    council: Wallet,
  ) {
    this.connection = connection;
    this.contracts = contracts;
    this.rollup = contracts.rollup;
    this.parameters = parameters;
    this.genesisTime = genesisTime;
    this.members = members;
    this.council = council;
    const chainHash = genesisHash(
      31337n,
      this.rollup.target as string,
      parameters.version,
      parameters.genesisRoot,
    );
    this.genesis = [chainHash, 0n, 0n, 0n, 0n, parameters.initialOracle, 0n];
  }

  record(number: bigint | number): Words7 {
    return number == 0 ? this.genesis : this.blocks[Number(number) - 1]!.record;
  }

  get tipRecord(): Words7 {
    return this.record(this.blocks.length);
  }

  /** The next transaction lands in this slot. */
  async toSlot(slot: bigint | number, offset = 1n): Promise<void> {
    const time = this.genesisTime + BigInt(slot) * this.parameters.slotDuration + offset;
    const latest = BigInt(await this.connection.networkHelpers.time.latest());
    await this.connection.networkHelpers.time.setNextBlockTimestamp(time > latest ? time : latest + 1n);
  }

  async currentSlot(): Promise<bigint> {
    const latest = BigInt(await this.connection.networkHelpers.time.latest());
    return latest < this.genesisTime ? -1n : (latest - this.genesisTime) / this.parameters.slotDuration;
  }

  proposerOf(slot: bigint): Wallet {
    return this.members[Number(slot) % this.members.length]!;
  }

  /** Prices of a block of the slot on top of a record. */
  pricesOn(parent: Words7, slot: bigint): GasPrices {
    return pricesAt({ config: this.parameters.fees, parent: feeStateOf(parent), slot: Number(slot) });
  }

  /** L1's fees in the block that has a transaction. One blob a block leaves no excess: blob gas costs one wei. */
  async l1FeesOf(hash: string): Promise<L1Fees> {
    const { provider } = this.connection;
    const ask = (method: string, ...params: unknown[]) =>
      provider.request({ method, params }) as Promise<Record<string, string>>;
    const receipt = await ask("eth_getTransactionReceipt", hash);
    const block = await ask("eth_getBlockByNumber", receipt["blockNumber"], false);
    if (BigInt(block["excessBlobGas"]!) !== 0n) throw new Error("the blob base fee is more than one wei");
    return { base: BigInt(block["baseFeePerGas"]!), blob: 1n };
  }

  /** A valid block for a slot, with full attendance; changed by `changes`. */
  fields(slot: bigint, changes: Partial<BlockFields> = {}): BlockFields {
    return {
      stateRoot: 1000n + slot,
      slot,
      ...this.pricesOn(this.tipRecord, slot),
      gasL2: 30_000n,
      gasDa: 384n,
      messages: 0n,
      modifier: 5n,
      bitmap: (1n << BigInt(this.members.length)) - 1n,
      coinbase: toBeHex(0xc0ffee00000000000000000000000000000000n * 256n + slot, 20),
      signature: [1n, 2n, 3n].map((n) => BigInt(keccak256(words(slot, n)))) as [bigint, bigint, bigint],
      ...changes,
    };
  }

  /** A block with its committee's aggregate, where the members have keys. The chain hash covers all but the signature. */
  protected sign(fields: BlockFields, _chainHash: bigint): BlockFields {
    return fields;
  }

  /** Sends a propose as it stands; no bookkeeping. */
  async sendPropose(
    fields: BlockFields,
    options: { parent?: Words7; sidecars?: Sidecar[]; from?: Wallet } = {},
  ): Promise<{ hash: string; data: string }> {
    const data = this.rollup.interface.encodeFunctionData("propose", [
      options.parent ?? this.tipRecord,
      packBlock(fields),
    ]);
    const blobs = options.sidecars ?? [cachedSidecar(1n, fields.slot)];
    const hash = await this.sendBlobs(options.from ?? this.proposerOf(fields.slot), data, blobs);
    return { hash, data };
  }

  async sendBlobs(from: Wallet, data: string, blobs: Sidecar[]): Promise<string> {
    const { ethers } = this.connection;
    const tx = new Transaction();
    tx.type = blobs.length === 0 ? 2 : 3;
    tx.chainId = 31337n;
    tx.nonce = await ethers.provider.getTransactionCount(from.address);
    tx.to = this.rollup.target as string;
    tx.data = data;
    tx.gasLimit = 1_000_000n;
    tx.maxFeePerGas = 10n ** 11n;
    tx.maxPriorityFeePerGas = 10n ** 9n;
    if (blobs.length !== 0) {
      tx.maxFeePerBlobGas = 10n ** 12n;
      tx.blobs = blobs.map(({ data: bytes, commitment, proof }) => ({
        data: hexlify(bytes),
        commitment: hexlify(commitment),
        proof: hexlify(proof),
      }));
      tx.blobVersionedHashes = blobs.map(({ versionedHash }) => versionedHash);
    }
    tx.signature = from.signingKey.sign(tx.unsignedHash);
    return (await this.connection.provider.request({
      method: "eth_sendRawTransaction",
      params: [tx.serialized],
    })) as string;
  }

  /** Proposes a valid block in a slot and keeps it. */
  async propose(
    slot: bigint | number,
    changes: Partial<BlockFields> = {},
    sidecar: Sidecar = cachedSidecar(1n, BigInt(slot)),
  ): Promise<Block & { hash: string; data: string }> {
    const unsigned = this.fields(BigInt(slot), changes);
    const parent = this.tipRecord;
    const consumed = (parent[3] & 0xffffffffn) + unsigned.messages;
    const messageHash =
      unsigned.messages === 0n ? parent[3] >> 32n : (await this.rollup.inboxWord(consumed)) >> 32n;
    const proposer = this.proposerOf(unsigned.slot).address;
    const recordOf = (block: BlockFields, l1Fees: L1Fees): Words7 =>
      nextRecord({
        parent,
        block,
        versionedHash: sidecar.versionedHash,
        proposer,
        messageHash,
        slotsPerEpoch: this.parameters.slotsPerEpoch,
        fees: this.parameters.fees,
        l1Fees,
      });
    // L1's fees are not part of what is signed.
    const fields = this.sign(unsigned, recordOf(unsigned, { base: 0n, blob: 0n })[0]);
    await this.toSlot(slot);
    const { hash, data } = await this.sendPropose(fields, { parent, sidecars: [sidecar] });
    const l1Fees = await this.l1FeesOf(hash);
    const record = recordOf(fields, l1Fees);
    const block = { number: BigInt(this.blocks.length + 1), record, fields, sidecar, proposer, l1Fees };
    this.blocks.push(block);
    return { ...block, hash, data };
  }

  /** Drops a block and those after it, in the name of the challenge: no aggregate is looked at. */
  async rollBack(number: number): Promise<void> {
    const { networkHelpers, ethers } = this.connection;
    const { aggregateChallenge } = await this.rollup.config();
    await networkHelpers.setBalance(aggregateChallenge, 10n ** 18n);
    await networkHelpers.impersonateAccount(aggregateChallenge);
    const challenge = await ethers.getSigner(aggregateChallenge);
    await this.rollup.connect(challenge).rollBack(number);
    this.rewind(number - 1);
  }

  /** The council pauses at `offset` seconds into a slot. */
  async pause(slot: bigint | number, offset: bigint, duration: bigint): Promise<void> {
    await this.toSlot(slot, offset);
    await this.rollup.connect(this.council).pause(duration);
  }

  /** The next transaction comes this many seconds after genesis. */
  async toSecond(second: bigint): Promise<void> {
    await this.connection.networkHelpers.time.setNextBlockTimestamp(this.genesisTime + second);
  }

  /** Forgets blocks after `number`, as a prune does. */
  rewind(number: number): void {
    this.blocks.length = number;
  }

  /** A valid proof of blocks `first` to `last`, its mock proof made for exactly these public inputs. */
  epochProof(
    first: number,
    last: number,
    options: { withdrawals?: bigint[]; prover?: string } = {},
  ): EpochProofArgs {
    const proven = this.blocks.slice(first - 1, last);
    const end = proven.at(-1)!.record;
    const z = BigInt(keccak256(words(end[0], 0n))) >> 8n;
    const gamma = BigInt(keccak256(words(end[0], 1n))) >> 128n;
    const { y, opening } = openCombined(
      proven.map(({ sidecar }) => sidecar.words),
      z,
      gamma,
    );
    const args: EpochProofArgs = {
      start: this.record(first - 1),
      end,
      next: this.blocks[last]?.record ?? NO_RECORD,
      prover: options.prover ?? this.members[0]!.address,
      z,
      gamma,
      y,
      participation: [0x0304n, (BigInt(proven.length - 1) << 192n) | 0x05n],
      opening,
      points: proven.map(({ sidecar }) => uncompress(sidecar.commitment)),
      coinbaseFees: proven.map(({ fields }, i) =>
        coinbaseFee(fields, this.record(first - 1 + i), this.parameters.fees),
      ),
      withdrawals: options.withdrawals ?? [],
      attestation: [],
      proofs: [],
    };
    args.proofs = [this.mockProof(args)];
    return args;
  }

  /** Keccak of the 13 public inputs. */
  mockProof(args: EpochProofArgs): string {
    return keccak256(words(...this.publicInputs(args)));
  }

  publicInputs(args: EpochProofArgs): bigint[] {
    const { rho, accumulator } = bindWithdrawals(args.end[0], args.withdrawals);
    const limb = (1n << 120n) - 1n;
    return [
      args.start[0] >> 8n,
      args.end[0] >> 8n,
      this.genesis[0] >> 8n,
      BigInt(args.prover),
      args.z,
      args.gamma,
      args.y & limb,
      (args.y >> 120n) & limb,
      args.y >> 240n,
      rho,
      accumulator,
      ...args.participation,
    ];
  }

  /** Everything storage says, to show that a refusal changed nothing. */
  async snapshot(): Promise<string> {
    const tip = await this.rollup.tip();
    const pending = Number(tip & 0xffffffffn);
    const proven = Number((tip >> 32n) & 0xffffffffn);
    const hashes: string[] = [];
    for (let n = proven; n <= pending; ++n) hashes.push(await this.rollup.recordHash(n));
    return [tip, ...hashes].join();
  }

  async fund(holder: string, amount = 10n ** 24n): Promise<void> {
    for (const token of [this.contracts.feeToken, this.contracts.asset]) {
      await (await token.transfer(holder, amount)).wait();
    }
  }

  /** A member of Grumpkin with its tokens approved to both portals. */
  async approve(owner: Wallet): Promise<void> {
    for (const [token, portal] of [
      [this.contracts.feeToken, this.contracts.feePortal],
      [this.contracts.asset, this.contracts.assetPortal],
    ] as const) {
      await (await token.connect(owner).approve(portal.target, 2n ** 255n)).wait();
    }
  }
}

export { hashRecord, positionOf };

export function randomWords(count: number): bigint[] {
  return Array.from({ length: count }, () => BigInt(hexlify(randomBytes(31))));
}

/**
 * The packed words of blocks, records and messages, written once more and independently of `protocol/` and of the
 * contracts: the tests compare all three.
 */
import {
  advanceFees,
  feeParts,
  splitFees,
  type FeeConfig,
  type FeeSplit,
  type FeeState,
} from "../../protocol/fees.ts";
import { AbiCoder, concat, keccak256, sha256, toBeHex, toUtf8Bytes } from "ethers";

export const BN254_R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
const LOW_BYTE = 0xffn;

export type Words7 = [bigint, bigint, bigint, bigint, bigint, bigint, bigint];
export type Words6 = [bigint, bigint, bigint, bigint, bigint, bigint];

export interface BlockFields {
  stateRoot: bigint;
  slot: bigint;
  feePerL2Gas: bigint;
  feePerDaGas: bigint;
  gasL2: bigint;
  gasDa: bigint;
  messages: bigint;
  modifier: bigint;
  bitmap: bigint;
  coinbase: string;
  signature: [bigint, bigint, bigint];
}

export function word(value: bigint): string {
  return toBeHex(value, 32);
}

export function words(...values: bigint[]): string {
  return concat(values.map(word));
}

export function truncated(hash: string): bigint {
  return BigInt(hash) & ~LOW_BYTE;
}

export function genesisHash(chainId: bigint, rollup: string, version: bigint, genesisRoot: bigint): bigint {
  const tag = keccak256(toUtf8Bytes("calpulli.genesis.v1"));
  return truncated(
    sha256(
      AbiCoder.defaultAbiCoder().encode(
        ["bytes32", "uint256", "address", "uint256", "uint256"],
        [tag, chainId, rollup, version, genesisRoot],
      ),
    ),
  );
}

export function packBlock(f: BlockFields): Words6 {
  const claims =
    (f.slot << 224n) |
    (f.feePerL2Gas << 160n) |
    (f.feePerDaGas << 96n) |
    (f.gasL2 << 64n) |
    (f.gasDa << 32n) |
    (f.messages << 16n) |
    (f.modifier & 0xffffn);
  return [f.stateRoot, claims, (f.bitmap << 160n) | BigInt(f.coinbase), ...f.signature];
}

export function hashRecord(record: Words7): string {
  return keccak256(words(...record));
}

export interface NextRecord {
  parent: Words7;
  block: BlockFields;
  versionedHash: string;
  proposer: string;
  /** Rolling hash after the messages this block consumes. */
  messageHash: bigint;
  slotsPerEpoch: bigint;
  fees: FeeConfig;
  l1Fees: L1Fees;
}

/** L1's fees where a block was accepted, in wei. */
export interface L1Fees {
  base: bigint;
  blob: bigint;
}

/** What the fee rules need of a record. */
export function feeStateOf(record: Words7): FeeState {
  const field = (word: bigint, from: bigint, bits: bigint) => (word >> from) & ((1n << bits) - 1n);
  const [position, oracle] = [record[4], record[5]];
  return {
    slot: Number(positionOf(record).slot) as FeeState["slot"],
    excessL2: field(position, 80n, 64n),
    excessDa: field(position, 16n, 64n),
    oracleAge: Number(field(position, 0n, 16n)),
    oracle: {
      price: oracle >> 192n,
      preBase: field(oracle, 144n, 48n),
      preBlob: field(oracle, 96n, 48n),
      postBase: field(oracle, 48n, 48n),
      postBlob: field(oracle, 0n, 48n),
    },
  };
}

/** Fees by destination; the model is `protocol/`'s, which has its own tests against the contract's. */
export function blockFees(f: BlockFields, parent: Words7, config: FeeConfig): FeeSplit {
  const parts = feeParts({ config, parent: feeStateOf(parent), slot: Number(f.slot) });
  return splitFees(parts, { l2: f.gasL2, da: f.gasDa });
}

export function coinbaseFee(f: BlockFields, parent: Words7, config: FeeConfig): bigint {
  const attested = BigInt(f.bitmap.toString(2).replaceAll("0", "").length);
  return (BigInt(f.coinbase) << 96n) | (attested << 80n) | blockFees(f, parent, config).sequencer;
}

export interface EpochWordFields {
  epoch: bigint;
  prover: string;
  timestamp: bigint;
  endRecordHash: string;
  rewardsRoot: string;
  /** As the event has it: with the last bitmap. */
  participation: readonly bigint[];
  seedWord: bigint;
  /** Word of the epoch proven before. */
  previous: string;
}

export function epochWordOf(fields: EpochWordFields): string {
  const { epoch, prover, timestamp, endRecordHash, rewardsRoot, participation, seedWord, previous } = fields;
  const when = word((epoch << 64n) | timestamp);
  const duties = keccak256(concat([when, ...participation.map(word), word(seedWord)]));
  const settlement = keccak256(concat([word(BigInt(prover)), endRecordHash]));
  const payments = keccak256(concat([when, settlement, rewardsRoot]));
  return keccak256(concat([duties, keccak256(concat([payments, previous]))]));
}

/** One more at each position whose bit is set, and one more bitmap. */
export function withLastBitmap([low, high]: readonly [bigint, bigint], bitmap: bigint): [bigint, bigint] {
  if (bitmap === 0n) return [low, high];
  for (let k = 0n; k < 24n; ++k) low += ((bitmap >> k) & 1n) << (8n * k);
  for (let k = 0n; k < 24n; ++k) high += ((bitmap >> (24n + k)) & 1n) << (8n * k);
  return [low, high + (1n << 192n)];
}

export function positionOf(record: Words7): { number: bigint; slot: bigint; bitmap: bigint } {
  return {
    number: record[4] >> 224n,
    slot: (record[4] >> 192n) & 0xffffffffn,
    bitmap: (record[4] >> 144n) & ((1n << 48n) - 1n),
  };
}

export function nextRecord(input: NextRecord): Words7 {
  const { parent, block: f, slotsPerEpoch } = input;
  const position = positionOf(parent);
  const sameEpoch = position.slot / slotsPerEpoch === f.slot / slotsPerEpoch;
  const prices =
    (f.feePerL2Gas << 192n) | (f.feePerDaGas << 128n) | (f.gasL2 << 96n) | (f.gasDa << 64n) | position.bitmap;
  const chainHash = truncated(
    sha256(
      words(parent[0], f.stateRoot, BigInt(input.versionedHash), (input.messageHash << 32n) | f.slot, prices),
    ),
  );
  const witness = keccak256(
    words(
      f.bitmap,
      BigInt(input.proposer),
      ...f.signature,
      ((f.modifier & 0xffffn) << 160n) | BigInt(f.coinbase),
    ),
  );
  const epochHash = keccak256(
    words(sameEpoch ? parent[2] : 0n, BigInt(input.versionedHash), coinbaseFee(f, parent, input.fees)),
  );
  const fees = blockFees(f, parent, input.fees);
  const packedFees = (fees.burned << 160n) | (fees.prover << 80n) | fees.sequencer;
  const next = advanceFees({
    config: input.fees,
    parent: feeStateOf(parent),
    slot: Number(f.slot),
    gas: { l2: f.gasL2, da: f.gasDa },
    modifier: Number(f.modifier),
    l1Fees: input.l1Fees,
  });
  const { price, preBase, preBlob, postBase, postBlob } = next.oracle;
  const feeState = (next.excessL2 << 80n) | (next.excessDa << 16n) | BigInt(next.oracleAge);
  return [
    chainHash,
    BigInt(witness),
    BigInt(epochHash),
    (input.messageHash << 32n) | ((parent[3] & 0xffffffffn) + f.messages),
    ((position.number + 1n) << 224n) | (f.slot << 192n) | (f.bitmap << 144n) | feeState,
    (price << 192n) | (preBase << 144n) | (preBlob << 96n) | (postBase << 48n) | postBlob,
    sameEpoch ? parent[6] + packedFees : packedFees,
  ];
}

export interface MessageFields {
  type: bigint;
  index: bigint;
  /** Nonce of a forced transaction, parity of a deposit's key. */
  second: bigint;
  address: bigint;
  amount: bigint;
  keyOrS: bigint;
  e: bigint;
}

/** 88 bytes. */
export function packMessage(m: MessageFields): string {
  return concat([
    toBeHex(m.type, 1),
    toBeHex(m.index, 3),
    toBeHex(m.second, 4),
    toBeHex(m.address, 20),
    toBeHex(m.amount, 12),
    toBeHex(m.keyOrS, 32),
    toBeHex(m.e, 16),
  ]);
}

export function rollMessage(previous: bigint, message: string): bigint {
  return BigInt(sha256(concat([toBeHex(previous, 28), message]))) >> 32n;
}

/** keccak256(root ‖ count) of a binary tree over the words, padded with zero words. */
export function merkleCommitment(leaves: readonly bigint[]): string {
  const root = merkleLevels(leaves).at(-1)![0]!;
  return keccak256(concat([root, word(BigInt(leaves.length))]));
}

export function merklePath(leaves: readonly bigint[], index: number): string[] {
  return merkleLevels(leaves)
    .slice(0, -1)
    .map((level, depth) => level[(index >> depth) ^ 1]!);
}

function merkleLevels(leaves: readonly bigint[]): string[][] {
  let width = 1;
  while (width < leaves.length) width *= 2;
  const levels = [Array.from({ length: width }, (_, i) => word(leaves[i] ?? 0n))];
  for (let level = levels[0]!; level.length > 1; levels.push(level)) {
    const below = level;
    level = Array.from({ length: below.length / 2 }, (_, i) =>
      keccak256(concat([below[2 * i]!, below[2 * i + 1]!])),
    );
  }
  return levels;
}

export function withdrawalWord(asset: bigint, amount: bigint, recipient: string): bigint {
  return (asset << 255n) | (amount << 160n) | BigInt(recipient);
}

export function bindWithdrawals(
  chainHash: bigint,
  list: readonly bigint[],
): { rho: bigint; accumulator: bigint } {
  const rho = BigInt(keccak256(words(chainHash, ...list))) >> 8n;
  let accumulator = 1n;
  for (const w of list) {
    accumulator = (accumulator * rho + (w >> 128n)) % BN254_R;
    accumulator = (accumulator * rho + (w & ((1n << 128n) - 1n))) % BN254_R;
  }
  return { rho, accumulator };
}

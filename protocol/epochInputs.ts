/**
 * From executed blocks to the inputs of the epoch circuit and the public inputs of its proof.
 *
 * The circuit replays every slot, filled or not; the ledger's steps name the leaves that it reads there. Block slots
 * behind the last block read as blocks full of zeros: leaf 0, unchanged.
 */
import { FpSqrt } from "@noble/curves/abstract/modular.js";

import { EMPTY_ACCOUNT, type Account } from "./account.ts";
import type { Address } from "./address.ts";
import { ProtocolError } from "./errors.ts";
import { BN254_R, reduceToField, ZERO, type Field } from "./field.ts";
import { Grumpkin, recoverPoint, type GrumpkinPoint } from "./grumpkin.ts";
import { truncatedToField, type TruncatedHash } from "./hash.ts";
import { chainHash, type Header } from "./header.ts";
import type { BlockResult, LeafUpdate, MessageStep } from "./ledger.ts";
import { EMPTY_MESSAGE_HASH, isDeposit, messageToUint32s, type Message } from "./message.ts";
import { openBlobs, type Opening, type Product } from "./opening.ts";
import { countParticipation } from "./participation.ts";
import { poseidon2Hash } from "./poseidon2.ts";
import {
  dataHash,
  encodePublicInputs,
  openingChallenge,
  toLimbs,
  type EpochStatement,
} from "./publicInputs.ts";
import type { Sizes } from "./sizes.ts";
import type { Slot } from "./time.ts";
import type { AccountTree, TreePath } from "./tree.ts";
import { encodeWithdrawal } from "./withdrawal.ts";

/** A block with what its execution did. */
export interface ProvenBlock {
  readonly header: Header;
  /** The N usable words of its blob. */
  readonly words: readonly bigint[];
  readonly result: BlockResult;
}

/** Parameters of {@link epochInputs}. */
export interface EpochToProve {
  readonly sizes: Sizes;
  readonly genesisChainHash: TruncatedHash;
  readonly prover: Address;
  /** Header of the block before the epoch; undefined when that is genesis. */
  readonly previous: Header | undefined;
  /** A prefix of the epoch, at least one block. */
  readonly blocks: readonly ProvenBlock[];
  /** Another number gives another {@link blindingPoint}. */
  readonly attempt?: number;
}

/** A value as noir_js takes it: numbers in hexadecimal. */
export type CircuitInput =
  string | boolean | readonly CircuitInput[] | { readonly [field: string]: CircuitInput };

export interface EpochInputs {
  readonly statement: EpochStatement;
  /** In the verifier's order. */
  readonly publicInputs: readonly Field[];
  /** Arguments of the circuit. */
  readonly inputs: { readonly public: CircuitInput; readonly witness: CircuitInput };
}

/**
 * Statement, public inputs and circuit inputs of an epoch proof.
 *
 * @throws {ProtocolError} `wrong-length` for no block, more than the circuit takes, or words of another size.
 */
export function epochInputs(epoch: EpochToProve): EpochInputs {
  const { sizes, genesisChainHash, prover, previous, blocks, attempt = 0 } = epoch;
  const last = lastOf(blocks, sizes);
  const words = blocks.map((block) => block.words);
  const chainHashAfter = chainHash(last.header);
  const challenge = openingChallenge(dataHash(words, sizes), chainHashAfter);
  const opening = openBlobs(padded(words, sizes.blocks, zeroWords(sizes)), challenge);
  const statement: EpochStatement = {
    chainHashBefore: previous ? chainHash(previous) : genesisChainHash,
    chainHashAfter,
    genesisChainHash,
    prover,
    challenge,
    y: opening.y,
    withdrawals: blocks.flatMap(({ result }) => result.withdrawals.map(encodeWithdrawal)),
    participation: countParticipation(blocks.map(({ header }) => header.parentBitmap)),
  };
  const publicInputs = encodePublicInputs(statement);

  const idle = idleBlock(last.result.state, sizes);
  const witness = {
    start: startInput(statement.chainHashBefore, previous),
    blocks: padded(blocks.map(blockInput), sizes.blocks, idle),
    opening: openingInput(opening),
    blinding: { point: point(blindingPoint(chainHashAfter, attempt)) },
  };
  return { statement, publicInputs, inputs: { public: publicInput(publicInputs), witness } };
}

/**
 * A point that nobody could know while keys and transactions of the epoch were still open: it keeps the proof system's
 * incomplete additions from meeting, so that no key can make a block unprovable. Nothing else rests on it. A number of
 * `attempt`s gives as many points, should one of them be unfit by chance.
 */
export function blindingPoint(chainHashAfter: TruncatedHash, attempt: number): GrumpkinPoint {
  const squareRoot = FpSqrt(BN254_R);
  for (let count = 0n; ; count++) {
    const seed = [truncatedToField(chainHashAfter), BLINDING_TAG, BigInt(attempt) as Field, count as Field];
    const x = poseidon2Hash(seed);
    try {
      return { x, y: squareRoot(Grumpkin.Fp, reduceToField(x * x * x - 17n)) as Field };
    } catch {
      // Half of all numbers are no x coordinate.
    }
  }
}

/** "blind" */
const BLINDING_TAG = 0x626c696e64n as Field;

const EMPTY_HEADER: Header = {
  parentChainHash: 0n as TruncatedHash,
  stateRoot: ZERO,
  versionedHash: 0n,
  messageHash: EMPTY_MESSAGE_HASH,
  slot: 0 as Slot,
  prices: { feePerL2Gas: 0n, feePerDaGas: 0n },
  gas: { l2: 0n, da: 0n },
  parentBitmap: 0n,
};

function lastOf(blocks: readonly ProvenBlock[], sizes: Sizes): ProvenBlock {
  const last = blocks.at(-1);
  if (last !== undefined && blocks.length <= sizes.blocks) return last;
  throw new ProtocolError({
    code: "wrong-length",
    message: `a proof takes 1 to ${sizes.blocks} blocks, not ${blocks.length}`,
    remedy: "Prove a prefix of one epoch, with the circuit size of its rollup",
  });
}

function publicInput(values: readonly Field[]): CircuitInput {
  const [before, after, domain, prover, z, gamma, y0, y1, y2, rho, withdrawals, low, high] =
    values.map(number);
  return {
    chain_hash_before: before!,
    chain_hash_after: after!,
    domain: domain!,
    prover: prover!,
    z: z!,
    gamma: gamma!,
    y: [y0!, y1!, y2!],
    rho: rho!,
    withdrawals: withdrawals!,
    participation: [low!, high!],
  };
}

/** A chain hash is seven words and 24 bits; the header that opens it is zeros at genesis. */
function startInput(chainHashBefore: TruncatedHash, previous: Header | undefined): CircuitInput {
  return {
    head: uint32s(chainHashBefore >> 32n, 7),
    tail: number((chainHashBefore >> 8n) & 0xffffffn),
    parent: uint32s(previous?.parentChainHash ?? 0n, 8),
    header: headerInput(previous ?? EMPTY_HEADER),
  };
}

function blockInput({ header, words, result }: ProvenBlock): CircuitInput {
  return {
    active: true,
    header: headerInput(header),
    words: words.map(number),
    messages: result.messages.map(messageInput),
    slots: result.slots.map(({ sender, receiver }) => ({
      sender: leafOf(sender),
      receiver: leafOf(receiver),
    })),
  };
}

function idleBlock(state: AccountTree, sizes: Sizes): CircuitInput {
  const leaf = leafInput(state.get(0), state.path(0));
  const message = { active: false, words: uint32s(0n, EMPTY_MESSAGE.length), key_y: number(0n), leaf };
  return {
    active: false,
    header: headerInput(EMPTY_HEADER),
    words: zeroWords(sizes).map(number),
    messages: Array.from({ length: sizes.messages }, () => message),
    slots: Array.from({ length: sizes.transactions }, () => ({ sender: leaf, receiver: leaf })),
  };
}

const EMPTY_MESSAGE: readonly number[] = new Array<number>(22).fill(0);

function messageInput({ message, update }: MessageStep): CircuitInput {
  const words = message ? messageToUint32s(message) : EMPTY_MESSAGE;
  return {
    active: message !== undefined,
    words: words.map((word) => number(BigInt(word))),
    key_y: number(keyY(message)),
    leaf: leafOf(update),
  };
}

function keyY(message: Message | undefined): bigint {
  if (message === undefined || !isDeposit(message)) return 0n;
  return recoverPoint({ x: message.keyX, parity: message.keyParity }).y;
}

function leafOf({ tree, index, before }: LeafUpdate): CircuitInput {
  return leafInput(before, tree.path(index));
}

function leafInput(
  { key, feeBalance, balance, nonce }: Account = EMPTY_ACCOUNT,
  path: TreePath,
): CircuitInput {
  return {
    account: {
      key_x: number(key.x),
      key_y: number(key.y),
      fee_balance: number(feeBalance),
      balance: number(balance),
      nonce: number(BigInt(nonce)),
    },
    path: { children: path.map((children) => children.map(number)) },
  };
}

function headerInput(header: Header): CircuitInput {
  const { stateRoot, versionedHash, messageHash, slot, prices, gas, parentBitmap } = header;
  return {
    state_root: uint32s(stateRoot, 8),
    versioned_hash: uint32s(versionedHash, 8),
    message_hash: uint32s(messageHash, 7),
    slot: number(BigInt(slot)),
    fee_per_l2_gas: uint32s(prices.feePerL2Gas, 2),
    fee_per_da_gas: uint32s(prices.feePerDaGas, 2),
    gas_l2: number(gas.l2),
    gas_da: number(gas.da),
    parent_bitmap: uint32s(parentBitmap, 2),
  };
}

function openingInput({ powers, weights, evaluations, combinations }: Opening): CircuitInput {
  return {
    powers: powers.map(product),
    weights: weights.map(product),
    evaluations: evaluations.map(product),
    combinations: combinations.map(product),
  };
}

function product({ value, quotient }: Product): CircuitInput {
  return { value: limbs(value), quotient: limbs(quotient) };
}

function limbs(value: bigint): CircuitInput {
  const [low, mid, high] = toLimbs(value);
  return { low: number(low), mid: number(mid), high: number(high) };
}

function point({ x, y }: GrumpkinPoint): CircuitInput {
  return { x: number(x), y: number(y) };
}

/** Big-endian words of 32 bits. */
function uint32s(value: bigint, count: number): CircuitInput {
  return Array.from({ length: count }, (_, k) =>
    number((value >> BigInt(32 * (count - 1 - k))) & 0xffffffffn),
  );
}

function number(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function zeroWords(sizes: Sizes): readonly bigint[] {
  return new Array<bigint>(sizes.words).fill(0n);
}

function padded<T>(items: readonly T[], length: number, filler: T): T[] {
  return Array.from({ length }, (_, i) => items[i] ?? filler);
}

/** Chains of blocks for circuit tests, executed by the ledger of `protocol/`. */
import { toAddress, type Address } from "../../../protocol/address.ts";
import { BLOB_BYTES, decodeBlob } from "../../../protocol/blob.ts";
import { toBytes } from "../../../protocol/bytes.ts";
import { epochInputs, type EpochInputs, type ProvenBlock } from "../../../protocol/epochInputs.ts";
import type { GasPrices } from "../../../protocol/gas.ts";
import { fromLibraryPoint, Grumpkin } from "../../../protocol/grumpkin.ts";
import { keccakText, truncatedToField, type TruncatedHash } from "../../../protocol/hash.ts";
import { chainHash, type Header } from "../../../protocol/header.ts";
import { executeBlock } from "../../../protocol/ledger.ts";
import {
  EMPTY_MESSAGE_HASH,
  forceTransaction,
  MESSAGE_ASSET_DEPOSIT,
  MESSAGE_FEE_DEPOSIT,
  rollMessageHashes,
  type Deposit,
  type ForcedTransaction,
  type Message,
} from "../../../protocol/message.ts";
import { schnorrKeyPair, type KeyPair, type SecretKey } from "../../../protocol/schnorr.ts";
import { SIZES, type Sizes } from "../../../protocol/sizes.ts";
import { toSlot } from "../../../protocol/time.ts";
import {
  encodeTransaction,
  KIND_TRANSFER,
  KIND_WITHDRAW,
  signTransaction,
  type TransactionBody,
  type TransactionWords,
} from "../../../protocol/transaction.ts";
import { AccountTree } from "../../../protocol/tree.ts";

export const PRICES: GasPrices = { feePerL2Gas: 7n, feePerDaGas: 1_000n };
export const PROVER = toAddress("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
export const GENESIS = ((keccakText("circuit tests") >> 8n) << 8n) as TruncatedHash;
export const DOMAIN = truncatedToField(GENESIS);
/** A sender on L1. */
export const DEPOSITOR = toAddress("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");

export interface BlockContent {
  transactions?: readonly TransactionWords[];
  /** The usable words in full, instead of `transactions`. */
  words?: readonly bigint[];
  messages?: readonly Message[];
  prices?: GasPrices;
  parentBitmap?: bigint;
  versionedHash?: bigint;
  /** What the header says instead of what is so. */
  claims?: Partial<Header>;
}

/** A chain that starts at genesis. */
export class TestChain {
  readonly sizes: Sizes;
  state = AccountTree.empty();
  previous: Header | undefined;
  #messageHash = EMPTY_MESSAGE_HASH;
  #slot = 0;

  constructor(sizes: Sizes = SIZES.local) {
    this.sizes = sizes;
  }

  /** Executes a block on top. */
  add(content: BlockContent): ProvenBlock {
    const { messages = [], prices = PRICES, parentBitmap = 0n, claims = {} } = content;
    const words = this.wordsOf(content);
    const data = decodeBlob(blobOf(words), this.sizes);
    const result = executeBlock(this.state, { data, messages, prices, domain: DOMAIN, sizes: this.sizes });
    this.state = result.state;
    this.#messageHash = rollMessageHashes(this.#messageHash, messages);
    this.#slot += 3;
    const header: Header = {
      parentChainHash: this.previous ? chainHash(this.previous) : GENESIS,
      stateRoot: result.state.root(),
      versionedHash: content.versionedHash ?? keccakText(`blob of slot ${this.#slot}`),
      messageHash: this.#messageHash,
      slot: toSlot(this.#slot),
      prices,
      gas: result.gas,
      parentBitmap,
      ...claims,
    };
    this.previous = header;
    return { header, words, result };
  }

  /** Executes blocks as one epoch. */
  epoch(...contents: readonly BlockContent[]): EpochInputs & { blocks: readonly ProvenBlock[] } {
    const previous = this.previous;
    const blocks = contents.map((content) => this.add(content));
    return { ...this.inputs(previous, blocks), blocks };
  }

  /** Of an epoch of blocks that were added on top of `previous`. */
  inputs(previous: Header | undefined, blocks: readonly ProvenBlock[]): EpochInputs {
    const { sizes } = this;
    return epochInputs({ sizes, genesisChainHash: GENESIS, prover: PROVER, previous, blocks });
  }

  /** Makes `state` that after a block which the chain goes on from. */
  start(state: AccountTree): void {
    this.state = state;
    this.previous = { ...new TestChain(this.sizes).add({}).header, stateRoot: state.root() };
  }

  wordsOf({ transactions = [], words }: BlockContent): readonly bigint[] {
    const given = words ?? [BigInt(transactions.length), ...transactions.flat()];
    return [...given, ...new Array<bigint>(this.sizes.words - given.length).fill(0n)];
  }
}

/** The 131,072 bytes of a blob that starts with these words. */
export function blobOf(words: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(BLOB_BYTES);
  for (const [i, word] of words.entries()) bytes.set(toBytes(word, 32), 32 * i);
  return bytes;
}

/** Test user number `index`, who owns the leaf of that number. */
export class User {
  readonly index: number;
  readonly keys: KeyPair;
  nonce = 0;

  constructor(index: number, keys?: KeyPair) {
    this.index = index;
    this.keys = keys ?? schnorrKeyPair(new TextEncoder().encode(`circuit test user ${index}`));
  }

  /** Somebody with a secret key of choice. */
  static withKey(index: number, secretKey: bigint): User {
    const publicKey = fromLibraryPoint(Grumpkin.BASE.multiply(secretKey));
    return new User(index, { secretKey: secretKey as SecretKey, publicKey });
  }

  fees(amount: bigint, changes: Partial<Deposit> = {}): Deposit {
    return { ...this.#deposit(amount), type: MESSAGE_FEE_DEPOSIT, ...changes };
  }

  assets(amount: bigint, changes: Partial<Deposit> = {}): Deposit {
    return { ...this.#deposit(amount), type: MESSAGE_ASSET_DEPOSIT, ...changes };
  }

  /** Takes the next nonce, unless one is given. */
  body(kind: number, to: bigint, amount: bigint, changes: Partial<TransactionBody> = {}): TransactionBody {
    const nonce = changes.nonce ?? this.nonce++;
    const fees = { maxFeePerL2Gas: 10n, maxFeePerDaGas: 2_000n };
    return { kind, from: this.index, to, amount, ...fees, ...changes, nonce };
  }

  sign(body: TransactionBody): TransactionWords {
    return encodeTransaction(signTransaction({ domain: DOMAIN, keyPair: this.keys, body }));
  }

  transfer(to: number, amount: bigint, changes: Partial<TransactionBody> = {}): TransactionWords {
    return this.sign(this.body(KIND_TRANSFER, BigInt(to), amount, changes));
  }

  withdraw(to: Address, amount: bigint, changes: Partial<TransactionBody> = {}): TransactionWords {
    return this.sign(this.body(KIND_WITHDRAW, to, amount, changes));
  }

  force(kind: number, to: bigint, amount: bigint, changes: Partial<TransactionBody> = {}): ForcedTransaction {
    const body = this.body(kind, to, amount, { ...changes, maxFeePerL2Gas: 0n, maxFeePerDaGas: 0n });
    const { signature } = signTransaction({ domain: DOMAIN, keyPair: this.keys, body });
    return forceTransaction({ body, signature });
  }

  #deposit(amount: bigint): Omit<Deposit, "type"> {
    const { x, y } = this.keys.publicKey;
    return { index: this.index, keyX: x, keyParity: Number(y & 1n), amount, sender: DEPOSITOR };
  }
}

/** An epoch that follows another one and has no slot unused: deposits and a forced transaction, good and bad ones. */
export function fullEpoch(): EpochInputs {
  const [alice, bob] = [new User(0), new User(1)];
  const chain = new TestChain();
  chain.add({ messages: [alice.fees(10n ** 9n), alice.assets(1_000n)] });
  chain.add({ messages: [bob.fees(10n ** 9n), bob.assets(1_000n)] });
  const block = (messages: Message[], parentBitmap: bigint): BlockContent => ({
    messages,
    transactions: [
      bob.transfer(0, 1n),
      bob.withdraw(DEPOSITOR, 7n),
      bob.transfer(1, 2n),
      bob.transfer(9, 1n, { nonce: bob.nonce }),
      alice.transfer(1, 0n, { nonce: 0 }),
      bob.transfer(0, 4n),
    ],
    parentBitmap,
  });
  const force = (): Message => alice.force(KIND_TRANSFER, 1n, 3n);
  // The first and the last message are deposits: a forced transaction has no y, and what is given for it is not read.
  return chain.epoch(block([bob.assets(5n), force()], 3n), block([force(), bob.fees(5n)], 9n));
}

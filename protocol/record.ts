/**
 * A block's record: seven words of which the Rollup stores the hash. Callers open it by its preimage.
 *
 *     0   chain hash
 *     1   witness hash
 *     2   epoch hash: rolls over the epoch's blobs and sequencer fees
 *     3   messageHash224 | messageCount32
 *     4   number32 | slot32 | bitmap48 | excessL2 64 | excessDa64 | oracleAge16
 *     5   price64 | preBase48 | preBlob48 | postBase48 | postBlob48
 *     6   spare16 | burned80 | prover80 | sequencer80, of the epoch so far
 */
import type { Address } from "./address.ts";
import { concatBytes, fromBytes, toBytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import type { FeeSplit } from "./fees.ts";
import { keccak256, keccakWords, type TruncatedHash } from "./hash.ts";
import { EMPTY_MESSAGE_HASH, type MessageHash } from "./message.ts";
import { toSlot, type Slot } from "./time.ts";
import { fromInt16, wordLayout } from "./words.ts";

/** L1's fees and the exchange rate, as the record carries them to the next block. */
export interface Oracle {
  /** Fee asset for ether, 64 bits. */
  readonly price: bigint;
  /** Wei, 48 bits each; `pre` until the sample's lag has passed, `post` from then on. */
  readonly preBase: bigint;
  readonly preBlob: bigint;
  readonly postBase: bigint;
  readonly postBlob: bigint;
}

export interface BlockRecord {
  readonly chainHash: TruncatedHash;
  readonly witnessHash: bigint;
  readonly epochHash: bigint;
  readonly messageHash: MessageHash;
  /** Messages consumed since genesis. */
  readonly messageCount: number;
  /** Block number; genesis is 0. */
  readonly number: number;
  readonly slot: Slot;
  /** Who attested the block; 0 for a fallback block. */
  readonly bitmap: bigint;
  readonly excessL2: bigint;
  readonly excessDa: bigint;
  readonly oracleAge: number;
  readonly oracle: Oracle;
  /** Of the epoch, up to and with this block. */
  readonly fees: FeeSplit;
}

export type RecordWords = readonly [bigint, bigint, bigint, bigint, bigint, bigint, bigint];

const WORD_3 = wordLayout("record", { messageHash: 224, messageCount: 32 });
/** Word 4: place in the chain, who attested, and the fee state. */
export const POSITION_WORD = wordLayout("record", {
  number: 32,
  slot: 32,
  bitmap: 48,
  excessL2: 64,
  excessDa: 64,
  oracleAge: 16,
});
/** Word 5: price and L1's fees. */
export const ORACLE_WORD = wordLayout("record", {
  price: 64,
  preBase: 48,
  preBlob: 48,
  postBase: 48,
  postBlob: 48,
});
const WORD_6 = wordLayout("record", { spare: 16, burned: 80, prover: 80, sequencer: 80 });

/** @throws {ProtocolError} `out-of-range` */
export function encodeRecord(record: BlockRecord): RecordWords {
  const { excessL2, excessDa, bitmap } = record;
  return [
    record.chainHash,
    record.witnessHash,
    record.epochHash,
    WORD_3.pack({ messageHash: record.messageHash, messageCount: BigInt(record.messageCount) }),
    POSITION_WORD.pack({
      number: BigInt(record.number),
      slot: BigInt(record.slot),
      bitmap,
      excessL2,
      excessDa,
      oracleAge: BigInt(record.oracleAge),
    }),
    ORACLE_WORD.pack({ ...record.oracle }),
    WORD_6.pack({ spare: 0n, ...record.fees }),
  ];
}

/** @throws {ProtocolError} `wrong-length`; `invalid-record-encoding` for spare bits that are set. */
export function decodeRecord(words: readonly bigint[]): BlockRecord {
  const [chainHash, witnessHash, epochHash, word3, word4, word5, word6] = sevenWords(words);
  const { messageHash, messageCount } = WORD_3.unpack(word3);
  const position = POSITION_WORD.unpack(word4);
  const { spare, ...fees } = WORD_6.unpack(word6);
  if (spare !== 0n) {
    throw new ProtocolError({
      code: "invalid-record-encoding",
      message: "spare bits of the record's fee word are set",
      remedy: "Take records from the Rollup's events",
    });
  }
  return {
    chainHash: chainHash as TruncatedHash,
    witnessHash,
    epochHash,
    messageHash: messageHash as MessageHash,
    messageCount: Number(messageCount),
    number: Number(position.number),
    slot: toSlot(position.slot),
    bitmap: position.bitmap,
    excessL2: position.excessL2,
    excessDa: position.excessDa,
    oracleAge: Number(position.oracleAge),
    oracle: ORACLE_WORD.unpack(word5),
    fees,
  };
}

/** keccak256 of the seven words: what the Rollup stores. */
export function recordHash(record: BlockRecord): bigint {
  return keccakWords(encodeRecord(record));
}

/** Record of block 0. */
export function genesisRecord(chainHash: TruncatedHash, oracle: Oracle): BlockRecord {
  return {
    chainHash,
    witnessHash: 0n,
    epochHash: 0n,
    messageHash: EMPTY_MESSAGE_HASH,
    messageCount: 0,
    number: 0,
    slot: toSlot(0),
    bitmap: 0n,
    excessL2: 0n,
    excessDa: 0n,
    oracleAge: 0,
    oracle,
    fees: { burned: 0n, prover: 0n, sequencer: 0n },
  };
}

/** What a block's witness hash commits to besides the header. */
export interface BlockWitness {
  /** 48 bits. */
  readonly bitmap: bigint;
  readonly proposer: Address;
  /** Aggregate BLS signature, a compressed G2 point of 96 bytes. */
  readonly signature: Uint8Array;
  /** The proposer's step of the exchange rate, signed, 16 bits. */
  readonly modifier: number;
  readonly coinbase: Address;
}

const MODIFIER_COINBASE = wordLayout("witness", { modifier: 16, coinbase: 160 });
const COINBASE_FEE = wordLayout("epoch", { coinbase: 160, attested: 16, sequencerFee: 80 });

/** keccak256(bitmap ‖ proposer ‖ signature ‖ modifier16 | coinbase160). @throws {ProtocolError} `wrong-length` */
export function witnessHash({ bitmap, proposer, signature, modifier, coinbase }: BlockWitness): bigint {
  assertSignature(signature);
  const last = MODIFIER_COINBASE.pack({ modifier: fromInt16(modifier), coinbase });
  return fromBytes(
    keccak256(concatBytes(toBytes(bitmap, 32), toBytes(proposer, 32), signature, toBytes(last, 32))),
  );
}

/** What a block earned its sequencer. */
export interface CoinbaseFee {
  readonly coinbase: Address;
  /** Bits of the block's own bitmap; 0 for a fallback block. */
  readonly attested: number;
  /** Base units, 80 bits. */
  readonly sequencerFee: bigint;
}

/** coinbase160 | attested16 | sequencerFee80. @throws {ProtocolError} `out-of-range` */
export function coinbaseFeeWord({ coinbase, attested, sequencerFee }: CoinbaseFee): bigint {
  return COINBASE_FEE.pack({ coinbase, attested: BigInt(attested), sequencerFee });
}

/** One block's part of an epoch hash. */
export interface EpochHashStep extends CoinbaseFee {
  readonly versionedHash: bigint;
}

/** Epoch hash after one more block; the first block of an epoch starts from 0. */
export function rollEpochHash(previous: bigint, step: EpochHashStep): bigint {
  return keccakWords([previous, step.versionedHash, coinbaseFeeWord(step)]);
}

export function assertSignature(signature: Uint8Array): void {
  if (signature.length === 96) return;
  throw new ProtocolError({
    code: "wrong-length",
    message: `an aggregate signature has 96 bytes, this has ${signature.length}`,
    remedy: "Give the compressed G2 point",
  });
}

function sevenWords(words: readonly bigint[]): RecordWords {
  if (words.length === 7) return words as unknown as RecordWords;
  throw new ProtocolError({
    code: "wrong-length",
    message: `a record has 7 words, this has ${words.length}`,
    remedy: "Take records from the Rollup's events",
  });
}

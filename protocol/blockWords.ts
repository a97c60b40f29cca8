/**
 * A block's own words in the calldata of `propose`; versioned hash, number and message hash are L1's to know.
 *
 *     0      state root
 *     1      slot32 | feePerL2Gas64 | feePerDaGas64 | gasL2 32 | gasDa32 | messages16 | modifier16 (signed)
 *     2      spare48 | bitmap48 | coinbase160
 *     3..5   aggregate BLS signature, a compressed G2 point of 96 bytes
 */
import type { Address } from "./address.ts";
import { fromBytes, wordsToBytes } from "./bytes.ts";
import { ProtocolError } from "./errors.ts";
import { toField, type Field } from "./field.ts";
import type { Gas, GasPrices } from "./gas.ts";
import { assertSignature } from "./record.ts";
import { toSlot, type Slot } from "./time.ts";
import { fromInt16, toInt16, wordLayout } from "./words.ts";

export interface ProposedBlock {
  readonly stateRoot: Field;
  readonly slot: Slot;
  readonly prices: GasPrices;
  /** Charged gas. */
  readonly gas: Gas;
  /** Messages that the block consumes. */
  readonly messages: number;
  /** The proposer's step of the exchange rate, signed, 16 bits. */
  readonly modifier: number;
  readonly bitmap: bigint;
  readonly coinbase: Address;
  /** 96 bytes. */
  readonly signature: Uint8Array;
}

export type BlockWords = readonly [bigint, bigint, bigint, bigint, bigint, bigint];

const WORD_1 = wordLayout("block", {
  slot: 32,
  feePerL2Gas: 64,
  feePerDaGas: 64,
  gasL2: 32,
  gasDa: 32,
  messages: 16,
  modifier: 16,
});
const WORD_2 = wordLayout("block", { spare: 48, bitmap: 48, coinbase: 160 });

/** @throws {ProtocolError} `out-of-range`, `wrong-length` */
export function encodeBlock(block: ProposedBlock): BlockWords {
  assertSignature(block.signature);
  const part = (i: number): bigint => fromBytes(block.signature.subarray(32 * i, 32 * i + 32));
  return [
    block.stateRoot,
    WORD_1.pack({
      slot: BigInt(block.slot),
      ...block.prices,
      gasL2: block.gas.l2,
      gasDa: block.gas.da,
      messages: BigInt(block.messages),
      modifier: fromInt16(block.modifier),
    }),
    WORD_2.pack({ spare: 0n, bitmap: block.bitmap, coinbase: block.coinbase }),
    part(0),
    part(1),
    part(2),
  ];
}

/** @throws {ProtocolError} `wrong-length`, `not-canonical`, or `invalid-record-encoding` for spare bits that are set. */
export function decodeBlock(words: readonly bigint[]): ProposedBlock {
  const [stateRoot, word1, word2, ...signature] = sixWords(words);
  const claims = WORD_1.unpack(word1);
  const { spare, bitmap, coinbase } = WORD_2.unpack(word2);
  if (spare !== 0n) throw invalid("spare bits are set");
  return {
    stateRoot: toField(stateRoot),
    slot: toSlot(claims.slot),
    prices: { feePerL2Gas: claims.feePerL2Gas, feePerDaGas: claims.feePerDaGas },
    gas: { l2: claims.gasL2, da: claims.gasDa },
    messages: Number(claims.messages),
    modifier: toInt16(claims.modifier),
    bitmap,
    coinbase: coinbase as Address,
    signature: wordsToBytes(signature),
  };
}

function sixWords(words: readonly bigint[]): BlockWords {
  if (words.length === 6) return words as unknown as BlockWords;
  throw new ProtocolError({
    code: "wrong-length",
    message: `a proposed block has 6 words, this has ${words.length}`,
    remedy: "Take blocks from the Rollup's events",
  });
}

function invalid(reason: string): ProtocolError {
  return new ProtocolError({
    code: "invalid-record-encoding",
    message: `proposed block is invalid: ${reason}`,
    remedy: "Take blocks from the Rollup's events",
  });
}

/**
 * The header: five words, hashed into the chain of blocks.
 *
 *     0   chain hash of the parent, last byte 0
 *     1   state root, below the BN254 scalar modulus
 *     2   versioned hash of the block's blob
 *     3   messageHash224 | slot32
 *     4   feePerL2Gas64 | feePerDaGas64 | gasL2 32 | gasDa32 | parentBitmap64
 */
import { toField, type Field } from "./field.ts";
import type { Gas, GasPrices } from "./gas.ts";
import { truncatedSha256, type TruncatedHash } from "./hash.ts";
import type { MessageHash } from "./message.ts";
import { toSlot, type Slot } from "./time.ts";
import { wordLayout } from "./words.ts";

export interface Header {
  readonly parentChainHash: TruncatedHash;
  /** Root of the account tree after the block. */
  readonly stateRoot: Field;
  readonly versionedHash: bigint;
  /** The Inbox's rolling hash after the last message consumed. */
  readonly messageHash: MessageHash;
  readonly slot: Slot;
  readonly prices: GasPrices;
  /** Charged gas; 32 bits each. */
  readonly gas: Gas;
  /** Who attested the parent: 48 bits; 0 when the parent is genesis or a fallback block. */
  readonly parentBitmap: bigint;
}

export type HeaderWords = readonly [bigint, bigint, bigint, bigint, bigint];

const WORD_3 = wordLayout("header", { messageHash: 224, slot: 32 });
const WORD_4 = wordLayout("header", {
  feePerL2Gas: 64,
  feePerDaGas: 64,
  gasL2: 32,
  gasDa: 32,
  spare: 16,
  parentBitmap: 48,
});

/** @throws {ProtocolError} `out-of-range` */
export function encodeHeader(header: Header): HeaderWords {
  const { parentChainHash, stateRoot, versionedHash, messageHash, slot, prices, gas, parentBitmap } = header;
  return [
    parentChainHash,
    stateRoot,
    versionedHash,
    WORD_3.pack({ messageHash, slot: BigInt(slot) }),
    WORD_4.pack({ ...prices, gasL2: gas.l2, gasDa: gas.da, spare: 0n, parentBitmap }),
  ];
}

/** @throws {ProtocolError} `not-canonical` for a state root that is no field element. */
export function decodeHeader(words: HeaderWords): Header {
  const { messageHash, slot } = WORD_3.unpack(words[3]);
  const { feePerL2Gas, feePerDaGas, gasL2, gasDa, parentBitmap } = WORD_4.unpack(words[4]);
  return {
    parentChainHash: words[0] as TruncatedHash,
    stateRoot: toField(words[1]),
    versionedHash: words[2],
    messageHash: messageHash as MessageHash,
    slot: toSlot(slot),
    prices: { feePerL2Gas, feePerDaGas },
    gas: { l2: gasL2, da: gasDa },
    parentBitmap,
  };
}

/** Chain hash of the header's block. @throws {ProtocolError} `out-of-range` */
export function chainHash(header: Header): TruncatedHash {
  return truncatedSha256(encodeHeader(header));
}

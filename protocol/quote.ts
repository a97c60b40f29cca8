/** EIP-712 quotes of provers: encoding, signing and verification, as contracts/market/QuoteLib.sol does it. */
import { secp256k1 } from "@noble/curves/secp256k1.js";

import { addressToHex, toAddress, type Address } from "./address.ts";
import {
  bytesToHex,
  concatBytes,
  fromBytes,
  hexToBytes,
  toBytes,
  toHex,
  wordsToBytes,
  type Hex,
} from "./bytes.ts";
import { keccak256, keccakText, keccakWords } from "./hash.ts";
import { toEpoch, type Epoch } from "./time.ts";

/** The market that a quote is for, and the work. */
export interface QuoteDomain {
  /** Version number of the rollup instance; its decimal digits are the EIP-712 version. */
  readonly version: bigint;
  readonly chainId: bigint;
  readonly market: Address;
  readonly rollup: Address;
  /** Verification key hash of the instance's epoch circuit. */
  readonly verifierKeyHash: bigint;
}

/** A prover's offer to prove one epoch. */
export interface Quote {
  readonly prover: Address;
  readonly epoch: Epoch;
  /** Basis points of the epoch's pot. */
  readonly fee: number;
  /** Most that may be reserved as bond, in token units. */
  readonly bond: bigint;
  /** Last second at which it may be claimed with. */
  readonly validUntil: number;
  /** A claim uses it up with all below. */
  readonly nonce: bigint;
}

export interface SignedQuote {
  readonly quote: Quote;
  /** r32 ‖ s32 ‖ v8 of the prover's key, or what its ERC-1271 contract takes. */
  readonly signature: Hex;
}

const FIELDS = [
  { name: "prover", type: "address" },
  { name: "rollup", type: "address" },
  { name: "verifierKeyHash", type: "bytes32" },
  { name: "epoch", type: "uint256" },
  { name: "fee", type: "uint256" },
  { name: "bond", type: "uint256" },
  { name: "validUntil", type: "uint256" },
  { name: "nonce", type: "uint256" },
] as const;

const DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const NAME = "Calpulli Proof Market";
const TYPE_HASH = keccakText(`Quote(${FIELDS.map(({ type, name }) => `${type} ${name}`).join(",")})`);
const HALF_ORDER = secp256k1.Point.Fn.ORDER >> 1n;
const PREFIX = Uint8Array.of(0x19, 0x01);

/** The domain separator as the market stores it. Worth keeping when many quotes are checked. */
export function quoteDomainSeparator({ version, chainId, market }: QuoteDomain): bigint {
  return keccakWords([
    keccakText(DOMAIN_TYPE),
    keccakText(NAME),
    keccakText(version.toString()),
    chainId,
    market,
  ]);
}

/** Parameters of {@link quoteDigest}. */
export interface QuoteDigestRequest {
  readonly domain: QuoteDomain;
  readonly quote: Quote;
  /** {@link quoteDomainSeparator} of the domain, computed when left out. */
  readonly separator?: bigint;
}

/** The 32 bytes that are signed. */
export function quoteDigest({ domain, quote, separator }: QuoteDigestRequest): Uint8Array {
  const structHash = keccakWords([
    TYPE_HASH,
    quote.prover,
    domain.rollup,
    domain.verifierKeyHash,
    BigInt(quote.epoch),
    BigInt(quote.fee),
    quote.bond,
    BigInt(quote.validUntil),
    quote.nonce,
  ]);
  return keccak256(
    concatBytes(PREFIX, wordsToBytes([separator ?? quoteDomainSeparator(domain), structHash])),
  );
}

/** The same in the form that wallets and L1 libraries take. */
export function quoteTypedData({ domain, quote }: QuoteDigestRequest): {
  domain: { name: string; version: string; chainId: bigint; verifyingContract: Hex };
  types: Record<string, { name: string; type: string }[]>;
  message: Record<string, unknown>;
} {
  return {
    domain: {
      name: NAME,
      version: domain.version.toString(),
      chainId: domain.chainId,
      verifyingContract: addressToHex(domain.market),
    },
    types: { Quote: FIELDS.map((field) => ({ ...field })) },
    message: {
      prover: addressToHex(quote.prover),
      rollup: addressToHex(domain.rollup),
      verifierKeyHash: toHex(domain.verifierKeyHash),
      epoch: BigInt(quote.epoch),
      fee: BigInt(quote.fee),
      bond: quote.bond,
      validUntil: BigInt(quote.validUntil),
      nonce: quote.nonce,
    },
  };
}

/** Signs with a secp256k1 key of 32 bytes. */
export function signQuote({
  domain,
  quote,
  key,
}: {
  domain: QuoteDomain;
  quote: Quote;
  key: Uint8Array;
}): SignedQuote {
  const bytes = secp256k1.sign(quoteDigest({ domain, quote }), key, { prehash: false, format: "recovered" });
  // noble puts the recovery bit first, Ethereum last and from 27.
  return {
    quote,
    signature: toHex(fromBytes(concatBytes(bytes.slice(1), Uint8Array.of(27 + bytes[0]!))), 65),
  };
}

/** Address of a secp256k1 key. */
export function addressOfKey(key: Uint8Array): Address {
  return addressOfPoint(secp256k1.getPublicKey(key, false));
}

/**
 * Signer of a quote; undefined when the signature is none, or the higher one of two. A contract's quote is signed by no
 * key: ask the contract.
 */
export function recoverQuoteSigner({
  signature,
  ...request
}: QuoteDigestRequest & { signature: Hex }): Address | undefined {
  if (signature.length !== 132) return undefined;
  const bytes = toBytes(BigInt(signature), 65);
  const v = bytes[64]!;
  if ((v !== 27 && v !== 28) || fromBytes(bytes.slice(32, 64)) > HALF_ORDER) return undefined;
  const recovered = concatBytes(Uint8Array.of(v - 27), bytes.slice(0, 64));
  try {
    const point = secp256k1.recoverPublicKey(recovered, quoteDigest(request), { prehash: false });
    return addressOfPoint(secp256k1.Point.fromBytes(point).toBytes(false));
  } catch {
    return undefined;
  }
}

/** Longest signature that is passed on: a key's has 65 bytes, a contract may take more. */
export const MAX_QUOTE_SIGNATURE = 1_024;
const FIXED = 20 + 4 + 2 + 12 + 5 + 8;
export const MAX_QUOTE_BYTES = FIXED + MAX_QUOTE_SIGNATURE;

/** A signed quote as peers send it: prover20 ‖ epoch4 ‖ fee2 ‖ bond12 ‖ validUntil5 ‖ nonce8 ‖ signature. */
export function encodeQuote({ quote, signature }: SignedQuote): Uint8Array {
  return concatBytes(
    toBytes(quote.prover, 20),
    toBytes(BigInt(quote.epoch), 4),
    toBytes(BigInt(quote.fee), 2),
    toBytes(quote.bond, 12),
    toBytes(BigInt(quote.validUntil), 5),
    toBytes(quote.nonce, 8),
    hexToBytes(signature),
  );
}

/** The quote of {@link encodeQuote}; undefined for bytes that are none. */
export function decodeQuote(bytes: Uint8Array): SignedQuote | undefined {
  if (bytes.length < FIXED || bytes.length > MAX_QUOTE_BYTES) return undefined;
  let at = 0;
  const take = (length: number): bigint => fromBytes(bytes.slice(at, (at += length)));
  const quote: Quote = {
    prover: toAddress(take(20)),
    epoch: toEpoch(Number(take(4))),
    fee: Number(take(2)),
    bond: take(12),
    validUntil: Number(take(5)),
    nonce: take(8),
  };
  return { quote, signature: bytesToHex(bytes.slice(FIXED)) };
}

function addressOfPoint(uncompressed: Uint8Array): Address {
  return toAddress(fromBytes(keccak256(uncompressed.slice(1)).slice(12)));
}

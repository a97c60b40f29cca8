/**
 * Checks signatures of quotes, with libsecp256k1: a node in the gossip of many provers checks thousands. What was checked
 * is remembered for a while, since the same quote arrives by gossip and by HTTP.
 */
import { createRequire } from "node:module";

import { type Address, toAddress } from "../../protocol/address.ts";
import { fromBytes, hexToBytes } from "../../protocol/bytes.ts";
import { keccak256 } from "../../protocol/hash.ts";
import {
  quoteDigest,
  quoteDomainSeparator,
  type QuoteDomain,
  type SignedQuote,
} from "../../protocol/quote.ts";

/** What is used of the package, which brings no types. */
interface Secp256k1 {
  ecdsaRecover(signature: Uint8Array, recovery: number, digest: Uint8Array, compressed: boolean): Uint8Array;
  signatureNormalize(signature: Uint8Array): Uint8Array;
}
const secp256k1 = createRequire(import.meta.url)("secp256k1") as Secp256k1;

/** Asks a prover that is a contract (ERC-1271) whether a signature is its own. */
export type ContractSignatureCheck = (
  prover: Address,
  digest: Uint8Array,
  signature: Uint8Array,
) => Promise<boolean>;

/** Parameters of {@link QuoteVerifier}. */
export interface QuoteVerifierOptions {
  domain: QuoteDomain;
  /** Without it contracts' quotes count as badly signed. */
  contract?: ContractSignatureCheck;
  /** Verdicts remembered. Default 4,096. */
  remembered?: number;
}

export class QuoteVerifier {
  readonly domain: QuoteDomain;
  readonly #separator: bigint;
  readonly #contract: ContractSignatureCheck | undefined;
  readonly #remembered: number;
  readonly #verdicts = new Map<string, boolean>();

  constructor({ domain, contract, remembered = 4_096 }: QuoteVerifierOptions) {
    this.domain = domain;
    this.#separator = quoteDomainSeparator(domain);
    this.#contract = contract;
    this.#remembered = remembered;
  }

  /** True when the quote is signed by its prover, for this market. */
  async verify({ quote, signature }: SignedQuote): Promise<boolean> {
    const digest = quoteDigest({ domain: this.domain, quote, separator: this.#separator });
    const key = `${quote.prover} ${Buffer.from(digest).toString("base64")} ${signature}`;
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;

    const bytes = hexToBytes(signature);
    const valid = recover(digest, bytes) === quote.prover;
    // A contract's answer may change: it is not remembered.
    if (!valid && this.#contract) return this.#contract(quote.prover, digest, bytes);
    if (this.#verdicts.size >= this.#remembered) this.#verdicts.delete(this.#verdicts.keys().next().value!);
    this.#verdicts.set(key, valid);
    return valid;
  }
}

function recover(digest: Uint8Array, signature: Uint8Array): Address | undefined {
  const v = signature[64];
  if (signature.length !== 65 || (v !== 27 && v !== 28)) return undefined;
  const compact = signature.slice(0, 64);
  try {
    // The market takes only the lower of the two values of s.
    if (!equal(secp256k1.signatureNormalize(compact.slice()), compact)) return undefined;
    const point = secp256k1.ecdsaRecover(compact, v - 27, digest, false);
    return toAddress(fromBytes(keccak256(point.slice(1)).slice(12)));
  } catch {
    return undefined;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

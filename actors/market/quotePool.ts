/**
 * The quotes a process knows of, by epoch: only such as the market would take. A quote is checked on arrival, cheap
 * checks first, and again when it is used, since accounts and time move on.
 */
import type { Address } from "../../protocol/address.ts";
import { bondOf, type MarketParameters } from "../../protocol/market.ts";
import type { SignedQuote } from "../../protocol/quote.ts";
import type { QuoteVerifier } from "./quoteVerifier.ts";

/** What the market knows of a prover. */
export interface ProverAccount {
  /** Free, or on its way out: what a claim can take. */
  readonly available: bigint;
  /** Lowest nonce that is valid. */
  readonly nonce: bigint;
  /** False on a permissioned network for a prover that is not listed. */
  readonly mayClaim: boolean;
}

/** The market as the process has it from L1. */
export interface MarketView {
  readonly parameters: MarketParameters;
  /** L1 seconds. */
  now(): number;
  /** The oldest epoch that is not proven, or the running one. */
  oldestEpoch(): number;
  account(prover: Address): ProverAccount;
  /** Largest pot of an epoch, once its end is known. */
  pot(epoch: number): bigint | undefined;
}

/** Why a quote did not get in. */
export type QuoteRefusal =
  /** For an epoch that is over, or too far ahead. */
  | "epoch"
  | "expired"
  /** Valid for longer than the pool looks ahead. */
  | "tooLong"
  | "nonce"
  | "fee"
  | "bond"
  | "notListed"
  | "signature"
  /** Not cheaper than what the prover has in the pool for the epoch. */
  | "notBetter"
  /** The pool holds enough cheaper ones. */
  | "full";

export type QuoteResult = { added: true } | { added: false; reason: QuoteRefusal };

/** Parameters of {@link QuotePool}. */
export interface QuotePoolOptions {
  view: MarketView;
  verifier: QuoteVerifier;
  /** Epochs after the oldest for which quotes are kept. Default 8. */
  epochsAhead?: number;
  /** Quotes kept for an epoch. Default 64. */
  perEpoch?: number;
  /** Most seconds that a quote may be valid for. Default one day. */
  longest?: number;
}

export class QuotePool {
  readonly #options: Required<QuotePoolOptions>;
  /** By epoch, then prover: one quote each. */
  readonly #quotes = new Map<number, Map<Address, SignedQuote>>();

  constructor(options: QuotePoolOptions) {
    this.#options = { epochsAhead: 8, perEpoch: 64, longest: 86_400, ...options };
  }

  /** Takes a quote that the market would take; replaces the prover's own only by a cheaper one. */
  async add(signed: SignedQuote): Promise<QuoteResult> {
    const { view, verifier, epochsAhead, longest } = this.#options;
    const { quote } = signed;
    this.#forgetOld();
    const oldest = view.oldestEpoch();
    if (quote.epoch < oldest || quote.epoch > oldest + epochsAhead) return refused("epoch");
    if (quote.validUntil > view.now() + longest) return refused("tooLong");
    const fault = this.#faultOf(signed) ?? this.#rankFault(signed);
    if (fault) return refused(fault);
    if (!(await verifier.verify(signed))) return refused("signature");

    // The world may have changed while the signature was checked.
    const late = this.#faultOf(signed) ?? this.#rankFault(signed);
    if (late) return refused(late);
    const all = this.#quotes.get(quote.epoch) ?? new Map<Address, SignedQuote>();
    this.#quotes.set(quote.epoch, all.set(quote.prover, signed));
    if (all.size > this.#options.perEpoch) all.delete(this.#sorted(all).at(-1)!.quote.prover);
    return { added: true };
  }

  /** Valid quotes of an epoch, cheapest first; of equal ones the one with more bond on offer, then the lower address. */
  quotes(epoch: number): SignedQuote[] {
    const all = this.#quotes.get(epoch);
    if (!all) return [];
    for (const [prover, signed] of all) if (this.#faultOf(signed)) all.delete(prover);
    return this.#sorted(all);
  }

  /** The cheapest valid quote of an epoch at or under a fee. */
  best(epoch: number, most = 10_000): SignedQuote | undefined {
    const [first] = this.quotes(epoch);
    return first && first.quote.fee <= most ? first : undefined;
  }

  get size(): number {
    let size = 0;
    for (const all of this.#quotes.values()) size += all.size;
    return size;
  }

  #faultOf({ quote }: SignedQuote): QuoteRefusal | undefined {
    const { view } = this.#options;
    const { parameters } = view;
    if (quote.validUntil < view.now()) return "expired";
    if (BigInt(quote.fee) > parameters.reserveMax) return "fee";
    const account = view.account(quote.prover);
    if (!account.mayClaim) return "notListed";
    if (quote.nonce < account.nonce) return "nonce";
    // Before the epoch's end its pot is not known: the floor must do.
    const pot = view.pot(quote.epoch);
    const bond = pot === undefined ? parameters.bondFloor : bondOf(parameters, pot);
    if (bond > quote.bond || bond > account.available) return "bond";
    return undefined;
  }

  /** A prover cannot fill the pool by itself, nor flood it with steps too small to matter. */
  #rankFault({ quote }: SignedQuote): QuoteRefusal | undefined {
    const all = this.#quotes.get(quote.epoch);
    const own = all?.get(quote.prover);
    const step = Number(this.#options.view.parameters.improvementStep);
    if (own && !this.#faultOf(own) && quote.fee > own.quote.fee - step) return "notBetter";
    if (all && !own && all.size >= this.#options.perEpoch) {
      const dearest = this.#sorted(all).at(-1)!;
      if (quote.fee >= dearest.quote.fee) return "full";
    }
    return undefined;
  }

  #sorted(all: ReadonlyMap<Address, SignedQuote>): SignedQuote[] {
    return [...all.values()].sort(
      (a, b) =>
        a.quote.fee - b.quote.fee ||
        Number(b.quote.bond - a.quote.bond) ||
        (a.quote.prover < b.quote.prover ? -1 : 1),
    );
  }

  #forgetOld(): void {
    const oldest = this.#options.view.oldestEpoch();
    for (const epoch of this.#quotes.keys()) if (epoch < oldest) this.#quotes.delete(epoch);
  }
}

function refused(reason: QuoteRefusal): QuoteResult {
  return { added: false, reason };
}

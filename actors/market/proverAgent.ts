/**
 * A prover's decisions in the market, all derived from the chain: what it owes, what it may promise, what it should prove
 * next. It remembers nothing of what it sent: a claim that landed although its answer was lost is owed like any other.
 */
import type { Address } from "../../protocol/address.ts";
import {
  bondOf,
  largestPot,
  payOf,
  reserveAt,
  rescueShareOf,
  type MarketParameters,
} from "../../protocol/market.ts";
import { type QuoteDomain, signQuote, type SignedQuote } from "../../protocol/quote.ts";
import { toEpoch } from "../../protocol/time.ts";
import { type CostModel, costOf, type PricingSituation, type PricingStrategy } from "./pricing.ts";
import type { WorkSchedule } from "./workSchedule.ts";

/** An epoch as L1 shows it. Times in L1 seconds. */
export interface SeenEpoch {
  readonly epoch: number;
  readonly blocks: number;
  readonly proverFees: bigint;
  /** No further block can join it. */
  readonly complete: boolean;
  /** Set when its turn came; undefined for later epochs. */
  readonly since: number | undefined;
  readonly claim:
    | {
        readonly prover: Address;
        readonly fee: number;
        readonly claimedAt: number;
        readonly exclusiveUntil: number;
        readonly bond: bigint;
      }
    | undefined;
}

/** What the chain says now. */
export interface SeenMarket {
  readonly now: number;
  /** Unproven epochs, the oldest first. */
  readonly epochs: readonly SeenEpoch[];
  readonly account: { readonly available: bigint; readonly nonce: bigint };
  /** Token units a unit of L1 gas. */
  readonly gasPrice: bigint;
  /** Cheapest quote of another prover, by epoch. */
  readonly cheapestOther: (epoch: number) => number | undefined;
  /** Who proved an epoch that is no longer unproven; undefined when it was pruned. Absent: what is gone was delivered. */
  readonly provenBy?: (epoch: number) => Address | undefined;
}

/** Parameters of {@link ProverAgent}. */
export interface ProverAgentOptions {
  key: Uint8Array;
  prover: Address;
  domain: QuoteDomain;
  parameters: MarketParameters;
  model: CostModel;
  strategy: PricingStrategy;
  schedule: WorkSchedule;
  /** Seconds that a quote is valid for. */
  quoteSeconds: number;
}

/** What to prove next, and why. */
export type Assignment =
  /** Its own claim. */
  | { epoch: number; reason: "claim" }
  /** Nobody has it, and the reserve pays. */
  | { epoch: number; reason: "race"; pay: bigint }
  /** Its claimant defaulted: the reserve and a share of the bond pay. */
  | { epoch: number; reason: "rescue"; pay: bigint };

export class ProverAgent {
  readonly #options: ProverAgentOptions;
  /** Claims that were seen as own, by epoch. */
  readonly #owed = new Map<number, number>();

  constructor(options: ProverAgentOptions) {
    this.#options = options;
  }

  /** Brings the schedule in line with the chain. Call it with every head, before anything else. */
  observe(market: SeenMarket): void {
    const { prover, parameters, schedule } = this.#options;
    const seen = new Map(market.epochs.map((epoch) => [epoch.epoch, epoch]));
    for (const { epoch, blocks, claim } of market.epochs) {
      if (claim?.prover !== prover || this.#owed.has(epoch)) continue;
      this.#owed.set(epoch, claim.exclusiveUntil);
      schedule.take({ epoch, blocks, deadline: claim.exclusiveUntil });
    }
    for (const [epoch, deadline] of this.#owed) {
      const claim = seen.get(epoch)?.claim;
      const isLate = market.now > deadline + Number(parameters.grace);
      if (seen.has(epoch) && claim?.prover === prover && !isLate) continue;
      this.#owed.delete(epoch);
      if (!seen.has(epoch)) this.#end(epoch, market.now > deadline, market);
      else if (claim?.prover === prover) schedule.fail(epoch);
      // Outbid, or released.
      else schedule.drop(epoch);
    }
  }

  /** An owed epoch is no longer unproven: delivered, proven by another after or within the own time, or pruned. */
  #end(epoch: number, isLate: boolean, { provenBy }: SeenMarket): void {
    const { prover, schedule } = this.#options;
    if (!provenBy || provenBy(epoch) === prover) schedule.succeed(epoch);
    else if (isLate) schedule.fail(epoch);
    else schedule.drop(epoch);
  }

  /** Quotes to publish: for the epochs it could finish on top of what it owes, at its strategy's price. */
  quotes(market: SeenMarket): SignedQuote[] {
    const { key, prover, domain, parameters, schedule, strategy, quoteSeconds } = this.#options;
    const quotes: SignedQuote[] = [];
    let nonce = market.account.nonce;
    for (const seen of market.epochs) {
      if (seen.claim && market.now > seen.claim.claimedAt + Number(parameters.improvementWindow)) continue;
      if (seen.claim?.prover === prover) continue;
      const deadline = market.now + Number(parameters.improvementWindow + parameters.exclusivePeriod);
      if (!schedule.canTake({ epoch: seen.epoch, blocks: seen.blocks, deadline })) continue;
      const situation = this.#situation(seen, market);
      if (situation.bond > market.account.available) continue;
      const fee = strategy.price(situation);
      if (fee === undefined || BigInt(fee) > parameters.reserveMax) continue;
      const quote = {
        prover,
        epoch: toEpoch(seen.epoch),
        fee,
        bond: situation.bond,
        validUntil: market.now + quoteSeconds,
        nonce: nonce++,
      };
      quotes.push(signQuote({ domain, quote, key }));
    }
    return quotes;
  }

  /** What to prove now: what is owed first, by deadline; then a rescue or a race of the oldest epoch that pays its cost. */
  assignment(market: SeenMarket): Assignment | undefined {
    const { model, parameters, prover, schedule } = this.#options;
    const owed = schedule.next();
    if (owed) return { epoch: owed.epoch, reason: "claim" };
    const [oldest] = market.epochs;
    if (!oldest?.complete) return undefined;

    const { claim } = oldest;
    const isExclusive = claim !== undefined && market.now <= claim.exclusiveUntil;
    if (isExclusive && claim.prover !== prover) return undefined;
    const situation = this.#situation(oldest, market);
    const reserve = reserveAt({ parameters, since: oldest.since, time: market.now });
    const share = claim ? rescueShareOf(parameters, claim.bond) : 0n;
    const pay = payOf(situation.pot, reserve) + share;
    if (pay < costOf(model, { ...situation, bond: 0n })) return undefined;
    return { epoch: oldest.epoch, reason: claim ? "rescue" : "race", pay };
  }

  #situation(seen: SeenEpoch, market: SeenMarket): PricingSituation {
    const { parameters, schedule } = this.#options;
    const pot = largestPot(parameters, { proverFees: seen.proverFees, blocks: BigInt(seen.blocks) });
    return {
      blocks: seen.blocks,
      pot,
      bond: bondOf(parameters, pot),
      gasPrice: market.gasPrice,
      load: schedule.load,
      cheapestOther: market.cheapestOther(seen.epoch),
    };
  }
}

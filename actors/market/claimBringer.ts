/** Brings quotes to the market, and ends claims: what anyone may do, each asked first whether it is possible. */
import { addressToHex } from "../../protocol/address.ts";
import type { SignedQuote } from "../../protocol/quote.ts";
import type { L1Account } from "../l1/l1Account.ts";
import { type EpochStatus, MarketContract, type MarketContractOptions } from "./marketContract.ts";
import { MarketError } from "./marketError.ts";

/** Parameters of {@link ClaimBringer}. */
export interface ClaimBringerOptions extends MarketContractOptions {
  deployment: MarketContractOptions["deployment"] & { epochSlots: number };
  account: L1Account;
}

/** A transaction that L1 took. */
export interface MarketSent {
  hash: string;
  gasUsed: bigint;
}

/** An epoch after one of its transactions. */
export interface ClaimSent extends MarketSent {
  claim: EpochStatus;
}

export class ClaimBringer {
  readonly market: MarketContract;
  readonly #options: ClaimBringerOptions;

  /** @throws MarketError NO_MARKET */
  constructor(options: ClaimBringerOptions) {
    this.#options = options;
    this.market = new MarketContract(options);
  }

  /**
   * Claims the oldest unproven epoch with the first quote, the cheapest.
   * @throws MarketError NOTHING_TO_PROVE, EPOCH_NOT_COMPLETE, NO_QUOTE; RevertError with the market's reason
   */
  async claim(quotes: readonly SignedQuote[]): Promise<ClaimSent> {
    const { epoch } = await this.market.oldestEpoch();
    const [best] = quotes.filter(({ quote }) => quote.epoch === epoch);
    if (!best) {
      throw new MarketError("NO_QUOTE", `no quote is for epoch ${epoch}`, "ask for some with market:quote");
    }
    const { end, next } = await this.market.endOf(epoch, this.#options.deployment.epochSlots);
    const { quote, signature } = best;
    return this.#send("claim", epoch, [
      { ...quote, prover: addressToHex(quote.prover) },
      signature,
      end,
      next,
      await this.market.predecessor(),
    ]);
  }

  /** Forfeits a defaulted claim's bond; `burn` burns it. @throws MarketError NO_CLAIM, NOT_SLASHABLE */
  async slash(epoch: number): Promise<ClaimSent> {
    const claim = await this.market.epoch(epoch);
    if (!claim || (claim.stage !== "claimed" && claim.stage !== "defaulted")) {
      throw new MarketError("NO_CLAIM", `no claim of epoch ${epoch} is to be ended`, "see market:status");
    }
    const { grace } = await this.market.parameters();
    const from = claim.stage === "claimed" ? claim.exclusiveUntil + Number(grace) + 1 : claim.deadline;
    const { timestamp } = (await this.#options.provider.getBlock("latest"))!;
    if (timestamp < from) {
      throw new MarketError(
        "NOT_SLASHABLE",
        `the claim of epoch ${epoch} cannot be slashed before ${new Date(from * 1_000).toISOString()}`,
        "come back then",
      );
    }
    return this.#send("slash", epoch, [epoch, await this.market.ringWord(epoch)]);
  }

  /** Burns all forfeited bonds. @throws RevertError when there are none */
  burn(): Promise<MarketSent> {
    return this.#call("burn", []);
  }

  /** Spends a proven epoch's pot. @throws MarketError NOT_PROVEN; RevertError with the reason */
  async settle(epoch: number): Promise<MarketSent> {
    return this.#call("settle", [await this.market.opening(epoch)]);
  }

  async #send(method: string, epoch: number, values: readonly unknown[]): Promise<ClaimSent> {
    return { ...(await this.#call(method, values)), claim: (await this.market.epoch(epoch))! };
  }

  async #call(method: string, values: readonly unknown[]): Promise<MarketSent> {
    const data = this.market.encode(method, values);
    const { hash, receipt } = await this.#options.account.send({
      purpose: method,
      to: this.market.address,
      data,
    });
    return { hash, gasUsed: receipt.gasUsed };
  }
}

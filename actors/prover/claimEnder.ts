/**
 * Ends claims that no settlement ends: the prover's own when it cannot help that they failed, which frees its bond, and
 * anybody's whose epoch was never proven, which must not stand in a later epoch's way. A default that somebody rescues is
 * left alone: the rescue's settlement splits its bond.
 */
import { type Address, addressToHex } from "../../protocol/address.ts";
import { type L1Account, RevertError } from "../l1/l1Account.ts";
import type { MarketContract } from "../market/marketContract.ts";
import type { MarketState } from "../market/marketReducer.ts";
import { ActorError, messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";

/** Parameters of {@link ClaimEnder}. */
export interface ClaimEnderOptions {
  market: Pick<MarketContract, "address" | "ringWord" | "encode">;
  account: Pick<L1Account, "send">;
  prover: Address;
  /** Whether an epoch is proven. */
  isProven: (epoch: number) => boolean;
  /** Hash of a pending block's record; undefined when there is none. */
  recordHash: (number: number) => string | undefined;
  /** L1 seconds after a refusal until it asks again. */
  retrySeconds: number;
  logger: Logger;
}

/** A call that ends a claim, if the market takes it. */
export interface ClaimEnd {
  method: "release" | "slash";
  epoch: number;
}

/** What could be ended now. A refusal costs nothing: whoever sends asks for the gas first. */
export function endsOf(
  state: Pick<MarketState, "epochs">,
  now: number,
  { prover, isProven, recordHash }: Pick<ClaimEnderOptions, "prover" | "isProven" | "recordHash">,
): ClaimEnd[] {
  const ends: ClaimEnd[] = [];
  const self = addressToHex(prover).toLowerCase();
  for (const [number, claim] of state.epochs) {
    const epoch = Number(number);
    const isLive = claim.stage === "claimed" || claim.stage === "defaulted";
    if (!isLive || isProven(epoch)) continue;
    if (claim.stage === "claimed" && claim.prover.toLowerCase() === self) {
      // Its last block is gone, or a pause may have met its exclusive time.
      const isGone = recordHash(Number(claim.endNumber)) !== claim.endRecordHash;
      if (isGone || now > claim.exclusiveUntil) ends.push({ method: "release", epoch });
    }
    if (now >= claim.deadline) ends.push({ method: "slash", epoch });
  }
  return ends;
}

export class ClaimEnder {
  readonly #options: ClaimEnderOptions;
  /** L1 time before which a call is not tried again. */
  readonly #notBefore = new Map<string, number>();
  #running: Promise<void> | undefined;

  constructor(options: ClaimEnderOptions) {
    this.#options = options;
  }

  /** Ends what it can, unless it is still at it. */
  look(at: { state: Pick<MarketState, "epochs">; now: number; signal: AbortSignal }): void {
    this.#running ??= this.#end(at)
      .catch((error: unknown) => this.#options.logger.warn({ error: messageOf(error) }, "no claim ended"))
      .finally(() => (this.#running = undefined));
  }

  async stop(): Promise<void> {
    await this.#running;
  }

  async #end({ state, now, signal }: Parameters<ClaimEnder["look"]>[0]): Promise<void> {
    for (const [key, time] of this.#notBefore) if (time <= now) this.#notBefore.delete(key);
    for (const { method, epoch } of endsOf(state, now, this.#options)) {
      const purpose = `${method}-${epoch}`;
      if (signal.aborted) return;
      if (this.#notBefore.has(purpose)) continue;
      this.#notBefore.set(purpose, now + this.#options.retrySeconds);
      await this.#try(purpose, method, epoch, signal);
    }
  }

  async #try(purpose: string, method: ClaimEnd["method"], epoch: number, signal: AbortSignal): Promise<void> {
    const { market, account, logger } = this.#options;
    try {
      const data = market.encode(method, [epoch, await market.ringWord(epoch)]);
      await account.send({ purpose, to: market.address, data, signal });
      logger.info({ epoch }, method === "release" ? "claim released" : "claim of a lost epoch slashed");
    } catch (error) {
      if (!(error instanceof ActorError)) throw error;
      const reason = error instanceof RevertError ? error.contractError?.text : error.message;
      logger.debug({ epoch, reason }, `${method} not possible`);
    }
  }
}

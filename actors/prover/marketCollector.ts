/** Settles the epochs a prover proved, collects what it is credited for them, and frees bond that is short. */
import type { Address } from "../../protocol/address.ts";
import { toAddress } from "../../protocol/address.ts";
import { type L1Account, RevertError } from "../l1/l1Account.ts";
import type { BondStatus, MarketContract } from "../market/marketContract.ts";
import type { Node } from "../node/node.ts";
import { ActorError, messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";

/** Parameters of {@link MarketCollector}. */
export interface MarketCollectorOptions {
  node: Node;
  account: Pick<L1Account, "send">;
  market: Pick<MarketContract, "address" | "opening" | "isSettled" | "credit" | "collection" | "encode">;
  prover: Address;
  logger: Logger;
  /** L1 seconds after a refusal, such as before an epoch is claimable, until it asks again. Default 60. */
  retrySeconds?: number;
  onSettled: (epoch: number, hash: string) => void;
  onCollected: (amount: bigint, hash: string) => void;
}

/** L1 as a look found it. */
export interface CollectorLook {
  bond: BondStatus;
  /** L1 time. */
  now: number;
  /** Token units a unit of L1 gas. */
  gasPrice: bigint;
  signal: AbortSignal;
}

/** Proven epochs looked back at: what is older was settled, or is swept. */
const LOOK_BACK = 64;
/** A transaction that collects, and how many times its cost must be there: a credit waits for ever. */
const COLLECT_GAS = 100_000n;
const COLLECT_WORTH = 20n;

export class MarketCollector {
  readonly #options: MarketCollectorOptions;
  /** Epochs with nothing left to collect. */
  readonly #done = new Set<number>();
  readonly #resolved = new Set<number>();
  /** L1 time before which an epoch is left alone. */
  readonly #notBefore = new Map<number, number>();
  /** What was left of the credit when it was collected last: the distributor was short. */
  #short = 0n;
  #running: Promise<void> | undefined;

  constructor(options: MarketCollectorOptions) {
    this.#options = options;
  }

  /** Looks for something to collect, unless it is still at it. */
  collect(look: CollectorLook): void {
    this.#running ??= this.#settle(look)
      .then(() => this.#collect(look))
      .catch((error: unknown) => this.#options.logger.warn({ error: messageOf(error) }, "nothing collected"))
      .finally(() => (this.#running = undefined));
  }

  async stop(): Promise<void> {
    await this.#running;
  }

  async #settle({ bond, now, signal }: CollectorLook): Promise<void> {
    const { node, market, prover, retrySeconds = 60 } = this.#options;
    const own = node.chain.provenEpochs
      .slice(-LOOK_BACK)
      .filter((proven) => !proven.prover.match(/^0x$/) && toAddress(proven.prover) === prover);
    for (const { epoch } of own) {
      if (signal.aborted) return;
      if (this.#done.has(epoch) || now < (this.#notBefore.get(epoch) ?? 0)) continue;
      if (await market.isSettled(epoch)) {
        this.#done.add(epoch);
        continue;
      }
      const hash = await this.#try("settle", epoch, signal);
      if (hash !== undefined) {
        this.#done.add(epoch);
        this.#options.onSettled(epoch, hash);
        continue;
      }
      this.#notBefore.set(epoch, now + retrySeconds);
      // The bond of a delivered claim, or a share of a defaulted one, need not wait for the pot.
      if (bond.free < bond.reserved && !this.#resolved.has(epoch)) {
        await this.#try("resolve", epoch, signal);
        this.#resolved.add(epoch);
      }
    }
    if (this.#done.size > 4 * LOOK_BACK) this.#done.delete(this.#done.values().next().value!);
  }

  /** The whole credit at once, when the gas is a small part of it. */
  async #collect({ gasPrice, signal }: CollectorLook): Promise<void> {
    const { market, prover, account, logger, onCollected } = this.#options;
    if (signal.aborted) return;
    const credit = await market.credit(prover);
    if (credit <= this.#short || credit - this.#short < COLLECT_WORTH * COLLECT_GAS * gasPrice) return;

    const call = await market.collection(prover);
    const { hash } = await account.send({ purpose: "collect", ...call, signal });
    this.#short = await market.credit(prover);
    const amount = credit - this.#short;
    logger.info({ amount: String(amount), owed: String(this.#short) }, "credit collected");
    onCollected(amount, hash);
  }

  async #try(method: "settle" | "resolve", epoch: number, signal: AbortSignal): Promise<string | undefined> {
    const { market, account, logger } = this.#options;
    try {
      const data = market.encode(method, [await market.opening(epoch)]);
      const purpose = `${method}-${epoch}`;
      const { hash } = await account.send({ purpose, to: market.address, data, signal });
      logger.info({ epoch }, method === "settle" ? "epoch settled" : "claim resolved");
      return hash;
    } catch (error) {
      if (!(error instanceof ActorError)) throw error;
      const reason = error instanceof RevertError ? error.contractError?.text : error.message;
      logger.debug({ epoch, reason }, `${method} not possible yet`);
      return undefined;
    }
  }
}

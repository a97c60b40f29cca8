/**
 * A prover in the proof market: quotes, claims, and says which epochs its proofs are for. It stands beside a
 * `ProverService`, which makes and submits them.
 *
 * Everything follows from L1's head each time anew: what it owes, what it may promise, what it may collect. A claim that
 * landed though its answer was lost is owed like any other; one that was outbid, released or pruned is forgotten. What it
 * sends is in its account's journal.
 */
import { toAddress } from "../../protocol/address.ts";
import { type MarketParameters, reserveAt } from "../../protocol/market.ts";
import type { SignedQuote } from "../../protocol/quote.ts";
import { encodeRecord } from "../../protocol/record.ts";
import { epochEnd, proofDeadline, toTimestamp } from "../../protocol/time.ts";
import { boundedAccount } from "../l1/boundedAccount.ts";
import type { HeadFollower } from "../l1/headFollower.ts";
import { type L1Account, RevertError } from "../l1/l1Account.ts";
import type { L1Head } from "../l1/provider.ts";
import type { BondStatus, EpochStatus, MarketContract } from "../market/marketContract.ts";
import {
  type Assignment,
  ProverAgent,
  type ProverAgentOptions,
  type SeenMarket,
} from "../market/proverAgent.ts";
import type { QuotePool, QuoteResult } from "../market/quotePool.ts";
import type { Node } from "../node/node.ts";
import { ActorError, messageOf } from "../support/actorError.ts";
import { Emitter } from "../support/emitter.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import { type EpochWork, completeEpochs } from "./epochWork.ts";
import { MarketCollector } from "./marketCollector.ts";
import { type CeilingRange, DEFAULT_PROOF_CEILING } from "./proofCeiling.ts";
import type { EpochSelection } from "./proverService.ts";

/** What a prover did in the market. */
export type MarketProverEvent =
  | { type: "quoted"; epoch: number; fee: number }
  | { type: "claimed"; epoch: number; fee: number; hash: string }
  | { type: "assigned"; epoch: number; reason: Assignment["reason"] }
  | { type: "defaulted"; epoch: number }
  | { type: "settled"; epoch: number; hash: string }
  | { type: "collected"; amount: bigint; hash: string };

/** What is asked of the market on L1. */
export type MarketOnL1 = Pick<
  MarketContract,
  | "address"
  | "epoch"
  | "bond"
  | "predecessor"
  | "opening"
  | "isSettled"
  | "credit"
  | "collection"
  | "guarded"
  | "encode"
>;

/** Parameters of {@link MarketProver}. */
export interface MarketProverOptions extends Omit<ProverAgentOptions, "quoteSeconds"> {
  node: Node;
  heads: HeadFollower;
  account: Pick<L1Account, "address" | "send">;
  market: MarketOnL1;
  pool: QuotePool;
  /** Puts a quote into the pool and sends it to others. Default: the pool alone. */
  publish?: (quote: SignedQuote) => Promise<QuoteResult>;
  /** Brings the pool's view up to a head, before it is asked. */
  refresh?: (head: L1Head) => Promise<void>;
  /** Token units a unit of L1 gas, at a head. */
  gasPrice: () => Promise<bigint>;
  logger: Logger;
  /** Most that it offers L1: the first for what can wait, such as a settlement; the last for claims. */
  feeCeiling?: CeilingRange;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
  /** Seconds that a quote is valid for. Default: two improvement windows and 60. */
  quoteSeconds?: number;
  /** L1 seconds that it leaves a cheaper prover to bring its claim, before it brings its own. Default four L1 blocks. */
  patience?: number;
  /**
   * L1 seconds of an epoch's turn before it proves one that nobody claims. Default two L1 blocks or an eighth of the
   * exclusive period, half of it when there are quotes for the epoch.
   */
  racePatience?: number;
  /**
   * L1 seconds behind the exclusive period that it leaves a cheaper prover to rescue the epoch, before it begins itself.
   * Default half an exclusive period.
   */
  rescuePatience?: number;
}

export class MarketProver implements Service, EpochSelection {
  readonly agent: ProverAgent;
  readonly #options: MarketProverOptions;
  readonly #account: Pick<L1Account, "send">;
  readonly #collector: MarketCollector;
  readonly #events: Emitter<MarketProverEvent>;
  readonly #changes: Emitter<undefined>;
  /** Quotes out, by epoch. */
  readonly #published = new Map<number, SignedQuote>();
  /** L1 time at which the first one went out, by epoch. */
  readonly #quotedAt = new Map<number, number>();
  /** L1 time at which a complete epoch was first seen as the oldest, by epoch. */
  readonly #turns = new Map<number, number>();
  #head: L1Head | undefined;
  #abort: AbortController | undefined;
  #stopListening: () => void = () => undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #sending: Promise<void> | undefined;
  #sendExpiry = new AbortController();
  #seen: SeenMarket | undefined;
  #claim: EpochStatus | undefined;
  #assignment: Assignment | undefined;
  /** Epochs that it will probably win. */
  #expected: readonly number[] = [];

  constructor(options: MarketProverOptions) {
    this.#options = options;
    const failed = (error: unknown): void =>
      options.logger.error({ error: messageOf(error) }, "a market listener failed");
    this.#events = new Emitter(failed);
    this.#changes = new Emitter(failed);
    const { quoteSeconds = 2 * Number(options.parameters.improvementWindow) + 60 } = options;
    this.agent = new ProverAgent({ ...options, quoteSeconds });
    const { start, end } = options.feeCeiling ?? DEFAULT_PROOF_CEILING;
    this.#account = boundedAccount(options.account, end);
    this.#collector = new MarketCollector({
      ...options,
      account: boundedAccount(options.account, start),
      retrySeconds: 5 * options.l1BlockTime,
      onSettled: (epoch, hash) => this.#events.emit({ type: "settled", epoch, hash }),
      onCollected: (amount, hash) => this.#events.emit({ type: "collected", amount, hash }),
    });
  }

  on(listener: (event: MarketProverEvent) => void): () => void {
    return this.#events.on(listener);
  }

  onChange(listener: () => void): () => void {
    return this.#changes.on(listener);
  }

  /** Takes note of what a proof took: what it promises from now on, and its costs, follow. */
  measured({ blocks, seconds }: { blocks: number; seconds: number }): void {
    this.#options.schedule.measure(blocks, seconds);
  }

  start(): Promise<void> {
    if (this.#abort) return Promise.resolve();
    this.#abort = new AbortController();
    // Time is that of the head that the node has reached: a newer one would make old what is only not yet known.
    this.#head = this.#options.heads.head;
    this.#stopListening = this.#options.node.on((event) => {
      if (event.type !== "synced" || event.head.hash === this.#head?.hash) return;
      this.#head = event.head;
      this.#look();
    });
    this.#look();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopListening();
    this.#abort?.abort();
    this.#abort = undefined;
    await this.#looking;
    await this.#sending;
    await this.#collector.stop();
  }

  /** Own claims by deadline, then a race or rescue that pays, then what it will probably win: proven before it is owed. */
  toProve(works: readonly EpochWork[]): readonly EpochWork[] {
    const wanted = this.#options.schedule.jobs().map(({ epoch }) => epoch);
    if (this.#assignment) wanted.push(this.#assignment.epoch);
    wanted.push(...this.#expected);
    return [...new Set(wanted)]
      .map((epoch) => works.find((work) => work.epoch === epoch))
      .filter((work) => work !== undefined);
  }

  maySubmit({ epoch }: EpochWork): boolean {
    const claim = this.#claimOf(epoch);
    if (claim && toAddress(claim.prover) === this.#options.prover) return true;
    return this.#assignment?.epoch === epoch && this.#claim?.epoch === epoch;
  }

  /** Without a claim of its own it submits for a reserve, or not at all: a claim that slips in would get the proof. */
  guard({ epoch }: EpochWork, submission: string): Promise<{ to: string; data: string } | undefined> {
    const { market, prover, parameters } = this.#options;
    const claim = this.#claimOf(epoch);
    if (claim && toAddress(claim.prover) === prover) return Promise.resolve(undefined);
    // The reserve is no less than at its start, whatever pause slows it.
    const leastFee = parameters.reserveStart;
    return market.guarded({ submission, prover, leastFee });
  }

  /** The end of exclusivity. In a race the first is paid: no time but the deadline. */
  dueBy({ epoch }: EpochWork): number | undefined {
    const claim = this.#claimOf(epoch);
    if (!claim || toAddress(claim.prover) !== this.#options.prover) return undefined;
    const { now = 0 } = this.#seen ?? {};
    return now <= claim.exclusiveUntil ? claim.exclusiveUntil + 1 : undefined;
  }

  /** One look at a time; what comes meanwhile leads to one more. */
  #look(): void {
    this.#lookAgain = true;
    this.#looking ??= (async () => {
      while (this.#lookAgain && this.#abort) {
        this.#lookAgain = false;
        try {
          await this.#observe(this.#abort.signal);
        } catch (error) {
          this.#options.logger.warn({ error: messageOf(error) }, "the market was not read; trying again");
        }
      }
      this.#looking = undefined;
    })();
  }

  async #observe(signal: AbortSignal): Promise<void> {
    const { node, l1BlockTime, market, prover, gasPrice, schedule } = this.#options;
    const head = this.#head;
    if (!head) return;
    const works = completeEpochs({
      chain: node.chain,
      parameters: node.parameters,
      time: toTimestamp(head.timestamp + l1BlockTime),
    });
    const [oldest] = works;
    await this.#options.refresh?.(head);
    const [status, bond, price] = await Promise.all([
      oldest && market.epoch(oldest.epoch),
      market.bond(prover),
      gasPrice(),
    ]);
    if (signal.aborted) return;
    if (oldest && !this.#turns.has(oldest.epoch)) this.#turns.set(oldest.epoch, head.timestamp);
    const before = { claim: this.#claim, assignment: this.#assignment };
    this.#claim = status;
    const seen = (this.#seen = this.#seenMarket(works, bond, price, head.timestamp));
    const owed = schedule.jobs().map(({ epoch }) => epoch);
    const wasBroken = schedule.isBroken;
    this.agent.observe(seen);
    if (schedule.isBroken && !wasBroken) {
      const epoch = owed.find((job) => schedule.jobs().every((left) => left.epoch !== job)) ?? -1;
      this.#options.logger.error({ epoch }, "a claim was not delivered in time; no promises for a while");
      this.#events.emit({ type: "defaulted", epoch });
    }
    this.#assignment = this.#assignmentOf(oldest, seen);
    this.#expected = this.#expectedOf(works);
    this.#forget(works);

    if (this.#assignment && this.#assignment.epoch !== before.assignment?.epoch) {
      const { epoch, reason } = this.#assignment;
      this.#options.logger.info({ epoch, reason }, "proving for the market");
      this.#events.emit({ type: "assigned", epoch, reason });
    }
    await this.#publishQuotes(seen);
    if (signal.aborted) return;
    this.#changes.emit(undefined);
    this.#act(oldest, bond, signal);
    this.#collector.collect({ bond, now: head.timestamp, gasPrice: price, signal });
  }

  #seenMarket(works: readonly EpochWork[], bond: BondStatus, gasPrice: bigint, now: number): SeenMarket {
    const { node, pool, prover } = this.#options;
    return {
      now,
      epochs: works.map(({ epoch, blocks }) => ({
        epoch,
        blocks: blocks.length,
        proverFees: blocks.at(-1)!.record.fees.prover,
        complete: true,
        since: this.#claim?.epoch === epoch ? this.#claim.since : undefined,
        claim: this.#liveClaim(epoch),
      })),
      account: { available: bond.free + bond.withdrawing, nonce: bond.nonce },
      gasPrice,
      cheapestOther: (epoch) => pool.quotes(epoch).find(({ quote }) => quote.prover !== prover)?.quote.fee,
      provenBy: (epoch) => {
        const proven = node.chain.provenEpochs.findLast((candidate) => candidate.epoch === epoch);
        return proven && toAddress(proven.prover);
      },
    };
  }

  /** The claim of an epoch as the agent sees it. */
  #liveClaim(epoch: number): SeenMarket["epochs"][number]["claim"] {
    const claim = this.#claimOf(epoch);
    if (!claim) return undefined;
    return {
      prover: toAddress(claim.prover),
      fee: Number(claim.fee),
      claimedAt: claim.exclusiveUntil - this.#term,
      exclusiveUntil: claim.exclusiveUntil,
      bond: claim.bond,
    };
  }

  /** What the agent would prove, unless a claim may still come: a race beside a claim is a wasted proof. */
  #assignmentOf(oldest: EpochWork | undefined, seen: SeenMarket): Assignment | undefined {
    const assignment = this.agent.assignment(seen);
    if (!assignment || !oldest || assignment.reason === "claim") return assignment;
    if (assignment.reason === "rescue") {
      // A cheaper prover is likely to be at it: whoever is second has proven in vain.
      const claim = this.#claimOf(oldest.epoch);
      const waited = seen.now - (claim?.exclusiveUntil ?? 0);
      const { rescuePatience = this.#halfTerm } = this.#options;
      return this.#isCheapest(oldest.epoch) || waited >= rescuePatience ? assignment : undefined;
    }
    const { pool, racePatience } = this.#options;
    const share = pool.best(oldest.epoch) ? 2 : 8;
    const patience = Math.max(2 * this.#blockTime, (2 * this.#halfTerm) / share);
    const waited = seen.now - (this.#turns.get(oldest.epoch) ?? seen.now);
    return waited >= (racePatience ?? patience) || this.#isTooLate(oldest, seen.now) ? assignment : undefined;
  }

  /** Epochs for which nobody is known to be cheaper, none while another has the claim or no promise may be made. */
  #expectedOf(works: readonly EpochWork[]): number[] {
    const { schedule, pool, prover } = this.#options;
    if (schedule.isBroken || this.#isOthers(works[0])) return [];
    // Only the oldest can be submitted: what comes behind one that it will not win can wait.
    const epochs = works.map(({ epoch }) => epoch);
    const end = epochs.findIndex(
      (epoch) => !this.#hasSettled(epoch) || pool.best(epoch)?.quote.prover !== prover,
    );
    return end < 0 ? epochs : epochs.slice(0, end);
  }

  async #publishQuotes(seen: SeenMarket): Promise<void> {
    const { pool, parameters, logger, publish = (quote) => pool.add(quote) } = this.#options;
    for (const signed of this.agent.quotes(seen)) {
      const { epoch, fee } = signed.quote;
      const out = this.#published.get(epoch)?.quote;
      const stands =
        out && out.nonce >= seen.account.nonce && out.validUntil > seen.now + 2 * this.#blockTime;
      if (stands && fee + Number(parameters.improvementStep) > out.fee) continue;
      const result = await publish(signed);
      if (result.added) this.#events.emit({ type: "quoted", epoch, fee });
      else logger.debug({ epoch, fee, reason: result.reason }, "quote refused");
      if (!result.added) continue;
      this.#published.set(epoch, signed);
      if (!this.#quotedAt.has(epoch)) this.#quotedAt.set(epoch, seen.now);
    }
  }

  /** At most one transaction to the market at a time; it ends when it has become useless. */
  #act(oldest: EpochWork | undefined, bond: BondStatus, signal: AbortSignal): void {
    const action = this.#actionOf(oldest, bond);
    if (this.#sending) {
      if (!action) this.#sendExpiry.abort();
      return;
    }
    if (!action) return;
    const expiry = (this.#sendExpiry = new AbortController());
    const { logger } = this.#options;
    this.#sending = action(AbortSignal.any([signal, expiry.signal]))
      .catch((error: unknown) => {
        if (!(error instanceof ActorError)) throw error;
        const reason = error instanceof RevertError ? error.contractError?.text : error.message;
        logger.debug({ reason }, "the market did not take it");
      })
      .catch((error: unknown) => logger.warn({ error: messageOf(error) }, "market"))
      .finally(() => (this.#sending = undefined));
  }

  #actionOf(
    oldest: EpochWork | undefined,
    bond: BondStatus,
  ): ((expires: AbortSignal) => Promise<void>) | undefined {
    const { schedule } = this.#options;
    const { now } = this.#seen!;
    // A broken prover takes its quotes back: anyone could claim with them.
    const open = [...this.#published.values()].filter(
      ({ quote }) => quote.nonce >= bond.nonce && quote.validUntil >= now,
    );
    if (schedule.isBroken && open.length > 0) {
      const nonce = open.reduce((most, { quote }) => (quote.nonce > most ? quote.nonce : most), 0n) + 1n;
      return (expires) => this.#send("cancel", "cancelQuotes", [nonce], expires).then(() => undefined);
    }
    if (!oldest) return undefined;
    const quote = this.#quoteToBring(oldest);
    if (quote) return (expires) => this.#bring(oldest, quote, expires);
    // Without its clock running, an open race pays the starting reserve only.
    if (this.#assignment?.epoch === oldest.epoch && this.#claim === undefined) {
      return async (expires) => {
        await this.#send(`open-${oldest.epoch}`, "open", [await this.#options.market.predecessor()], expires);
      };
    }
    return undefined;
  }

  /** The own quote, when it is to be claimed with now. */
  #quoteToBring(oldest: EpochWork): SignedQuote | undefined {
    const { pool, prover, parameters, schedule, node, patience = 4 * this.#blockTime } = this.#options;
    const { epoch, blocks } = oldest;
    const { now } = this.#seen!;
    const quotes = pool.quotes(epoch);
    const own = quotes.find(({ quote }) => quote.prover === prover);
    const time = now + this.#blockTime;
    const deadline = time + this.#term;
    if (!own || !schedule.canTake({ epoch, blocks: blocks.length, deadline })) return undefined;
    if (!this.#hasSettled(epoch)) return undefined;
    const claim = this.#claimOf(epoch);
    if (claim) {
      const isFirm = time > claim.exclusiveUntil - Number(parameters.exclusivePeriod);
      const improves = BigInt(own.quote.fee) + parameters.improvementStep <= claim.fee;
      const isOwn = toAddress(claim.prover) === prover;
      if (claim.stage !== "claimed" || isFirm || isOwn || !improves) return undefined;
    } else if (this.#isTooLate(oldest, time)) return undefined;
    if (quotes[0] !== own && now - (this.#turns.get(epoch) ?? now) < patience) return undefined;
    const since = this.#claim?.epoch === epoch ? this.#claim.since : epochEnd(node.parameters.clock, epoch);
    return BigInt(own.quote.fee) <= reserveAt({ parameters, since, time }) ? own : undefined;
  }

  async #bring(oldest: EpochWork, signed: SignedQuote, expires: AbortSignal): Promise<void> {
    const { market, account, logger } = this.#options;
    const { quote, signature } = signed;
    const { epoch, fee } = quote;
    const end = encodeRecord(oldest.blocks.at(-1)!.record);
    const next = oldest.next ? encodeRecord(oldest.next) : new Array<bigint>(7).fill(0n);
    const values = [{ ...quote, prover: account.address }, signature, end, next, await market.predecessor()];
    const hash = await this.#send(`claim-${epoch}`, "claim", values, expires);
    logger.info({ epoch, fee }, "epoch claimed");
    this.#events.emit({ type: "claimed", epoch, fee, hash });
    this.#look();
  }

  async #send(
    purpose: string,
    method: string,
    values: readonly unknown[],
    expires: AbortSignal,
  ): Promise<string> {
    const { market } = this.#options;
    const data = market.encode(method, values);
    return (await this.#account.send({ purpose, to: market.address, data, expires })).hash;
  }

  #isTooLate({ epoch }: EpochWork, time: number): boolean {
    const { node, parameters } = this.#options;
    const deadline = proofDeadline(node.parameters.clock, epoch);
    return time + this.#term + Number(parameters.raceWindow) > deadline;
  }

  /** Others' quotes had a block's time to arrive: neither a proof nor a claim is begun on the first one seen. */
  #hasSettled(epoch: number): boolean {
    const { now = 0 } = this.#seen ?? {};
    return now > (this.#quotedAt.get(epoch) ?? now);
  }

  #isOthers(work: EpochWork | undefined): boolean {
    const claim = work && this.#claimOf(work.epoch);
    return claim !== undefined && toAddress(claim.prover) !== this.#options.prover;
  }

  /** The live claim of an epoch. */
  #claimOf(epoch: number): EpochStatus | undefined {
    const claim = this.#claim;
    const isLive = claim?.stage === "claimed" || claim?.stage === "defaulted";
    return claim?.epoch === epoch && isLive ? claim : undefined;
  }

  #forget(works: readonly EpochWork[]): void {
    const first = works[0]?.epoch ?? Infinity;
    for (const kept of [this.#published, this.#quotedAt, this.#turns]) {
      for (const epoch of kept.keys()) if (epoch < first && works.length > 0) kept.delete(epoch);
    }
  }

  /** Whether no cheaper quote is known, that of the claimant left out. */
  #isCheapest(epoch: number): boolean {
    const { pool, prover } = this.#options;
    const claim = this.#claimOf(epoch);
    const rivals = pool
      .quotes(epoch)
      .filter(({ quote }) => !claim || quote.prover !== toAddress(claim.prover));
    return rivals.length === 0 || rivals[0]!.quote.prover === prover;
  }

  get #halfTerm(): number {
    return Number(this.#options.parameters.exclusivePeriod) / 2;
  }

  /** From the first claim of a turn to the end of exclusivity. */
  get #term(): number {
    const { improvementWindow, exclusivePeriod }: MarketParameters = this.#options.parameters;
    return Number(improvementWindow + exclusivePeriod);
  }

  get #blockTime(): number {
    return this.#options.l1BlockTime;
  }
}

/**
 * The market as L1's events tell it, up to a head: what a quote pool and an observer need of it, without a call for each
 * prover. Events of the newest blocks are read anew with every head, so an L1 reorg leaves no trace.
 */
import type { JsonRpcProvider } from "ethers";

import { type Address, addressToHex } from "../../protocol/address.ts";
import { largestPot, type MarketParameters } from "../../protocol/market.ts";
import { epochAt, toTimestamp } from "../../protocol/time.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import type { L1Head } from "../l1/provider.ts";
import type { Node } from "../node/node.ts";
import { completeEpochs } from "../prover/epochWork.ts";
import { ActorError } from "../support/actorError.ts";
import type { MarketContract } from "./marketContract.ts";
import { emptyMarket, type MarketEvent, type MarketState, reduceMarket } from "./marketReducer.ts";
import type { MarketView, ProverAccount } from "./quotePool.ts";

/** Parameters of {@link MarketFollower.open}. */
export interface MarketFollowerOptions {
  provider: JsonRpcProvider;
  contract: Pick<MarketContract, "address" | "parameters">;
  /** L1 block of the market's creation, or before. */
  startBlock: number;
  node: Node;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
  /** L1 blocks that can be taken back. Default 64. */
  reorgDepth?: number;
}

/** L1 blocks asked for at once. */
const RANGE = 2_000;

/** L1 blocks after which what was read is kept. */
const STEP = 10 * RANGE;

export class MarketFollower implements MarketView {
  readonly parameters: MarketParameters;
  readonly #options: MarketFollowerOptions;
  /** State at a block that stays, and what follows on it up to the head. */
  #base: { state: MarketState; block: number; hash: string | undefined };
  #state = emptyMarket();
  #accounts = new Map<string, ProverAccount>();
  #head: L1Head | undefined;
  #refreshing: Promise<void> = Promise.resolve();

  private constructor(options: MarketFollowerOptions, parameters: MarketParameters) {
    this.#options = options;
    this.parameters = parameters;
    this.#base = this.#beginning();
  }

  /** Reads the parameters; the state comes with the first `refresh`. */
  static async open(options: MarketFollowerOptions): Promise<MarketFollower> {
    return new MarketFollower(options, await options.contract.parameters());
  }

  /** The whole market at the newest head. */
  get state(): MarketState {
    return this.#state;
  }

  /** Follows to a head. Calls wait for each other. */
  refresh(head: L1Head): Promise<void> {
    this.#refreshing = this.#refreshing.catch(() => undefined).then(() => this.#follow(head));
    return this.#refreshing;
  }

  now(): number {
    return this.#head?.timestamp ?? 0;
  }

  oldestEpoch(): number {
    const { chain, parameters } = this.#options.node;
    const { clock } = parameters;
    const running = epochAt(clock, toTimestamp(Math.max(this.now(), clock.genesisTime)));
    return chain.block(chain.proven + 1)?.epoch ?? running;
  }

  account(prover: Address): ProverAccount {
    const known = this.#accounts.get(addressToHex(prover).toLowerCase());
    return known ?? { available: 0n, nonce: 0n, mayClaim: this.#mayClaim(new Set(), prover) };
  }

  pot(epoch: number): bigint | undefined {
    const { node, l1BlockTime } = this.#options;
    const time = toTimestamp(this.now() + l1BlockTime);
    const works = completeEpochs({ chain: node.chain, parameters: node.parameters, time });
    const work = works.find((candidate) => candidate.epoch === epoch);
    if (!work) return undefined;
    const { blocks } = work;
    const proverFees = blocks.at(-1)!.record.fees.prover;
    return largestPot(this.parameters, { proverFees, blocks: BigInt(blocks.length) });
  }

  async #follow(head: L1Head): Promise<void> {
    const { provider, reorgDepth = 64 } = this.#options;
    if (head.hash === this.#head?.hash) return;
    if (this.#base.hash !== undefined) {
      const block = await provider.getBlock(this.#base.block);
      // A server that is behind has no such block, which is no reorg.
      if (!block) throw behind(this.#base.block);
      if (block.hash !== this.#base.hash) this.#base = this.#beginning();
    }
    const keep = head.number - reorgDepth;
    if (keep > this.#base.block + reorgDepth) await this.#moveBase(keep);
    const state = structuredClone(this.#base.state);
    for (const event of await this.#events(this.#base.block + 1, head.number)) reduceMarket(state, event);
    this.#state = state;
    this.#head = head;
    const listed = new Set([...state.listed].map((prover) => prover.toLowerCase()));
    this.#accounts = new Map(
      [...state.accounts].map(([prover, { free, withdrawing, withdrawableAt, nonce }]) => {
        // What may be taken already can be gone before a claim lands: a quote must not be won with it.
        const backing = withdrawableAt > BigInt(head.timestamp) ? withdrawing : 0n;
        const account = { available: free + backing, nonce, mayClaim: this.#mayClaim(listed, prover) };
        return [prover.toLowerCase(), account];
      }),
    );
  }

  /** In steps: what was read before a failure is not read again. */
  async #moveBase(to: number): Promise<void> {
    while (this.#base.block < to) {
      const block = Math.min(to, this.#base.block + STEP);
      const state = structuredClone(this.#base.state);
      for (const event of await this.#events(this.#base.block + 1, block)) reduceMarket(state, event);
      const header = await this.#options.provider.getBlock(block);
      if (!header) throw behind(block);
      this.#base = { state, block, hash: header.hash ?? undefined };
    }
  }

  async #events(from: number, to: number): Promise<MarketEvent[]> {
    const { provider, contract } = this.#options;
    const abi = contractInterface("market/ProofMarket");
    const events: MarketEvent[] = [];
    for (let at = from; at <= to; at += RANGE) {
      const range = { fromBlock: at, toBlock: Math.min(to, at + RANGE - 1) };
      for (const log of await provider.getLogs({ address: contract.address, ...range })) {
        const parsed = abi.parseLog(log);
        if (parsed) events.push({ name: parsed.name, args: parsed.args.toObject() });
      }
    }
    return events;
  }

  #mayClaim(listed: ReadonlySet<string>, prover: Address | string): boolean {
    const name = typeof prover === "string" ? prover : addressToHex(prover);
    return !this.parameters.permissioned || listed.has(name.toLowerCase());
  }

  #beginning(): { state: MarketState; block: number; hash: undefined } {
    return { state: emptyMarket(), block: this.#options.startBlock - 1, hash: undefined };
  }
}

function behind(block: number): ActorError {
  return new ActorError(
    "L1_BEHIND",
    `L1's server does not have block ${block}`,
    "wait until it has caught up",
  );
}

import type { NodeEvent } from "../node/node.ts";
import type { MarketProverEvent } from "../prover/marketProver.ts";
import type { ProverEvent } from "../prover/proverService.ts";
import type { ProposerEvent } from "../sequencer/proposerService.ts";
import type { TrafficEvent } from "../traffic/trafficService.ts";
import type { WatcherEvent } from "../watcher/watcherService.ts";

/** Gas of whole transactions. */
export interface GasSummary {
  count: number;
  min: bigint;
  max: bigint;
  total: bigint;
}

/** What a run amounted to. */
export interface Statistics {
  /** Blocks that L1 accepted and the node verified, one blob each. */
  blocks: number;
  blobs: number;
  /** Ordinary and forced transactions that took effect. */
  transactions: number;
  /** Messages from L1 that blocks consumed. */
  messages: number;
  /** Messages to L1. */
  withdrawals: number;
  invalidBlocks: number;
  prunes: number;
  /** Wrong aggregates shown on L1: their blocks are gone. */
  rollBacks: number;
  missedSlots: number;
  /** Of staked validators; 0 without. */
  committeeSize: number;
  /** Members that attested, by block, in the order in which the watcher verified their aggregates. */
  attestations: number[];
  wrongAggregates: number;
  invalidations: number;
  /** Seeds that the watcher fixed since nobody else had. */
  seedsPoked: number;
  equivocations: number;
  /** Epoch proofs that L1 accepted. */
  proofs: number;
  provenBlocks: number;
  /** Seconds of witness and proof, in the order of proving. */
  provingSeconds: number[];
  /** Seconds from the start to the first accepted proof. */
  secondsToFirstProof: number | undefined;
  /** What the provers did in the market. */
  market: { claims: number; rescues: number; settlements: number; defaults: number };
  gas: Record<
    "propose" | "submitEpochProof" | "register" | "deposit" | "invalidate" | "fixSeed",
    GasSummary | undefined
  >;
}

/** Counts what the actors tell. */
export class StatisticsCollector {
  readonly #began = performance.now();
  readonly #statistics: Statistics = {
    blocks: 0,
    blobs: 0,
    transactions: 0,
    messages: 0,
    withdrawals: 0,
    invalidBlocks: 0,
    prunes: 0,
    rollBacks: 0,
    missedSlots: 0,
    committeeSize: 0,
    attestations: [],
    wrongAggregates: 0,
    invalidations: 0,
    seedsPoked: 0,
    equivocations: 0,
    proofs: 0,
    provenBlocks: 0,
    provingSeconds: [],
    secondsToFirstProof: undefined,
    market: { claims: 0, rescues: 0, settlements: 0, defaults: 0 },
    gas: {
      propose: undefined,
      submitEpochProof: undefined,
      register: undefined,
      deposit: undefined,
      invalidate: undefined,
      fixSeed: undefined,
    },
  };

  get current(): Statistics {
    return structuredClone(this.#statistics);
  }

  onNode(event: NodeEvent): void {
    const s = this.#statistics;
    switch (event.type) {
      case "block": {
        const { messages, result } = event.block;
        s.blocks++;
        s.blobs++;
        s.transactions += result?.slots.filter(({ outcome }) => outcome.type === "applied").length ?? 0;
        s.messages += messages.length;
        s.withdrawals += result?.withdrawals.length ?? 0;
        break;
      }
      case "invalidBlock":
        s.invalidBlocks++;
        s.blobs++;
        break;
      case "pruned":
        s.prunes++;
        break;
      case "rolledBack":
        s.rollBacks++;
        break;
      case "epochProven":
        s.proofs++;
        s.provenBlocks = event.number;
        s.secondsToFirstProof ??= (performance.now() - this.#began) / 1000;
        break;
      default:
    }
  }

  onProposer(event: ProposerEvent): void {
    if (event.type === "proposed") this.#gas("propose", event.gasUsed);
    else this.#statistics.missedSlots++;
  }

  onMarket(event: MarketProverEvent): void {
    const { market } = this.#statistics;
    if (event.type === "claimed") market.claims++;
    if (event.type === "settled") market.settlements++;
    if (event.type === "defaulted") market.defaults++;
    if (event.type === "assigned" && event.reason === "rescue") market.rescues++;
  }

  onWatcher(event: WatcherEvent): void {
    const s = this.#statistics;
    switch (event.type) {
      case "verified":
        s.committeeSize = event.committeeSize;
        s.attestations.push(event.attestations);
        break;
      case "wrongAggregate":
        s.wrongAggregates++;
        break;
      case "invalidated":
        s.invalidations++;
        this.#gas("invalidate", event.gasUsed);
        break;
      case "seedFixed":
        s.seedsPoked++;
        this.#gas("fixSeed", event.gasUsed);
        break;
      case "equivocation":
        s.equivocations++;
    }
  }

  onProver(event: ProverEvent): void {
    if (event.type === "proved") this.#statistics.provingSeconds.push(event.seconds);
    if (event.type === "submitted") this.#gas("submitEpochProof", event.gasUsed);
  }

  onTraffic(event: TrafficEvent): void {
    if (event.type === "registered") this.#gas("register", event.gasUsed);
    if (event.type === "deposited") this.#gas("deposit", event.gasUsed);
  }

  #gas(operation: keyof Statistics["gas"], used: bigint): void {
    const before = this.#statistics.gas[operation] ?? { count: 0, min: used, max: used, total: 0n };
    this.#statistics.gas[operation] = {
      count: before.count + 1,
      min: used < before.min ? used : before.min,
      max: used > before.max ? used : before.max,
      total: before.total + used,
    };
  }
}

/** Metrics of the parts of a process. Most are read when they are asked for; events are counted as they come. */
import { formatEther } from "ethers";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

import { type Epoch, proofDeadline } from "../../protocol/time.ts";
import type { MarketProver } from "../prover/marketProver.ts";
import type { ProverService } from "../prover/proverService.ts";
import type { Mempool } from "../sequencer/mempool.ts";
import type { ProposerService } from "../sequencer/proposerService.ts";
import { withoutSecrets } from "../support/secrets.ts";
import type { FollowedRollup } from "./followedRollup.ts";

/** Milliseconds for which a balance is not asked for again. */
const BALANCE_AGE = 30_000;

/** L1, the node, and where blobs come from. */
export function watchRollup(
  registry: Registry,
  { node, heads, blobs }: Pick<FollowedRollup, "node" | "heads" | "blobs">,
): void {
  const { clock } = node.parameters;
  gauge(registry, "l1_head_block", "Newest L1 block known", () => heads.head?.number);
  gauge(registry, "l1_head_timestamp_seconds", "Its time", () => heads.head?.timestamp);
  gauge(registry, "l1_synced_block", "L1 block up to which events are applied", () => node.syncedTo);
  gauge(registry, "pending_block", "Newest block on L1", () => node.chain.pending);
  gauge(registry, "proven_block", "Newest proven block", () => node.chain.proven);
  gauge(
    registry,
    "invalid_blocks",
    "Pending blocks that the node refuses to follow",
    () => node.chain.pending - node.chain.tip.number,
  );
  gauge(registry, "proof_due_seconds", "L1 time until the oldest unproven epoch's proof is late", () => {
    const oldest = node.chain.block(node.chain.proven + 1);
    if (!oldest || !heads.head) return undefined;
    return proofDeadline(clock, oldest.epoch as Epoch) - heads.head.timestamp;
  });
  const reorgs = counter(registry, "l1_reorgs_total", "Times that L1 blocks were taken back");
  const dropped = counter(registry, "dropped_blocks_total", "Blocks that left the pending chain", ["reason"]);
  node.on((event) => {
    if (event.type === "reorg") {
      reorgs.inc();
      dropped.inc({ reason: "reorg" }, event.undone.length);
    }
    if (event.type === "pruned" || event.type === "rolledBack")
      dropped.inc({ reason: event.type }, event.dropped.length);
  });
  new Gauge({
    name: "calpulli_blob_source_faults",
    help: "Times that a source of blobs was passed over",
    labelNames: ["source", "fault"],
    registers: [registry],
    collect() {
      for (const [source, faults] of blobs.faults) {
        for (const [fault, count] of Object.entries(faults))
          this.set({ source: withoutSecrets(source), fault }, count);
      }
    },
  });
}

/** The ether of an account that pays L1. */
export function watchAccount(
  registry: Registry,
  { provider }: Pick<FollowedRollup, "provider">,
  address: string,
): void {
  let readAt = -Infinity;
  new Gauge({
    name: "calpulli_account_ether",
    help: "Ether of the account that pays L1",
    labelNames: ["address"],
    registers: [registry],
    async collect() {
      if (performance.now() - readAt < BALANCE_AGE) return;
      readAt = performance.now();
      // Without an answer the last one stands.
      const balance = await provider.getBalance(address).catch(() => undefined);
      if (balance !== undefined) this.set({ address }, Number(formatEther(balance)));
    },
  });
}

/** Slots and the mempool. */
export function watchProposer(registry: Registry, proposer: ProposerService, mempool: Mempool): void {
  gauge(registry, "pool_transactions", "Transactions in the mempool", () => mempool.size);
  const slots = counter(registry, "slots_total", "Own slots, by what became of them", ["result"]);
  const gas = counter(registry, "propose_gas_total", "L1 gas of proposals");
  proposer.on((event) => {
    slots.inc({ result: event.type });
    if (event.type === "proposed") gas.inc(Number(event.gasUsed));
  });
}

/** Proofs. */
export function watchProver(registry: Registry, prover: ProverService): void {
  const proofs = counter(registry, "proofs_total", "Epoch proofs, by what became of them", ["result"]);
  const gas = counter(registry, "submit_gas_total", "L1 gas of submissions");
  const seconds = new Histogram({
    name: "calpulli_proof_seconds",
    help: "What a proof took",
    buckets: [1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800],
    registers: [registry],
  });
  prover.on((event) => {
    if (event.type !== "proving") proofs.inc({ result: event.type });
    if (event.type === "proved") seconds.observe(event.seconds);
    if (event.type === "submitted") gas.inc(Number(event.gasUsed));
  });
}

/** Quotes, claims and what they brought. */
export function watchMarket(registry: Registry, market: MarketProver): void {
  const events = counter(registry, "market_events_total", "What happened in the proof market", ["event"]);
  market.on(({ type }) => events.inc({ event: type }));
}

function gauge(registry: Registry, name: string, help: string, read: () => number | undefined): void {
  new Gauge({
    name: `calpulli_${name}`,
    help,
    registers: [registry],
    collect() {
      const value = read();
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
}

function counter<const Label extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly Label[] = [],
): Counter<Label> {
  return new Counter({ name: `calpulli_${name}`, help, labelNames: [...labelNames], registers: [registry] });
}

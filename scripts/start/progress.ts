import type { NetworkEvent } from "../../actors/network/localNetwork.ts";
import type { MarketProverEvent } from "../../actors/prover/marketProver.ts";
import { proverName } from "./market.ts";

const BAR_WIDTH = 30;

/** A bar such as `[#####     ] 50 %`. */
export function bar(done: number, total: number): string {
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const filled = Math.round(share * BAR_WIDTH);
  return `[${"#".repeat(filled)}${" ".repeat(BAR_WIDTH - filled)}] ${Math.floor(100 * share)} %`;
}

/** An event as a line for people; undefined for events that are only noise to them. */
export function describeEvent(told: NetworkEvent): string | undefined {
  const { source, event } = told;
  switch (source) {
    case "proposer":
      if (event.type === "missed") return `slot ${event.slot}  missed: ${event.reason}`;
      return `slot ${event.slot}  block ${event.number}: ${event.transactions} transactions, ${event.messages} messages, ${gas(event.gasUsed)}`;
    case "prover":
      switch (event.type) {
        case "proving":
          return `epoch ${event.epoch}  proving ${event.blocks} blocks`;
        case "proved":
          return `epoch ${event.epoch}  proof made in ${event.seconds.toFixed(1)} s`;
        case "submitted":
          return `epoch ${event.epoch}  proof verified on L1, ${gas(event.gasUsed)}`;
        case "failed":
          return `epoch ${event.epoch}  no proof: ${event.reason}`;
      }
      break;
    case "market":
      return describeMarketEvent(proverName(told.index), event);
    case "validator":
      if (event.type === "refused")
        return `slot ${event.slot}  validator ${told.index} refused: ${event.reason}`;
      break;
    case "watcher":
      if (event.type === "wrongAggregate") return `block ${event.number}: its aggregate is wrong`;
      if (event.type === "invalidated") return `block ${event.number} invalidated, ${gas(event.gasUsed)}`;
      if (event.type === "seedFixed") return `epoch ${event.epoch}  seed fixed by the watcher`;
      break;
    case "node":
      if (event.type === "invalidBlock") return `block ${event.number} is invalid`;
      if (event.type === "pruned") return `pruned: blocks ${event.proven + 1} to ${event.pending}`;
      break;
    default:
  }
  return undefined;
}

function describeMarketEvent(name: string, event: MarketProverEvent): string | undefined {
  switch (event.type) {
    case "claimed":
      return `epoch ${event.epoch}  claimed by the ${name} prover for ${event.fee / 100} % of its pot`;
    case "assigned":
      return event.reason === "rescue" ? `epoch ${event.epoch}  rescued by the ${name} prover` : undefined;
    case "settled":
      return `epoch ${event.epoch}  settled: the ${name} prover is paid`;
    case "defaulted":
      return `epoch ${event.epoch}  not delivered by the ${name} prover`;
    default:
      return undefined;
  }
}

function gas(used: bigint): string {
  return `${used.toLocaleString("en")} gas`;
}

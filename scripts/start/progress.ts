import type { NetworkEvent } from "../../actors/network/localNetwork.ts";
import type { MarketProverEvent } from "../../actors/prover/marketProver.ts";
import { proverName } from "./provers.ts";

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
          return `epoch ${event.epoch}  ${theProver(told.index)} proves ${event.blocks} blocks`;
        case "proved":
          return `epoch ${event.epoch}  proof made in ${event.seconds.toFixed(1)} s`;
        case "submitted":
          return `epoch ${event.epoch}  proof verified on L1, ${gas(event.gasUsed)}`;
        case "failed":
          return `epoch ${event.epoch}  no proof: ${event.reason}`;
      }
      break;
    case "market":
      return describeMarketEvent(theProver(told.index), event);
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

function describeMarketEvent(who: string, event: MarketProverEvent): string | undefined {
  switch (event.type) {
    case "claimed":
      return `epoch ${event.epoch}  claimed by ${who} for ${event.fee / 100} % of its pot`;
    case "assigned":
      return event.reason === "rescue"
        ? `epoch ${event.epoch}  not delivered in time: ${who} steps in`
        : undefined;
    case "settled":
      return `epoch ${event.epoch}  settled: ${who} is paid`;
    case "defaulted":
      return `epoch ${event.epoch}  not delivered by ${who}`;
    default:
      return undefined;
  }
}

function theProver(index: number | undefined): string {
  return index === undefined ? "the prover" : `the ${proverName(index)} prover`;
}

function gas(used: bigint): string {
  return `${used.toLocaleString("en")} gas`;
}

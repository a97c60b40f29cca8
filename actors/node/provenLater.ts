import type { ProposedEvent, RollupEvent } from "../l1/rollupContract.ts";

/** The proposals among some events in a row that a later one of them proves. */
export function provenLater(events: readonly RollupEvent[]): Set<ProposedEvent> {
  const proven = new Set<ProposedEvent>();
  let open: ProposedEvent[] = [];
  for (const event of events) {
    switch (event.type) {
      case "proposed":
        open.push(event);
        break;
      case "pruned":
        open = open.filter(({ number }) => number <= event.proven);
        break;
      case "rolledBack":
        open = open.filter(({ number }) => number <= event.last);
        break;
      case "epochProven":
        for (const proposal of open) if (proposal.number <= event.number) proven.add(proposal);
        open = open.filter(({ number }) => number > event.number);
        break;
      default:
    }
  }
  return proven;
}

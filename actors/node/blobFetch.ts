import type { ProposedEvent } from "../l1/rollupContract.ts";

/** Gives the blob of an event; to be asked in the order of the events. */
export type BlobFetch = (event: ProposedEvent) => Promise<Uint8Array>;

/** Blobs asked for before they are needed: enough to hide a source's delay, 2 MB of memory. */
const AHEAD = 16;

/** Fetches blobs in the order of their events, some ahead of the one that is asked for. */
export function fetchAhead(events: readonly ProposedEvent[], fetch: BlobFetch): BlobFetch {
  const under = new Map<ProposedEvent, Promise<Uint8Array>>();
  let next = 0;
  return (event) => {
    for (const end = events.indexOf(event) + AHEAD; next < Math.min(end, events.length); next++) {
      const blob = fetch(events[next]!);
      // A failure counts when the blob is asked for, if ever.
      blob.catch(() => undefined);
      under.set(events[next]!, blob);
    }
    const blob = under.get(event) ?? fetch(event);
    under.delete(event);
    return blob;
  };
}

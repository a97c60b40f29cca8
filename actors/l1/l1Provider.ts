/**
 * L1's JSON-RPC, with logs of any range: servers refuse ranges over some hundred or thousand blocks, or answers over so
 * many logs, each with a sentence of its own. A range that is refused is asked for in parts, and what a server takes is
 * remembered.
 */
import { type Filter, type FilterByBlockHash, JsonRpcProvider, type Log } from "ethers";

import { messageOf } from "../support/actorError.ts";

/** Requests in a row that a server took before a wider range is tried: a limit may be of what the blocks hold. */
const TAKEN_BEFORE_WIDER = 64;

export class L1Provider extends JsonRpcProvider {
  /** Blocks that the server takes in one request, as far as is known. */
  #span = Number.MAX_SAFE_INTEGER;
  #taken = 0;

  /** @throws whatever the server answers for a single block, and what is no matter of the range */
  override async getLogs(filter: Filter | FilterByBlockHash): Promise<Log[]> {
    const from = "blockHash" in filter ? undefined : numberOf((filter as Filter).fromBlock);
    if (from === undefined) return super.getLogs(filter);
    const { toBlock } = filter as Filter;
    const to = numberOf(toBlock) ?? (isLatest(toBlock) ? await this.getBlockNumber() : undefined);
    if (to === undefined) return super.getLogs(filter);
    const found: Log[][] = [];
    for (let at = from; at <= to;) {
      const end = Math.min(to, at + this.#span - 1);
      try {
        found.push(await super.getLogs({ ...filter, fromBlock: at, toBlock: end }));
        at = end + 1;
        this.#widen();
      } catch (error) {
        const blocks = end - at + 1;
        if (blocks === 1 || !isTooMuch(error, blocks)) throw error;
        this.#span = Math.ceil(blocks / 2);
        this.#taken = 0;
      }
    }
    return found.flat();
  }

  #widen(): void {
    if (++this.#taken < TAKEN_BEFORE_WIDER) return;
    this.#taken = 0;
    this.#span = Math.min(2 * this.#span, Number.MAX_SAFE_INTEGER);
  }
}

function numberOf(tag: Filter["fromBlock"]): number | undefined {
  if (typeof tag === "number" || typeof tag === "bigint") return Number(tag);
  return typeof tag === "string" && /^0x[0-9a-f]+$/i.test(tag) ? Number(tag) : undefined;
}

function isLatest(tag: Filter["toBlock"]): boolean {
  return tag === undefined || tag === null || tag === "latest";
}

/** Words of servers for a range or an answer that is too long. */
const TOO_MUCH = /range|results|response size|too (large|big|many)|more than|exceed/i;
/** Words for another trouble that a smaller range does not help. */
const OTHER =
  /\brate\b|rate.?limit|too many requests|per (second|minute|day)|request count|retry limit|capacity|compute units|credits|beyond|unknown block|not found/i;
const TOO_SLOW = /time-?d? ?-?out|deadline/i;
/** Blocks that no server in working order takes too long over. */
const QUICK = 256;

function isTooMuch(error: unknown, blocks: number): boolean {
  const { code, info, error: answer } = error as { code?: unknown; info?: unknown; error?: unknown };
  // What the server said, without the request, which ethers repeats.
  const body = (info as { responseBody?: unknown } | undefined)?.responseBody ?? answer;
  const said = body === undefined ? messageOf(error) : JSON.stringify(body);
  if (code === "TIMEOUT" || TOO_SLOW.test(said)) return blocks > QUICK;
  return TOO_MUCH.test(said) && !OTHER.test(said);
}

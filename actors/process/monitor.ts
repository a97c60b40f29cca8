/**
 * What tells an operator, a supervisor or Prometheus how a process is, over HTTP:
 *
 *     GET /health     200 while it does what it should, otherwise 503; {"ok", "problems", "head", "synced", …}
 *     GET /metrics    for Prometheus; names in docs/operators.md
 *
 * It answers from the first moment on, the first sync included, and asks L1 for nothing but balances.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Registry, collectDefaultMetrics } from "prom-client";

import { HttpService } from "../support/httpService.ts";
import type { Logger } from "../support/logger.ts";
import type { Service } from "../support/service.ts";
import type { FollowedRollup } from "./followedRollup.ts";
import { watchRollup } from "./metrics.ts";

/** Where a monitor listens. */
export interface MonitorAddress {
  host: string;
  /** 0: any free one. */
  port: number;
}

/** Parameters of {@link Monitor}. */
export interface MonitorOptions {
  address: MonitorAddress;
  followed: Pick<FollowedRollup, "node" | "heads" | "blobs">;
  /** Seconds between L1 blocks. */
  l1BlockTime: number;
  logger: Logger;
  /** Milliseconds of a clock that is never set. Default: the machine's. */
  now?: () => number;
}

/** How a process is. */
export interface Health {
  ok: boolean;
  /** What is wrong, a sentence each. */
  problems: readonly string[];
  /** L1 blocks: the newest known, and up to which events are applied. */
  head: number;
  synced: number;
  /** Blocks of the rollup. */
  pending: number;
  proven: number;
}

/** L1 blocks without news after which L1 or its server is taken to stand still, and the least time, in milliseconds. */
const SILENT_BLOCKS = 10;
const SILENT_LEAST = 60_000;

/** L1 blocks that a node may be behind its head. */
const BEHIND = 8;

export class Monitor implements Service {
  readonly registry = new Registry();
  readonly #options: MonitorOptions;
  readonly #http: HttpService;
  readonly #now: () => number;
  /** When the head moved last. */
  #news: number;
  #stopListening: () => void = () => undefined;

  constructor(options: MonitorOptions) {
    this.#options = options;
    const { address, followed, logger, now = () => performance.now() } = options;
    this.#now = now;
    this.#news = now();
    watchRollup(this.registry, followed);
    this.#http = new HttpService({
      ...address,
      name: "the monitor",
      logger,
      handle: (request, response) => this.#answer(request, response),
    });
  }

  /** Where it listens; undefined while it does not. */
  get url(): string | undefined {
    return this.#http.url;
  }

  get health(): Health {
    const { followed, l1BlockTime } = this.#options;
    const { heads, node } = followed;
    const { chain, syncedTo } = node;
    const head = heads.head?.number ?? 0;
    const silent = this.#now() - this.#news;
    const problems: string[] = [];
    if (silent > Math.max(SILENT_LEAST, SILENT_BLOCKS * l1BlockTime * 1_000))
      problems.push(`L1 showed no new block for ${Math.round(silent / 1_000)} seconds`);
    if (head === 0) problems.push("L1 has not answered yet");
    else if (head - syncedTo > BEHIND)
      problems.push(`the node has read up to L1 block ${syncedTo} of ${head}`);
    return {
      ok: problems.length === 0,
      problems,
      head,
      synced: syncedTo,
      pending: chain.pending,
      proven: chain.proven,
    };
  }

  /** @throws ActorError PORT_TAKEN */
  async start(): Promise<void> {
    if (this.url !== undefined) return;
    const { followed, logger } = this.#options;
    await this.#http.start();
    this.#news = this.#now();
    this.#stopListening = followed.heads.onHead(() => (this.#news = this.#now()));
    collectDefaultMetrics({ register: this.registry });
    logger.info({ url: this.url }, "health and metrics");
  }

  async stop(): Promise<void> {
    this.#stopListening();
    await this.#http.stop();
    this.registry.clear();
  }

  async #answer({ method, url = "" }: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = url.split("?")[0];
    if (method !== "GET" && method !== "HEAD") return send(response, 405, "use GET\n");
    if (path === "/metrics")
      return send(response, 200, await this.registry.metrics(), this.registry.contentType);
    if (path !== "/health") return send(response, 404, "there are /health and /metrics\n");
    const { health } = this;
    send(response, health.ok ? 200 : 503, `${JSON.stringify(health)}\n`, "application/json");
  }
}

/**
 * The monitor of a process, as the first of its services: it answers while the others begin.
 * @param watch adds what the process has besides a node
 */
export function monitorOf(
  { metrics, ...options }: Omit<MonitorOptions, "address"> & { metrics?: MonitorAddress | undefined },
  watch: (registry: Registry) => void = () => undefined,
): Service[] {
  if (!metrics) return [];
  const monitor = new Monitor({ ...options, address: metrics });
  watch(monitor.registry);
  return [monitor];
}

function send(response: ServerResponse, status: number, text: string, type = "text/plain"): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(text);
}

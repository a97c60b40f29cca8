/**
 * What a search of L1's logs for withdrawals found, kept for the next one. Only what no L1 reorg takes back is kept, and
 * a file that is damaged or of another rollup is as good as none: the search begins at the Rollup's creation again.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

import { fromJson, toJson } from "../support/json.ts";

/** Withdrawals of one epoch. */
export interface FoundOutbox {
  epoch: number;
  words: readonly bigint[];
  /** Time of the proof, seconds since genesis. */
  provenAt: number;
  transactionHash: string;
}

/** How far a search got. */
export interface SearchedLogs {
  /** First L1 block that it has not read. */
  next: number;
  outboxes: readonly FoundOutbox[];
}

const schema = z.object({
  identity: z.string(),
  next: z.number().int().nonnegative(),
  outboxes: z.array(
    z.object({
      epoch: z.number().int(),
      words: z.array(z.bigint()),
      provenAt: z.number().int(),
      transactionHash: z.string(),
    }),
  ),
});

export class OutboxCache {
  readonly #path: string;
  readonly #identity: string;

  /** @param parameters `identity` tells this rollup from all others: its genesis hash */
  constructor({ path, identity }: { path: string; identity: string }) {
    this.#path = path;
    this.#identity = identity;
  }

  /** Undefined when nothing of use is there. */
  read(): SearchedLogs | undefined {
    try {
      const text = readFileSync(this.#path, "utf8");
      const end = text.indexOf("\n");
      const json = text.slice(end + 1);
      if (text.slice(0, end) !== sumOf(json)) return undefined;
      const { identity, next, outboxes } = schema.parse(fromJson(json));
      return identity === this.#identity ? { next, outboxes } : undefined;
    } catch {
      return undefined;
    }
  }

  /** As a whole or not at all. */
  write({ next, outboxes }: SearchedLogs): void {
    const json = toJson({ identity: this.#identity, next, outboxes });
    mkdirSync(dirname(this.#path), { recursive: true });
    const draft = `${this.#path}.${process.pid}.part`;
    writeFileSync(draft, `${sumOf(json)}\n${json}`);
    renameSync(draft, this.#path);
  }
}

function sumOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

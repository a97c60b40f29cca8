/**
 * An append-only file of JSON lines. A line is on disk before `append` returns, so an actor that dies at any
 * point finds after its restart everything it intended.
 *
 * Guarantees: one writer at a time (a lock file with the writer's process id); a line that was cut by a crash is
 * dropped with a warning and its bytes are removed; a broken line before the last is refused, since that is no crash.
 */
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

import { ActorError } from "../support/actorError.ts";
import { fromJson, toJson } from "../support/json.ts";
import type { Logger } from "../support/logger.ts";

/** Parameters of {@link Journal.open}. */
export interface JournalOptions {
  path: string;
  logger: Logger;
}

/** A journal of entries of type `Entry`; bigint values are kept as `{"$bigint": "…"}`. */
export class Journal<Entry extends object> {
  readonly #path: string;
  readonly #file: number;
  readonly #entries: Entry[];
  #open = true;

  private constructor(path: string, file: number, entries: Entry[]) {
    this.#path = path;
    this.#file = file;
    this.#entries = entries;
  }

  /**
   * Opens or creates a journal.
   * @throws ActorError JOURNAL_LOCKED while another process holds it, JOURNAL_CORRUPT on a broken line before the last
   */
  static open<Entry extends object>({ path, logger }: JournalOptions): Journal<Entry> {
    mkdirSync(dirname(path), { recursive: true });
    lock(path);
    try {
      const file = openSync(path, "a+");
      const { entries, goodBytes, brokenBytes } = parse<Entry>(path, readFileSync(path));
      if (brokenBytes > 0) {
        logger.warn({ path, brokenBytes }, "the journal's last line was cut by a crash and is dropped");
        ftruncateSync(file, goodBytes);
        fsyncSync(file);
      }
      return new Journal(path, file, entries);
    } catch (error) {
      unlock(path);
      throw error;
    }
  }

  /** Every entry, oldest first. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Writes an entry; it is on disk when this returns. */
  append(entry: Entry): void {
    if (!this.#open) {
      throw new ActorError("JOURNAL_CLOSED", `the journal ${this.#path} is closed`, "open it again");
    }
    writeSync(this.#file, toJson(entry) + "\n");
    fsyncSync(this.#file);
    this.#entries.push(entry);
  }

  /** Closes the file and frees the lock. Safe to call twice. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#file);
    unlock(this.#path);
  }
}

function parse<Entry>(
  path: string,
  bytes: Buffer,
): { entries: Entry[]; goodBytes: number; brokenBytes: number } {
  const entries: Entry[] = [];
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(0x0a, start);
    const end = newline === -1 ? bytes.length : newline;
    const last = newline === -1 || newline === bytes.length - 1;
    try {
      // A line without its newline was cut, even where the part happens to be valid JSON.
      if (newline === -1) throw new SyntaxError("no newline");
      entries.push(fromJson(bytes.toString("utf8", start, end)) as Entry);
    } catch (error) {
      if (last) break;
      throw new ActorError(
        "JOURNAL_CORRUPT",
        `line ${entries.length + 1} of the journal ${path} is not JSON`,
        "restore the file from a backup; deleting it allows to sign twice for one slot",
        error,
      );
    }
    start = end + 1;
  }
  return { entries, goodBytes: start, brokenBytes: bytes.length - start };
}

function lock(path: string): void {
  const lockPath = `${path}.lock`;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = openSync(lockPath, "wx");
      writeSync(file, String(process.pid));
      closeSync(file);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (attempt === 0 && !holderLives(lockPath)) rmSync(lockPath, { force: true });
    }
  }
  throw new ActorError(
    "JOURNAL_LOCKED",
    `the journal ${path} is in use`,
    `stop the other process, or delete ${lockPath} when none runs`,
  );
}

function unlock(path: string): void {
  rmSync(`${path}.lock`, { force: true });
}

function holderLives(lockPath: string): boolean {
  let holder: number;
  try {
    holder = Number(readFileSync(lockPath, "utf8"));
  } catch {
    return false;
  }
  if (!Number.isInteger(holder) || holder <= 0) return false;
  try {
    process.kill(holder, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

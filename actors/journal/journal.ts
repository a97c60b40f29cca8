/**
 * An append-only file of JSON lines. A line is on disk before `append` returns, so an actor that dies at any
 * point finds after its restart everything it intended.
 *
 * Guarantees: one writer at a time (a lock file with the writer's process id); a last line without its newline was cut
 * by a crash: it is dropped with a warning and its bytes are removed; any other broken line is refused, since that is no
 * crash. A write that fails leaves the file as it was, and the journal takes no more entries until it is opened again.
 */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

import { ActorError, messageOf } from "../support/actorError.ts";
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
  /** Bytes of the whole lines. */
  #length: number;
  #open = true;
  /** Why the last write failed. */
  #failure: unknown;

  private constructor(path: string, file: number, entries: Entry[], length: number) {
    this.#path = path;
    this.#file = file;
    this.#entries = entries;
    this.#length = length;
  }

  /**
   * Opens or creates a journal.
   * @throws ActorError JOURNAL_LOCKED while another process holds it, JOURNAL_CORRUPT on a broken line
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
      return new Journal(path, file, entries, goodBytes);
    } catch (error) {
      unlock(path);
      throw error;
    }
  }

  /** Every entry, oldest first. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /**
   * Writes an entry; it is on disk when this returns.
   * @throws ActorError JOURNAL_CLOSED when closed, when the entry cannot be written, and for every entry after that
   */
  append(entry: Entry): void {
    if (!this.#open) {
      throw new ActorError("JOURNAL_CLOSED", `the journal ${this.#path} is closed`, "open it again");
    }
    if (this.#failure !== undefined) throw unwritable(this.#path, this.#failure);
    const line = Buffer.from(toJson(entry) + "\n");
    try {
      // A disk that fills up takes a part of the bytes and says so only by their number.
      for (let at = 0; at < line.length;) {
        const written = writeSync(this.#file, line, at, line.length - at);
        if (written === 0) throw new Error("no byte was written");
        at += written;
      }
      fsyncSync(this.#file);
    } catch (error) {
      this.#failure = error;
      this.#removeTail();
      throw unwritable(this.#path, error);
    }
    this.#length += line.length;
    this.#entries.push(entry);
  }

  /** Closes the file and frees the lock. Safe to call twice. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#file);
    unlock(this.#path);
  }

  /** Removes what a failed write left behind the last whole line. */
  #removeTail(): void {
    try {
      ftruncateSync(this.#file, this.#length);
      fsyncSync(this.#file);
    } catch {
      // The next open removes a line without its newline; until then nothing is written behind it.
    }
  }
}

function parse<Entry>(
  path: string,
  bytes: Buffer,
): { entries: Entry[]; goodBytes: number; brokenBytes: number } {
  const entries: Entry[] = [];
  let start = 0;
  for (;;) {
    // What follows the last newline was cut, even where it happens to be valid JSON.
    const end = bytes.indexOf(0x0a, start);
    if (end === -1) break;
    try {
      entries.push(fromJson(bytes.toString("utf8", start, end)) as Entry);
    } catch (error) {
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

function unwritable(path: string, cause: unknown): ActorError {
  return new ActorError(
    "JOURNAL_CLOSED",
    `the journal ${path} could not be written and takes no more entries: ${messageOf(cause)}`,
    "make room on its disk and start again",
    cause,
  );
}

function lock(path: string): void {
  const lockPath = `${path}.lock`;
  if (createLock(lockPath) || (!holderLives(lockPath) && takeOver(lockPath))) return;
  throw new ActorError(
    "JOURNAL_LOCKED",
    `the journal ${path} is in use`,
    `stop the other process, or delete ${lockPath} and ${takeoverOf(lockPath)} when none runs`,
  );
}

/** Replaces the lock of a dead process; one process at a time does, or it could remove the lock of one that just did. */
function takeOver(lockPath: string): boolean {
  const takeover = takeoverOf(lockPath);
  if (!createLock(takeover)) return false;
  try {
    if (existsSync(lockPath)) {
      // Another may have taken it over since it was looked at.
      if (holderLives(lockPath)) return false;
      rmSync(lockPath, { force: true });
    }
    return createLock(lockPath);
  } finally {
    rmSync(takeover, { force: true });
  }
}

function takeoverOf(lockPath: string): string {
  return `${lockPath}.takeover`;
}

/** Creates a file with this process's id, both at once: nobody sees it empty. False when the file exists. */
function createLock(lockPath: string): boolean {
  const draft = `${lockPath}.${randomUUID()}`;
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, lockPath);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
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

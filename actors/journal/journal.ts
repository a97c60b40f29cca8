/**
 * An append-only file of JSON lines. A line is on disk before `append` returns, so an actor that dies at any
 * point finds after its restart everything it intended.
 *
 *     {"type":"proposal","slot":7,…} #3f09c1d2a47be650
 *
 * Each line ends with a checksum over all lines up to it, and `FILE.head` has the number of lines and the last checksum.
 *
 * Guarantees: one writer at a time (`FILE.lock`, see `fileLock.ts`); a last line without its newline that the head does
 * not count was cut by a crash: it is dropped with a warning and its bytes are removed; every other change, a flipped
 * bit, a line gone, an end cut off, is refused, since that is no crash. A write that fails leaves the file as it was, and
 * the journal takes no more entries until it is opened again.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

import { ActorError, messageOf } from "../support/actorError.ts";
import { fromJson, toJson } from "../support/json.ts";
import type { Logger } from "../support/logger.ts";
import { type FileLock, takeLock } from "./fileLock.ts";

/** Parameters of {@link Journal.open}. */
export interface JournalOptions {
  path: string;
  logger: Logger;
  /** Told when a write fails: from then on the journal takes no entries. */
  onFailure?: (error: unknown) => void;
}

/** How far a journal got, as its head says. */
interface Head {
  lines: number;
  checksum: string;
}

/** A journal of entries of type `Entry`; bigint values are kept as `{"$bigint": "…"}`. */
export class Journal<Entry extends object> {
  /** True when the head confirmed every entry; false for a new journal, and for one whose head is lost. */
  readonly isWhole: boolean;
  readonly #path: string;
  readonly #lock: FileLock;
  readonly #file: number;
  readonly #headFile: number;
  readonly #entries: Entry[];
  readonly #onFailure: (error: unknown) => void;
  /** Of the last line. */
  #checksum: string;
  /** Bytes of the whole lines. */
  #length: number;
  #open = true;
  /** Why the last write failed. */
  #failure: unknown;

  private constructor(
    { path, onFailure = () => undefined }: JournalOptions,
    files: { lock: FileLock; file: number; headFile: number; isWhole: boolean },
    { entries, checksum, goodBytes }: Content<Entry>,
  ) {
    this.#path = path;
    this.#onFailure = onFailure;
    this.#lock = files.lock;
    this.#file = files.file;
    this.#headFile = files.headFile;
    this.isWhole = files.isWhole;
    this.#entries = entries;
    this.#checksum = checksum;
    this.#length = goodBytes;
  }

  /**
   * Opens or creates a journal.
   * @throws ActorError JOURNAL_LOCKED while another process holds it, JOURNAL_CORRUPT when it is not as it was left
   */
  static open<Entry extends object>(options: JournalOptions): Journal<Entry> {
    const { path, logger } = options;
    mkdirSync(dirname(path), { recursive: true });
    const lock = takeLock(`${path}.lock`);
    if (!lock)
      throw new ActorError("JOURNAL_LOCKED", `the journal ${path} is in use`, "stop the other process");
    const opened: number[] = [];
    try {
      const head = readHead(path);
      const content = parse<Entry>(path, existsSync(path) ? readFileSync(path) : Buffer.alloc(0), head);
      const { entries, checksum, goodBytes, brokenBytes } = content;
      if (!head && entries.length > 0) {
        logger.warn(
          { path },
          "the journal has no head that tells its end; what follows its last line may be lost",
        );
      }
      const file = openSync(path, "a+");
      opened.push(file);
      // Not for appending: it is written in place.
      const headFile = openSync(headOf(path), constants.O_RDWR | constants.O_CREAT, 0o644);
      opened.push(headFile);
      if (brokenBytes > 0) {
        logger.warn({ path, brokenBytes }, "the journal's last line was cut by a crash and is dropped");
        ftruncateSync(file, goodBytes);
        fsyncSync(file);
      }
      writeHead(headFile, { lines: entries.length, checksum });
      const isWhole = head !== undefined;
      return new Journal(options, { lock, file, headFile, isWhole }, content);
    } catch (error) {
      for (const file of opened) closeSync(file);
      lock.release();
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
    const json = toJson(entry);
    const checksum = checksumOf(this.#checksum, json);
    const line = Buffer.from(`${json} #${checksum}\n`);
    try {
      writeAll(this.#file, line);
      fsyncSync(this.#file);
      // After the line: a crash in between leaves a journal that is longer than its head, never one that is shorter.
      writeHead(this.#headFile, { lines: this.#entries.length + 1, checksum });
    } catch (error) {
      this.#failure = error;
      this.#removeTail();
      this.#onFailure(unwritable(this.#path, error));
      throw unwritable(this.#path, error);
    }
    this.#checksum = checksum;
    this.#length += line.length;
    this.#entries.push(entry);
  }

  /** Closes the file and frees the lock. Safe to call twice. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#file);
    closeSync(this.#headFile);
    this.#lock.release();
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

/** What a file holds. */
interface Content<Entry> {
  entries: Entry[];
  checksum: string;
  goodBytes: number;
  brokenBytes: number;
}

/** Of a journal without lines. */
const START = "0".repeat(16);

function parse<Entry>(path: string, bytes: Buffer, head: Head | undefined): Content<Entry> {
  const entries: Entry[] = [];
  let checksum = START;
  let start = 0;
  const check = (): void => {
    if (entries.length === head?.lines && checksum !== head.checksum)
      throw corrupt(path, "does not end as its head says");
  };
  check();
  for (;;) {
    // What follows the last newline was cut, even where it happens to be a whole entry.
    const end = bytes.indexOf(0x0a, start);
    if (end === -1) break;
    const [, json = "", claimed] = LINE.exec(bytes.toString("utf8", start, end)) ?? [];
    checksum = checksumOf(checksum, json);
    if (checksum !== claimed) throw corrupt(path, `was changed in line ${entries.length + 1}`);
    entries.push(fromJson(json) as Entry);
    start = end + 1;
    check();
  }
  if (head && entries.length < head.lines)
    throw corrupt(path, `has ${entries.length} whole lines of ${head.lines}`);
  return { entries, checksum, goodBytes: start, brokenBytes: bytes.length - start };
}

const LINE = /^(.*) #([0-9a-f]{16})$/;

function checksumOf(before: string, json: string): string {
  return createHash("sha256").update(before).update(json).digest("hex").slice(0, 16);
}

function headOf(path: string): string {
  return `${path}.head`;
}

/** Undefined when there is none, or none that can be read: it then says nothing about the journal. */
function readHead(path: string): Head | undefined {
  const text = existsSync(headOf(path)) ? readFileSync(headOf(path), "latin1") : "";
  const [, lines, checksum] = /^(\d{12}) ([0-9a-f]{16})\n$/.exec(text) ?? [];
  return lines === undefined ? undefined : { lines: Number(lines), checksum: checksum! };
}

/** In place and always of one length, so that no state lies between the old head and the new one. */
function writeHead(file: number, { lines, checksum }: Head): void {
  const bytes = Buffer.from(`${String(lines).padStart(12, "0")} ${checksum}\n`);
  writeAll(file, bytes, 0);
  fsyncSync(file);
}

/** A disk that fills up takes a part of the bytes and says so only by their number. */
function writeAll(file: number, bytes: Uint8Array, position?: number): void {
  for (let at = 0; at < bytes.length;) {
    const place = position === undefined ? null : position + at;
    const written = writeSync(file, bytes, at, bytes.length - at, place);
    if (written === 0) throw new Error("no byte was written");
    at += written;
  }
}

function corrupt(path: string, what: string): ActorError {
  return new ActorError(
    "JOURNAL_CORRUPT",
    `the journal ${path} ${what}`,
    `restore it with its .head from a backup; without one, move both away: a sequencer then signs nothing for the slot of its start, and a wallet no longer knows what it has sent`,
  );
}

function unwritable(path: string, cause: unknown): ActorError {
  return new ActorError(
    "JOURNAL_CLOSED",
    `the journal ${path} could not be written and takes no more entries: ${messageOf(cause)}`,
    "make room on its disk and start again",
    cause,
  );
}

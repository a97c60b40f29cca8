/**
 * A node's state on disk: an SQLite database with the proven accounts, the messages, the blocks since the proven tip,
 * the withdrawals of every proven epoch, and the L1 block up to which all this holds.
 *
 * Guarantees: a commit is one transaction, so a process that dies leaves the state of an L1 block, whole; only what is
 * too deep for an L1 reorg is committed, so nothing on disk is ever taken back; what was read is checked before it is
 * used (by `restoreChain` against roots and rolling hashes, and by a checksum a row where no root covers it), and a file
 * that is damaged is reported once and begun anew.
 */
import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { toHex } from "../../protocol/bytes.ts";
import type { Account } from "../../protocol/account.ts";
import { encodeMessage, decodeMessage, type Message } from "../../protocol/message.ts";
import { decodeWithdrawal, encodeWithdrawal } from "../../protocol/withdrawal.ts";
import type { ProposedEvent } from "../l1/rollupContract.ts";
import { ActorError, messageOf } from "../support/actorError.ts";
import { fromJson, toJson } from "../support/json.ts";
import type { Logger } from "../support/logger.ts";
import type { ProvenEpoch } from "./chainState.ts";

/** Changed with every change of the tables or of what they mean. */
const SCHEMA = 2;

const TABLES = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE messages (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE accounts (leaf INTEGER PRIMARY KEY, account TEXT NOT NULL) STRICT;
  CREATE TABLE blocks (number INTEGER PRIMARY KEY, event TEXT NOT NULL, valid INTEGER NOT NULL, blob BLOB NOT NULL, sum TEXT NOT NULL) STRICT;
  CREATE TABLE epochs (number INTEGER PRIMARY KEY, epoch TEXT NOT NULL, sum TEXT NOT NULL) STRICT;
`;

/** An L1 block. */
export interface L1Point {
  number: number;
  hash: string;
}

/** What one event of L1 changes. */
export type StoreChange =
  | { type: "message"; number: number; message: Message; rollingHash: bigint }
  | ({ type: "block" } & StoredBlock)
  | { type: "pruned"; proven: number }
  | { type: "rolledBack"; last: number }
  | { type: "proven"; epoch: ProvenEpoch; accounts: readonly (readonly [number, Account])[] };

/** A block as L1 announced it, with its blob. */
export interface StoredBlock {
  event: ProposedEvent;
  /** Whether the node followed it. */
  valid: boolean;
  /** Without the zeros at its end. */
  blob: Uint8Array;
}

/** Everything that a store holds. */
export interface StoredState {
  l1: L1Point;
  /** Number of the proven block; 0: none. */
  proven: number;
  messages: Message[];
  /** Rolling hash after the last message. */
  rollingHash: bigint;
  accounts: (readonly [number, Account])[];
  /** From the parent of the proven block on. */
  blocks: StoredBlock[];
  epochs: ProvenEpoch[];
}

/** Parameters of {@link NodeStore.open}. */
export interface NodeStoreOptions {
  path: string;
  /** What tells this chain from all others; the store of another is damage. */
  identity: string;
  logger: Logger;
  /** Told when a commit fails because nothing can be written. */
  onFailure?: (error: unknown) => void;
}

/** What tells a chain from all others: its genesis hash binds L1, Rollup and version. */
export function chainIdentity({ genesisHash }: { genesisHash: bigint }): string {
  return toHex(genesisHash);
}

export class NodeStore {
  readonly #options: NodeStoreOptions;
  #database: DatabaseSync;

  private constructor(options: NodeStoreOptions, database: DatabaseSync) {
    this.#options = options;
    this.#database = database;
  }

  /**
   * Opens or creates a store. One that is damaged is begun anew, with a warning.
   * @throws ActorError STORE_LOCKED while another process holds it, STORE_UNWRITABLE when its disk is full or fails: then
   * it stays as it is
   */
  static open(options: NodeStoreOptions): NodeStore {
    const { path } = options;
    mkdirSync(dirname(path), { recursive: true });
    try {
      return new NodeStore(options, openDatabase(options));
    } catch (error) {
      if (isBusy(error)) throw locked(path, error);
      if (isDiskFailure(error)) throw unusable(path, error);
      warn(options, error);
    }
    remove(path);
    try {
      return new NodeStore(options, openDatabase(options));
    } catch (error) {
      throw isDiskFailure(error) ? unusable(path, error) : error;
    }
  }

  /**
   * Everything kept; undefined for a new store.
   * @throws ActorError STORE_UNWRITABLE when the disk fails; whatever a damaged file makes of it: then call `reset`
   */
  read(): StoredState | undefined {
    try {
      return this.#read();
    } catch (error) {
      throw isDiskFailure(error) ? unusable(this.#options.path, error) : error;
    }
  }

  #read(): StoredState | undefined {
    const l1 = this.#meta("l1");
    if (l1 === undefined) return undefined;
    return {
      l1: fromJson(l1) as L1Point,
      proven: Number(this.#meta("proven") ?? 0),
      messages: this.#rows("SELECT bytes FROM messages ORDER BY number").map(({ bytes }) =>
        decodeMessage(bytes as Uint8Array),
      ),
      accounts: this.#rows("SELECT leaf, account FROM accounts").map(
        ({ leaf, account }) => [Number(leaf), fromJson(account as string) as Account] as const,
      ),
      rollingHash: BigInt(this.#meta("rollingHash") ?? 0),
      blocks: this.#rows("SELECT number, event, valid, blob, sum FROM blocks ORDER BY number").map(
        ({ number, event, valid, blob, sum }) => {
          checkSum(`block ${String(number)}`, sum, [event as string, Number(valid)]);
          return {
            event: fromJson(event as string) as ProposedEvent,
            valid: valid === 1,
            blob: blob as Uint8Array,
          };
        },
      ),
      epochs: this.#rows("SELECT epoch, sum FROM epochs ORDER BY number").map(epochOfRow),
    };
  }

  /** A proven epoch by its number, however long ago. */
  epoch(epoch: number): ProvenEpoch | undefined {
    const row = this.#database.prepare("SELECT epoch, sum FROM epochs WHERE number = ?").get(epoch);
    return row && epochOfRow(row);
  }

  /**
   * Applies changes and moves to the L1 block, all or nothing.
   * @throws ActorError STORE_UNWRITABLE when the disk is full or fails: the same changes can be tried again
   */
  commit(changes: readonly StoreChange[], l1: L1Point): void {
    try {
      this.#transaction(() => {
        for (const change of changes) this.#apply(change);
        this.#setMeta("l1", toJson(l1));
      });
    } catch (error) {
      if (!isDiskFailure(error)) throw error;
      const failure = unusable(this.#options.path, error);
      this.#options.onFailure?.(failure);
      throw failure;
    }
  }

  /** Empties the store, with a warning that says why. */
  reset(reason: unknown): void {
    warn(this.#options, reason);
    this.#database.close();
    remove(this.#options.path);
    this.#database = openDatabase(this.#options);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #apply(change: StoreChange): void {
    switch (change.type) {
      case "message":
        this.#run("INSERT INTO messages VALUES (?, ?)", change.number, encodeMessage(change.message));
        this.#setMeta("rollingHash", String(change.rollingHash));
        return;
      case "block": {
        const { event, valid, blob } = change;
        const covered = [toJson(event), Number(valid)] as const;
        this.#run(
          "INSERT INTO blocks VALUES (?, ?, ?, ?, ?)",
          event.number,
          ...covered,
          blob,
          sumOf(covered),
        );
        return;
      }
      case "pruned":
        this.#run("DELETE FROM blocks WHERE number > ?", change.proven);
        return;
      case "rolledBack":
        this.#run("DELETE FROM blocks WHERE number > ?", change.last);
        return;
      case "proven": {
        const { epoch, accounts } = change;
        for (const [leaf, account] of accounts) {
          this.#run("INSERT OR REPLACE INTO accounts VALUES (?, ?)", leaf, toJson(account));
        }
        const text = epochToJson(epoch);
        this.#run("INSERT OR REPLACE INTO epochs VALUES (?, ?, ?)", epoch.epoch, text, sumOf([text]));
        this.#run("DELETE FROM blocks WHERE number < ?", epoch.number - 1);
        this.#setMeta("proven", String(epoch.number));
      }
    }
  }

  #transaction(work: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #meta(key: string): string | undefined {
    const row = this.#database.prepare("SELECT value FROM meta WHERE key = ?").get(key);
    return row?.["value"] as string | undefined;
  }

  #setMeta(key: string, value: string): void {
    this.#run("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value);
  }

  #rows(query: string): Record<string, unknown>[] {
    return this.#database.prepare(query).all();
  }

  #run(statement: string, ...values: (string | number | Uint8Array)[]): void {
    this.#database.prepare(statement).run(...values);
  }
}

function openDatabase({ path, identity }: NodeStoreOptions): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    // FULL: what was committed is on disk. EXCLUSIVE: two nodes on one file would commit the same blocks.
    database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    const version = Number(database.prepare("PRAGMA user_version").get()!["user_version"]);
    if (version === 0) {
      database.exec(`BEGIN; ${TABLES} PRAGMA user_version = ${SCHEMA}; COMMIT;`);
      database.prepare("INSERT INTO meta VALUES ('identity', ?)").run(identity);
      return database;
    }
    if (version !== SCHEMA) throw new Error(`its schema is ${version}, not ${SCHEMA}`);
    const check = database.prepare("PRAGMA quick_check(1)").get()!["quick_check"];
    if (check !== "ok") throw new Error(String(check));
    const owner = database.prepare("SELECT value FROM meta WHERE key = 'identity'").get()?.["value"];
    if (owner !== identity) throw new Error("it belongs to another chain");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function remove(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
}

function warn({ path, logger }: NodeStoreOptions, reason: unknown): void {
  logger.warn({ path, reason: messageOf(reason) }, "the node's store is of no use; syncing from L1 again");
}

/** SQLite's "database is locked". */
function isBusy(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === 5;
}

/** What SQLite says of the machine, not of the file: permissions, memory, read-only, disk I/O, a full disk, no access. */
const DISK_FAILURES: readonly number[] = [3, 7, 8, 10, 13, 14];

/** A file that ends too early is damage, though SQLite counts it among the I/O errors. */
const SHORT_READ = 10 | (2 << 8);

function isDiskFailure(error: unknown): boolean {
  const { errcode = 0 } = error as { errcode?: number };
  // The causes of an error are in its upper bits.
  return errcode !== SHORT_READ && DISK_FAILURES.includes(errcode & 0xff);
}

function unusable(path: string, cause: unknown): ActorError {
  return new ActorError(
    "STORE_UNWRITABLE",
    `the store ${path} could not be read or written: ${messageOf(cause)}`,
    "make room on its disk, see that it may be written, and start again",
    cause,
  );
}

/** Of what no root or hash of the chain covers. */
function sumOf(values: readonly (string | number)[]): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex").slice(0, 16);
}

function checkSum(what: string, sum: unknown, values: readonly (string | number)[]): void {
  if (sum !== sumOf(values)) throw new Error(`${what} does not have its checksum`);
}

function epochOfRow({ epoch, sum }: Record<string, unknown>): ProvenEpoch {
  checkSum("an epoch", sum, [epoch as string]);
  return epochFromJson(epoch as string);
}

function locked(path: string, cause: unknown): ActorError {
  return new ActorError("STORE_LOCKED", `the store ${path} is in use`, "stop the other process", cause);
}

function epochToJson(epoch: ProvenEpoch): string {
  return toJson({ ...epoch, withdrawals: epoch.withdrawals.map(encodeWithdrawal) });
}

function epochFromJson(text: string): ProvenEpoch {
  const { withdrawals, ...rest } = fromJson(text) as Omit<ProvenEpoch, "withdrawals"> & {
    withdrawals: bigint[];
  };
  return { ...rest, withdrawals: withdrawals.map(decodeWithdrawal) };
}

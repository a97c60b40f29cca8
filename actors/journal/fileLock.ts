/**
 * A lock on a file that ends with its process, whatever ends it: the operating system's own, as SQLite takes it on an
 * empty database. Nothing about the holder is written down, so there is no process id that a container could give to
 * another, and nothing to clean up after a crash. On a network file system it is as good as that system's locks.
 */
import { rmSync, truncateSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** SQLite's codes for "database is locked" and "file is not a database". */
const BUSY = 5;
const NOT_A_DATABASE = 26;

/** A lock that this process holds. */
export interface FileLock {
  /** Safe to call twice. */
  release(): void;
}

/** Those held by this process: one that nothing refers to any more would be freed with its memory. */
const held = new Set<DatabaseSync>();

/** Takes the lock; undefined while another holds it, in this process or any other. The file stays, empty. */
export function takeLock(path: string): FileLock | undefined {
  for (let tries = 2; ; tries--) {
    const database = new DatabaseSync(path);
    try {
      database.exec("BEGIN EXCLUSIVE");
      // Earlier versions wrote process ids, and this file while they replaced one.
      rmSync(`${path}.takeover`, { force: true });
      held.add(database);
      return {
        release: () => {
          if (held.delete(database)) database.close();
        },
      };
    } catch (error) {
      database.close();
      const { errcode } = error as { errcode?: number };
      if (errcode === BUSY) return undefined;
      if (errcode !== NOT_A_DATABASE || tries === 0) throw error;
      // What is in it means nothing: a process id of an earlier version, or damage.
      truncateSync(path);
    }
  }
}

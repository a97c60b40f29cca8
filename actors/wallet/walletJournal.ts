/**
 * The wallet's memory of what it was asked to do: two journals beside the key file, one folder a rollup. An intent is
 * on disk before anything is sent, so that the same request, made again because its answer got lost, ends the earlier
 * attempt and does not become a second one.
 */
import { join } from "node:path";

import { type ActorJournal, openActorJournal } from "../journal/actorJournal.ts";
import { Journal } from "../journal/journal.ts";
import type { Logger } from "../support/logger.ts";

/** A signed transaction is about to be submitted for `request`. */
export interface IntentEntry {
  type: "intent";
  request: string;
  id: string;
  words: readonly bigint[];
}

/** A node took or refused it: the next such request is a new one. */
export interface AnsweredEntry {
  type: "answered";
  id: string;
}

export type LedgerJournal = Journal<IntentEntry | AnsweredEntry>;

export interface WalletJournals {
  /** Transactions of the ledger. */
  ledger: LedgerJournal;
  /** Transactions on L1. */
  l1: ActorJournal;
  close(): void;
}

/**
 * Opens the journals of a key for one rollup. Genesis time is part of the name, because a chain on one machine begins
 * anew with the same addresses.
 * @throws ActorError JOURNAL_LOCKED while another command uses the key, JOURNAL_CORRUPT
 */
export function openWalletJournals(parameters: {
  keyFile: string;
  rollup: { chainId: number; genesisTime: number; addresses: { rollup: string } };
  logger: Logger;
}): WalletJournals {
  const { keyFile, rollup, logger } = parameters;
  const { chainId, genesisTime, addresses } = rollup;
  const name = `${chainId}-${addresses.rollup.slice(2, 10).toLowerCase()}-${genesisTime}`;
  const folder = join(`${keyFile}.journal`, name);
  const ledger: LedgerJournal = Journal.open({ path: join(folder, "ledger.journal"), logger });
  try {
    const l1 = openActorJournal({ path: join(folder, "l1.journal"), logger });
    return { ledger, l1, close: () => (ledger.close(), l1.close()) };
  } catch (error) {
    ledger.close();
    throw error;
  }
}

/** The newest intent for a request that no answer is known of. */
export function openIntent(journal: LedgerJournal, request: string): IntentEntry | undefined {
  const { entries } = journal;
  const intent = entries.findLast(
    (entry): entry is IntentEntry => entry.type === "intent" && entry.request === request,
  );
  if (!intent) return undefined;
  const answered = entries.some((entry) => entry.type === "answered" && entry.id === intent.id);
  return answered ? undefined : intent;
}

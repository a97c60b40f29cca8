import { Journal, type JournalOptions } from "./journal.ts";

/** An actor is about to send a transaction for `purpose`; `nonce` is the account's on L1. */
export interface SendEntry {
  type: "send";
  purpose: string;
  from: string;
  nonce: number;
  hash: string;
  /** 0 for the first, 1 for its first replacement, and so on. */
  attempt: number;
}

/** A transaction was found in an L1 block. */
export interface MinedEntry {
  type: "mined";
  purpose: string;
  hash: string;
  block: number;
  success: boolean;
}

/** A proposal for `slot` of a rollup was signed; `digest` is what the signature covers. */
export interface ProposalEntry {
  type: "proposal";
  /** Which rollup; absent in lines of earlier versions, which count for every one. */
  scope?: string;
  slot: number;
  digest: string;
}

/** A committee key is about to sign; `digest` is what the signature covers, `scope` names the key and the instance. */
export interface SignedEntry {
  type: "signed";
  kind: "Attestation" | "Proposal";
  scope: string;
  slot: number;
  digest: string;
}

export type ActorEntry = SendEntry | MinedEntry | ProposalEntry | SignedEntry;

/** The journal of one actor: intents and transaction hashes. */
export type ActorJournal = Journal<ActorEntry>;

/** Opens an actor's journal; see {@link Journal.open} for its errors. */
export function openActorJournal(options: JournalOptions): ActorJournal {
  return Journal.open<ActorEntry>(options);
}

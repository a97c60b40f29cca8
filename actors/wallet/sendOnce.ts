/**
 * One L1 transaction for one purpose, also when answers get lost. The journal knows the hashes that went out; the
 * chain knows which of them was mined.
 */
import type { JsonRpcProvider, TransactionReceipt } from "ethers";

import type { ActorJournal, SendEntry } from "../journal/actorJournal.ts";
import type { L1Account, SendRequest } from "../l1/l1Account.ts";
import { isActorError } from "../support/actorError.ts";
import { WalletError } from "./walletError.ts";

/** A transaction that L1 has mined, without a revert. */
export interface MinedTransaction {
  receipt: TransactionReceipt;
  /** True when an earlier call had sent it, and its answer got lost. */
  resumed: boolean;
}

/** Parameters of {@link sendOnce}. */
export interface SendOnceParameters {
  provider: JsonRpcProvider;
  account: L1Account;
  journal: ActorJournal;
  /** Names the request: the same words for the same request. */
  purpose: string;
  /** Made only when nothing sent earlier has been or can be mined beside it. */
  make: () => Promise<Omit<SendRequest, "purpose">>;
  signal?: AbortSignal;
}

/**
 * Sends, or ends what an earlier call for the same purpose left open. A repeated send has the nonce of the earlier one,
 * so that at most one of the two is mined, whenever that happens.
 * @throws WalletError EARLIER_TRANSACTION_WAITS; RevertError, ActorError as {@link L1Account.send}
 */
export async function sendOnce(parameters: SendOnceParameters): Promise<MinedTransaction> {
  const { account, purpose, make, signal } = parameters;
  const earlier = await findEarlier(parameters);
  if (earlier.receipt) return { receipt: earlier.receipt, resumed: true };
  const made = { ...(await make()), purpose, ...(signal ? { signal } : {}) };
  // Making it takes a while, in which the earlier one may have been mined.
  const { receipt: late, nonce } = await findEarlier(parameters);
  if (late) return { receipt: late, resumed: true };
  const request = nonce === undefined ? made : { ...made, nonce };
  try {
    return { receipt: (await account.send(request)).receipt, resumed: false };
  } catch (error) {
    // Of two versions with one nonce, the other may be the one that was mined.
    const { receipt } = isActorError(error, "TRANSACTION_NOT_MINED") ? await findEarlier(parameters) : {};
    if (receipt) return { receipt, resumed: true };
    throw error;
  }
}

/** What became of an open send. Both absent: there is none, or it is void. */
interface Earlier {
  /** It was mined. */
  receipt?: TransactionReceipt;
  /** It may still be mined: a new version must have its nonce. */
  nonce?: number;
}

async function findEarlier(parameters: SendOnceParameters): Promise<Earlier> {
  const { provider, account, journal, purpose } = parameters;
  const sends = openSends(journal, purpose);
  if (sends.length === 0) return {};
  // Asked for first: a receipt that comes between the two questions is then found by the second call.
  const count = await provider.getTransactionCount(account.address, "latest");
  for (const { hash } of sends) {
    const receipt = await provider.getTransactionReceipt(hash);
    if (!receipt) continue;
    const success = receipt.status === 1;
    journal.append({ type: "mined", purpose, hash, block: receipt.blockNumber, success });
    // What was reverted had no effect, and may be tried again.
    return success ? { receipt } : {};
  }
  // With its nonce used by another it is void; with its nonce the next one, a new version takes its place. In between,
  // both could be mined.
  const nonce = Math.max(...sends.filter(({ from }) => from === account.address).map((send) => send.nonce));
  if (nonce === count) return { nonce };
  if (nonce < count) return {};
  throw new WalletError(
    "EARLIER_TRANSACTION_WAITS",
    `an earlier transaction for the same waits with nonce ${nonce}, and ${account.address} is at ${count} on L1`,
    "let the transactions before it be mined, then call again",
  );
}

/** Versions sent for a purpose since one of them was last seen mined. */
function openSends(journal: ActorJournal, purpose: string): SendEntry[] {
  const { entries } = journal;
  const done = entries.findLastIndex((entry) => entry.type === "mined" && entry.purpose === purpose);
  return entries
    .slice(done + 1)
    .filter((entry): entry is SendEntry => entry.type === "send" && entry.purpose === purpose);
}

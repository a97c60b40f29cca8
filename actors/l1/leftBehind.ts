import type { JsonRpcProvider } from "ethers";

import type { ActorEntry, SendEntry } from "../journal/actorJournal.ts";
import type { L1Fees } from "./fees.ts";

/** A transaction that was given up and may still hold its nonce in the pools. */
export interface LeftBehind {
  /** What its last version offers. */
  fees: L1Fees;
  /** Whether it carries blobs. */
  blob: boolean;
}

interface RawTransaction {
  blockNumber: string | null;
  type: string;
  maxFeePerGas?: string;
  maxPriorityFeePerGas?: string;
  maxFeePerBlobGas?: string;
  gasPrice?: string;
}

/** Of an account's journal, what earlier runs sent and the node still has in its pool, by nonce. */
export async function readLeftBehind({
  provider,
  sends,
  from,
  mined,
}: {
  provider: JsonRpcProvider;
  sends: readonly ActorEntry[];
  from: string;
  /** Transactions of the account that L1 has mined: what has a lower nonce is settled. */
  mined: number;
}): Promise<Map<number, LeftBehind>> {
  const left = new Map<number, LeftBehind>();
  const open = sends.filter(
    (entry): entry is SendEntry => entry.type === "send" && entry.from === from && entry.nonce >= mined,
  );
  for (const { nonce, hash } of open) {
    const raw = (await provider.send("eth_getTransactionByHash", [hash])) as RawTransaction | null;
    if (raw?.blockNumber !== null) continue;
    const price = raw.maxFeePerGas ?? raw.gasPrice ?? "0x0";
    left.set(nonce, {
      fees: {
        maxFeePerGas: BigInt(price),
        maxPriorityFeePerGas: BigInt(raw.maxPriorityFeePerGas ?? price),
        maxFeePerBlobGas: BigInt(raw.maxFeePerBlobGas ?? "0x0"),
      },
      blob: Number(raw.type) === 3,
    });
  }
  return left;
}

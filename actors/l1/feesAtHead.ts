import type { JsonRpcProvider } from "ethers";

import { readL1Fees } from "./fees.ts";
import type { HeadFollower } from "./headFollower.ts";

/** L1's base fees, read once a head: whoever asks a node for fees, and however often, does not ask L1. */
export function feesAtHead({
  provider,
  heads,
}: {
  provider: JsonRpcProvider;
  heads: Pick<HeadFollower, "head">;
}): () => ReturnType<typeof readL1Fees> {
  let known: { hash: string | undefined; fees: ReturnType<typeof readL1Fees> } | undefined;
  return () => {
    const hash = heads.head?.hash;
    if (known?.hash === hash && known) return known.fees;
    const read = { hash, fees: readL1Fees(provider) };
    known = read;
    read.fees.catch(() => {
      if (known === read) known = undefined;
    });
    return read.fees;
  };
}

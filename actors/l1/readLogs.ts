import type { JsonRpcProvider, Log } from "ethers";

import type { L1Head } from "./provider.ts";

/** L1 blocks behind its head that some of its servers may not have yet. */
const ASKED_BY_HASH = 8;

/** Parameters of {@link readLogs}. */
export interface ReadLogsParameters {
  provider: JsonRpcProvider;
  address: string;
  from: number;
  to: number;
  /** Number of the newest L1 block. */
  head: number;
  /** Gives the header of a block. */
  readBlock: (number: number) => Promise<L1Head>;
}

/**
 * A contract's logs in L1 blocks `from` to `to`, in order. The newest blocks before `head` are asked for by hash: where
 * several servers share an address, one that does not have a block yet has no logs of it in a range either, and says
 * nothing about it.
 */
export async function readLogs(parameters: ReadLogsParameters): Promise<Log[]> {
  const { provider, address, from, to, head, readBlock } = parameters;
  const firstByHash = Math.max(from, head - ASKED_BY_HASH + 1);
  const old = Math.min(to, firstByHash - 1);
  const found = [old < from ? [] : await provider.getLogs({ address, fromBlock: from, toBlock: old })];
  for (let number = firstByHash; number <= to; number++) {
    const { hash } = await readBlock(number);
    found.push(await provider.getLogs({ address, blockHash: hash }));
  }
  return found.flat();
}

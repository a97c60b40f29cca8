/** Calls that are not sent: what a transaction would revert with, and what one that was mined has reverted with. */
import type { JsonRpcProvider, TransactionReceipt } from "ethers";

import { messageOf } from "../support/actorError.ts";
import type { Logger } from "../support/logger.ts";
import type { ContractError, ContractErrorDecoder } from "./contractErrors.ts";

/** A call as L1 would run it. */
export interface SimulatedCall {
  from: string;
  to: string;
  data: string;
  value?: bigint | undefined;
  gasLimit?: bigint | undefined;
  blobVersionedHashes?: readonly string[] | undefined;
  /** Time of the L1 block it would stand in, in seconds since 1970. */
  timestamp: number;
}

/**
 * Whether a transaction would revert at the end of L1's head, in a block of the given time. Undefined when it would not,
 * and when the node cannot tell: some refuse blobs or another time in `eth_call`.
 */
export async function simulateCall({
  provider,
  errors,
  logger,
  call: { from, to, data, value = 0n, gasLimit, blobVersionedHashes, timestamp },
}: {
  provider: JsonRpcProvider;
  errors: ContractErrorDecoder;
  logger: Logger;
  call: SimulatedCall;
}): Promise<ContractError | undefined> {
  const call = {
    from,
    to,
    data,
    value: quantity(value),
    ...(gasLimit === undefined ? {} : { gas: quantity(gasLimit) }),
    ...(blobVersionedHashes ? { blobVersionedHashes } : {}),
  };
  try {
    await provider.send("eth_call", [call, "latest", {}, { time: quantity(timestamp) }]);
    return undefined;
  } catch (error) {
    const decoded = errors.decodeThrown(error);
    if (!decoded) logger.debug({ error: messageOf(error).slice(0, 200) }, "no simulation");
    return decoded;
  }
}

/**
 * Replays a reverted transaction on the state at the end of its block; exact unless another transaction of the block
 * matters.
 */
export async function revertReason({
  provider,
  errors,
  receipt,
  request: { to, data, value = 0n },
}: {
  provider: JsonRpcProvider;
  errors: ContractErrorDecoder;
  receipt: TransactionReceipt;
  request: { to?: string; data: string; value?: bigint };
}): Promise<ContractError | undefined> {
  const transaction = (await provider.send("eth_getTransactionByHash", [receipt.hash])) as Record<
    string,
    unknown
  >;
  const blobVersionedHashes = transaction["blobVersionedHashes"];
  const call = {
    from: receipt.from,
    to,
    data,
    value: quantity(value),
    ...(blobVersionedHashes ? { blobVersionedHashes } : {}),
  };
  try {
    await provider.send("eth_call", [call, quantity(receipt.blockNumber)]);
    return undefined;
  } catch (error) {
    return errors.decodeThrown(error);
  }
}

function quantity(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

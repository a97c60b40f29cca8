/** The fee state of the pending tip, read from L1 alone: no node is asked, no blob is read. */
import type { JsonRpcProvider } from "ethers";

import type { FeeOutlook } from "../../protocol/feeEstimator.ts";
import { type BlockRecord, decodeRecord, genesisRecord, recordHash } from "../../protocol/record.ts";
import { ActorError } from "../support/actorError.ts";
import { feeOutlook } from "../node/feeOutlook.ts";
import { readL1Fees } from "./fees.ts";
import { readHead } from "./provider.ts";
import type { RollupContract } from "./rollupContract.ts";

/** L1 blocks asked for at once: what public endpoints answer. */
const WINDOW = 5_000;

/** Where prices stand, and the block that they follow from. */
export interface TipFees extends FeeOutlook {
  readonly record: BlockRecord;
  /** Charged gas of the tip; undefined for genesis. */
  readonly gas: { readonly l2: bigint; readonly da: bigint } | undefined;
}

/** @throws ActorError STATE_UNAVAILABLE when the tip changes again and again while it is read */
export async function readTipFees({
  provider,
  rollup,
}: {
  provider: JsonRpcProvider;
  rollup: RollupContract;
}): Promise<TipFees> {
  const [{ record, gas }, l1Fees, head] = await Promise.all([
    readTip(provider, rollup),
    readL1Fees(provider),
    readHead(provider),
  ]);
  const now = Math.max(head?.timestamp ?? 0, Date.now() / 1_000);
  const { parameters } = rollup;
  return { ...feeOutlook({ parameters, record, l1Fees, now }), record, gas };
}

/** The newest event of the pending tip's number whose record has the hash that the Rollup stores. */
async function readTip(
  provider: JsonRpcProvider,
  rollup: RollupContract,
): Promise<{ record: BlockRecord; gas: TipFees["gas"] }> {
  const { genesisHash, initialOracle, startBlock } = rollup.parameters;
  for (let tries = 3; tries > 0; tries--) {
    const { pending } = await rollup.status();
    if (pending === 0) return { record: genesisRecord(genesisHash, initialOracle), gas: undefined };
    const [hash, head] = await Promise.all([rollup.recordHash(pending), readHead(provider)]);
    for (let to = head?.number ?? 0; to >= startBlock; to -= WINDOW) {
      const from = Math.max(startBlock, to - WINDOW + 1);
      const found = (await rollup.proposalsOf(pending, { from, to }))
        .toReversed()
        .map(({ record, gas }) => ({ record: decodeRecord(record), gas }))
        .find(({ record }) => recordHash(record) === hash);
      if (found) return found;
    }
  }
  throw new ActorError("STATE_UNAVAILABLE", "the pending tip was not found among L1's events", "try again");
}

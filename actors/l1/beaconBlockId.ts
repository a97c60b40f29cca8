import { ActorError } from "../support/actorError.ts";
import type { L1Head } from "./provider.ts";

/** How a beacon API names the block that carries an execution block. */
export type BeaconBlockId = (block: Pick<L1Head, "number" | "timestamp">) => string;

/** anvil has no slots: its ids are execution block numbers. */
export const anvilBlockId: BeaconBlockId = ({ number }) => String(number);

/**
 * A real beacon node's ids are slots, which follow from the execution block's timestamp.
 * @throws ActorError CHAIN_MISMATCH for a timestamp that is no slot's start
 */
export function beaconSlotId({
  genesisTime,
  secondsPerSlot,
}: {
  genesisTime: number;
  secondsPerSlot: number;
}): BeaconBlockId {
  return ({ timestamp }) => {
    const seconds = timestamp - genesisTime;
    if (seconds < 0 || seconds % secondsPerSlot !== 0) {
      throw new ActorError(
        "CHAIN_MISMATCH",
        `timestamp ${timestamp} is not the start of a beacon slot (genesis ${genesisTime}, ${secondsPerSlot} s)`,
        "use the beacon node of the execution chain",
      );
    }
    return String(seconds / secondsPerSlot);
  };
}

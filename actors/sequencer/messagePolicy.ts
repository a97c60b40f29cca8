/** How many of the messages that wait a sequencer takes into its block. */
import type { Slot } from "../../protocol/time.ts";
import type { RollupContract } from "../l1/rollupContract.ts";

/**
 * `eager` takes as many as fit. `whenOverdue` takes none before L1 would refuse the block without it: a sequencer that
 * delays users as long as the rules let it, for rehearsals of forced inclusion.
 */
export type MessagePolicy = "eager" | "whenOverdue";

/** Parameters of {@link messagesToTake}. */
export interface MessagesToTakeParameters {
  policy: MessagePolicy;
  rollup: Pick<RollupContract, "parameters" | "messageSentAt">;
  /** Messages that the parent's chain has consumed. */
  consumed: number;
  /** Messages that wait behind them. */
  waiting: number;
  slot: Slot;
}

/** Number of messages, in order, for a block of `slot`; never more than a block has room for. */
export async function messagesToTake(parameters: MessagesToTakeParameters): Promise<number> {
  const { policy, rollup, consumed, waiting, slot } = parameters;
  const { sizes, clock, messageDeadline } = rollup.parameters;
  const most = Math.min(waiting, sizes.messages);
  if (policy === "eager") return most;
  // Overdue is measured at the slot's start, in time since genesis, as L1 does.
  const slotStart = slot * clock.slotDuration;
  for (let taken = 0; taken < most; taken++) {
    const sentAt = await rollup.messageSentAt(consumed + taken + 1);
    if (sentAt + messageDeadline > slotStart) return taken;
  }
  return most;
}

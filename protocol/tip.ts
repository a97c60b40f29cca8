/**
 * The Rollup's tip word: the state of both chains and of the Inbox.
 *
 *     spare40 | accounts24 | inboxCount32 | lastCommitteeSlot32 | provenMessages32 | firstUnprovenEpoch32 | proven32 | pending32
 */
import { toEpoch, toSlot, type Epoch, type Slot } from "./time.ts";
import { wordLayout } from "./words.ts";

export interface Tip {
  /** Leaf indices given out. */
  readonly accounts: number;
  /** Messages ever sent. */
  readonly inboxCount: number;
  /** Slot of the newest committee block; prunes do not touch it. */
  readonly lastCommitteeSlot: Slot;
  /** Messages consumed at the proven tip. */
  readonly provenMessages: number;
  /** Epoch of block proven + 1; without meaning when there is no such block. */
  readonly firstUnprovenEpoch: Epoch;
  /** Number of the newest proven block. */
  readonly proven: number;
  /** Number of the newest block. */
  readonly pending: number;
}

const TIP = wordLayout("tip", {
  spare: 40,
  accounts: 24,
  inboxCount: 32,
  lastCommitteeSlot: 32,
  provenMessages: 32,
  firstUnprovenEpoch: 32,
  proven: 32,
  pending: 32,
});

/** @throws {ProtocolError} `out-of-range` */
export function encodeTip(tip: Tip): bigint {
  return TIP.pack({
    spare: 0n,
    accounts: BigInt(tip.accounts),
    inboxCount: BigInt(tip.inboxCount),
    lastCommitteeSlot: BigInt(tip.lastCommitteeSlot),
    provenMessages: BigInt(tip.provenMessages),
    firstUnprovenEpoch: BigInt(tip.firstUnprovenEpoch),
    proven: BigInt(tip.proven),
    pending: BigInt(tip.pending),
  });
}

/** @throws {ProtocolError} `out-of-range` for more than 256 bits. */
export function decodeTip(word: bigint): Tip {
  const fields = TIP.unpack(word);
  return {
    accounts: Number(fields.accounts),
    inboxCount: Number(fields.inboxCount),
    lastCommitteeSlot: toSlot(fields.lastCommitteeSlot),
    provenMessages: Number(fields.provenMessages),
    firstUnprovenEpoch: toEpoch(fields.firstUnprovenEpoch),
    proven: Number(fields.proven),
    pending: Number(fields.pending),
  };
}

/** The whole state of a market from its events alone, as an indexer or a prover keeps it. */
import { STAGES, type Stage } from "../../protocol/market.ts";

/** A prover's money and lowest nonce. */
export interface MarketAccount {
  free: bigint;
  reserved: bigint;
  nonce: bigint;
  withdrawing: bigint;
  withdrawableAt: bigint;
}

/** An epoch in the market. What belongs to a claim is 0 or empty before the first. */
export interface MarketEpoch {
  since: bigint;
  stage: Stage;
  prover: string;
  fee: bigint;
  /** As claimed; what of it is left follows from the stage. */
  bond: bigint;
  claimedAt: bigint;
  exclusiveUntil: bigint;
  deadline: bigint;
  endNumber: bigint;
  endRecordHash: string;
  /** Set when the pot was spent. */
  settled: { payee: string; fee: bigint; credited: bigint } | undefined;
}

export interface MarketState {
  readonly accounts: Map<string, MarketAccount>;
  readonly epochs: Map<bigint, MarketEpoch>;
  readonly listed: Set<string>;
  /** Newest first: which epochs were closed from when on. */
  readonly switches: { fromEpoch: bigint; closed: boolean }[];
  /** Forfeited bonds that wait to be burnt. */
  toBurn: bigint;
  /** Everything ever burnt here. */
  burned: bigint;
}

/** An event of the market: name and arguments as the ABI has them. */
export interface MarketEvent {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

const NOBODY = "0x0000000000000000000000000000000000000000";

export function emptyMarket(): MarketState {
  return { accounts: new Map(), epochs: new Map(), listed: new Set(), switches: [], toBurn: 0n, burned: 0n };
}

/** Applies one event, in the order of the chain. Events of other contracts are left out. */
export function reduceMarket(state: MarketState, { name, args }: MarketEvent): void {
  const amount = (key: string): bigint => BigInt(args[key] as bigint);
  const account = (key = "prover"): MarketAccount => accountOf(state, args[key] as string);
  const epoch = (): MarketEpoch => epochOf(state, amount("epoch"));

  switch (name) {
    case "Deposited":
      account().free += amount("amount");
      return;
    case "WithdrawalInitiated":
      account().free -= amount("amount");
      account().withdrawing += amount("amount");
      account().withdrawableAt = amount("withdrawableAt");
      return;
    case "WithdrawalFinalised":
      account().withdrawing -= amount("amount");
      return;
    case "QuotesCancelled":
      account().nonce = amount("nonce");
      return;
    case "EpochOpened":
      state.epochs.set(amount("epoch"), { ...newEpoch(), since: amount("since") });
      return;
    case "Claimed": {
      const bond = amount("bond");
      account().free -= bond - amount("fromWithdrawing");
      account().withdrawing -= amount("fromWithdrawing");
      account().reserved += bond;
      account().nonce = amount("nonce") + 1n;
      Object.assign(epoch(), {
        stage: "claimed",
        prover: args["prover"] as string,
        fee: amount("fee"),
        bond,
        claimedAt: amount("claimedAt"),
        exclusiveUntil: amount("exclusiveUntil"),
        deadline: amount("deadline"),
        endNumber: amount("endNumber"),
        endRecordHash: args["endRecordHash"] as string,
      });
      return;
    }
    case "Outbid":
      unreserve(account(), amount("bond"));
      return;
    case "Ended":
      unreserve(account(), amount("bond"));
      epoch().stage = STAGES[Number(amount("stage"))]!;
      return;
    case "Defaulted":
      account().reserved -= amount("burned");
      state.toBurn += amount("burned");
      epoch().stage = "defaulted";
      return;
    case "Rescued":
      account().reserved -= amount("share") + amount("burned");
      account("rescuer").free += amount("share");
      state.toBurn += amount("burned");
      epoch().stage = "rescued";
      return;
    case "Lost":
      account().reserved -= amount("burned");
      state.toBurn += amount("burned");
      epoch().stage = "lost";
      return;
    case "Burned":
      state.toBurn -= amount("amount");
      state.burned += amount("amount");
      return;
    case "Settled":
      epoch().settled = { payee: args["payee"] as string, fee: amount("fee"), credited: amount("credited") };
      return;
    case "ProverListed":
      if (args["listed"]) state.listed.add(args["prover"] as string);
      else state.listed.delete(args["prover"] as string);
      return;
    case "ClaimsSwitched":
      state.switches.unshift({ fromEpoch: amount("fromEpoch"), closed: args["closed"] as boolean });
      return;
  }
}

/** Whether claims of an epoch are closed. */
export function isClosed(state: MarketState, epoch: bigint): boolean {
  return state.switches.find(({ fromEpoch }) => fromEpoch <= epoch)?.closed ?? false;
}

function accountOf({ accounts }: MarketState, prover: string): MarketAccount {
  let account = accounts.get(prover);
  if (!account) {
    account = { free: 0n, reserved: 0n, nonce: 0n, withdrawing: 0n, withdrawableAt: 0n };
    accounts.set(prover, account);
  }
  return account;
}

/** An epoch that is settled without having been opened is known from then on. */
function epochOf({ epochs }: MarketState, number: bigint): MarketEpoch {
  let epoch = epochs.get(number);
  if (!epoch) epochs.set(number, (epoch = newEpoch()));
  return epoch;
}

function newEpoch(): MarketEpoch {
  return {
    since: 0n,
    stage: "open",
    prover: NOBODY,
    fee: 0n,
    bond: 0n,
    claimedAt: 0n,
    exclusiveUntil: 0n,
    deadline: 0n,
    endNumber: 0n,
    endRecordHash: "",
    settled: undefined,
  };
}

function unreserve(account: MarketAccount, bond: bigint): void {
  account.reserved -= bond;
  account.free += bond;
}

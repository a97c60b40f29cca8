/** Sends what mints, claims, burns and returns rewards and fees: what `rewards:claim` and `npm start` do. */
import { contractInterface } from "../l1/contractInterface.ts";
import { type L1Account, RevertError } from "../l1/l1Account.ts";
import type { Claim, RewardBook } from "./rewardBook.ts";

/** What is to be sent, in this order. */
export interface RewardOrders {
  /** Mint what the present window allows into the distributor. */
  mint?: boolean;
  /** Pay this coinbase all it can claim. */
  coinbase?: string | undefined;
  /** Pay the withdrawer of the validator with this key hash all it can claim. */
  validator?: string | undefined;
  /** Pay this prover what the market credited to it. */
  prover?: string | undefined;
  /** Burn congestion fees, and return what nobody claimed in time. */
  leftovers?: boolean;
}

/** A transaction that was mined. */
export interface SentReward {
  kind: "mint" | "sequencer" | "attester" | "prover" | "leftovers";
  epochs?: number[];
  /** Base units that were owed; undefined where nobody is paid. */
  amount?: bigint;
  hash: string;
  gasUsed: bigint;
}

/** What L1 says when somebody else was faster. */
const SETTLED_BY_OTHERS: ReadonlySet<string> = new Set([
  "Rewards__AlreadyPaid",
  "Rewards__NothingToCollect",
  "Rewards__NothingToFlush",
]);

function unlessSettled(error: unknown): void {
  if (!(error instanceof RevertError) || !SETTLED_BY_OTHERS.has(error.contractError?.name ?? "")) throw error;
}

/**
 * Sends one after another; anyone may, whoever is paid. What somebody else burned, returned or collected meanwhile is left out.
 * @param book refreshed
 * @throws RevertError when the contract refuses, for example a mint of a window that was minted
 */
export async function claimRewards({
  book,
  incentives,
  account,
  orders,
  signal,
}: {
  book: RewardBook;
  /** Address of the minter. */
  incentives: string;
  account: Pick<L1Account, "send">;
  orders: RewardOrders;
  /** Ends the wait for a transaction. */
  signal?: AbortSignal;
}): Promise<SentReward[]> {
  const { mint, coinbase, validator, prover, leftovers } = orders;
  const sent: SentReward[] = [];
  const send = async (purpose: string, to: string, data: string, what: RewardOf): Promise<void> => {
    const { receipt } = await account.send({ purpose, to, data, ...(signal ? { signal } : {}) });
    sent.push({ ...what, hash: receipt.hash, gasUsed: receipt.gasUsed });
  };
  const sendAll = async (
    kind: SentReward["kind"],
    whose: string,
    claims: readonly Claim[],
  ): Promise<void> => {
    for (const { to, data, epochs, amount } of claims)
      await send(`${whose}-${epochs[0]}`, to, data, { kind, epochs, ...(amount > 0n ? { amount } : {}) });
  };

  if (mint) {
    const data = contractInterface("rewards/Incentives").encodeFunctionData("mint", []);
    await send("mint", incentives, data, { kind: "mint" });
  }
  if (coinbase !== undefined)
    await sendAll("sequencer", `claim-${coinbase}`, await book.claimsOfCoinbase(coinbase));
  if (validator !== undefined)
    await sendAll("attester", `claim-${validator}`, await book.claimsOfValidator(validator));
  const credit = prover === undefined ? undefined : await book.claimOfProver(prover);
  if (credit) {
    const { to, data, amount } = credit;
    await send(`claim-${prover}`, to, data, { kind: "prover", amount }).catch(unlessSettled);
  }
  if (leftovers)
    for (const claim of await book.leftovers())
      await sendAll("leftovers", "leftovers", [claim]).catch(unlessSettled);
  return sent;
}

type RewardOf = Omit<SentReward, "hash" | "gasUsed">;

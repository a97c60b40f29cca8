import { toHex } from "../../protocol/bytes.ts";
import { merklePath } from "../../protocol/merkle.ts";
import { ASSET_FEE_JUICE, type Withdrawal, encodeWithdrawal } from "../../protocol/withdrawal.ts";
import { contractInterface } from "../l1/contractInterface.ts";
import type { RollupParameters } from "../l1/rollupContract.ts";
import { ActorError } from "../support/actorError.ts";
import type { ChainState } from "./chainState.ts";

/** A message to L1 that its portal pays: anyone may send it. */
export interface WithdrawalClaim {
  epoch: number;
  /** Place in the epoch's list. */
  index: number;
  withdrawal: Withdrawal;
  /** Portal that holds the token. */
  to: string;
  /** Calldata of its `withdraw`. */
  data: string;
}

/**
 * The withdrawals of a proven epoch, in order of execution.
 * @throws ActorError STATE_UNAVAILABLE for an epoch that is not proven, or was long ago
 */
export function withdrawalClaims({
  chain,
  parameters,
  epoch,
}: {
  chain: ChainState;
  parameters: RollupParameters;
  epoch: number;
}): WithdrawalClaim[] {
  const list = chain.provenEpochs.find((proven) => proven.epoch === epoch)?.withdrawals;
  if (!list) throw unavailable(`epoch ${epoch} is not proven, or no longer kept`, "wait for its proof");
  const words = list.map(encodeWithdrawal);
  return list.map((withdrawal, index) => {
    const path = merklePath(words, index).map((sibling) => toHex(sibling));
    const args = [epoch, index, words.length, words[index], path];
    return {
      epoch,
      index,
      withdrawal,
      to: withdrawal.asset === ASSET_FEE_JUICE ? parameters.feePortal : parameters.assetPortal,
      data: contractInterface("bridge/IPortal").encodeFunctionData("withdraw", args),
    };
  });
}

function unavailable(message: string, remedy: string): ActorError {
  return new ActorError("STATE_UNAVAILABLE", message, remedy);
}

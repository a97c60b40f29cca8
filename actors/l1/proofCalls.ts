import type { Interface } from "ethers";

import { contractInterface } from "./contractInterface.ts";

/** What actors read of the calldata of an epoch's proof. Not checked: whoever reads compares it with L1's commitments. */
export interface ProofCall {
  /** Block words, in order. */
  coinbaseFees: readonly bigint[];
  /** Messages to L1, in order of execution. */
  withdrawals: readonly bigint[];
}

/** Places in one transaction that are looked at: a hostile one may be full of what begins like a call. */
const MOST_PLACES = 64;

/**
 * The calls of `submitEpochProof` in a transaction's calldata: the call itself, or one that another contract was given to
 * make, such as `ProofSubmitter`, a Safe or a multicall.
 */
export function proofCallsIn(calldata: string): ProofCall[] {
  const selector = abi().getFunction("submitEpochProof")!.selector.slice(2);
  const digits = calldata.slice(2).toLowerCase();
  const found: ProofCall[] = [];
  let places = 0;
  for (let at = digits.indexOf(selector); at !== -1; at = digits.indexOf(selector, at + 1)) {
    if (++places > MOST_PLACES) break;
    const call = at % 2 === 0 ? decoded(`0x${digits.slice(at)}`) : undefined;
    if (call) found.push(call);
  }
  return found;
}

/** Undefined for bytes that only begin like a call. */
function decoded(data: string): ProofCall | undefined {
  try {
    const [proof] = abi().decodeFunctionData("submitEpochProof", data) as unknown as [
      { coinbaseFees: Iterable<bigint>; withdrawals: Iterable<bigint> },
    ];
    return { coinbaseFees: [...proof.coinbaseFees], withdrawals: [...proof.withdrawals] };
  } catch {
    return undefined;
  }
}

/** Read when first needed, so that importing this file needs no build. */
function abi(): Interface {
  return contractInterface("rollup/Rollup");
}

import type { FeeCeiling } from "./fees.ts";
import type { L1Account } from "./l1Account.ts";

/** An account that offers L1 no more than a ceiling: above it nothing is sent, see `FEE_CEILING`. */
export function boundedAccount(
  account: Pick<L1Account, "send">,
  ceiling: FeeCeiling,
): Pick<L1Account, "send"> {
  return { send: (request) => account.send({ ceiling: () => ceiling, ...request }) };
}

import { type JsonRpcProvider, Wallet } from "ethers";

import type { ActorJournal } from "../../actors/journal/actorJournal.ts";
import { suiteErrorDecoder } from "../../actors/l1/contractInterface.ts";
import { L1Account } from "../../actors/l1/l1Account.ts";
import type { Logger } from "../../actors/support/logger.ts";
import { localPrivateKey } from "../../deploy/localAccounts.ts";

/** Milliseconds between looks at L1. */
export const POLL = 200;

/** Local validators that run: they complete the bootstrap set of the preset. */
export const VALIDATORS = 5;

/** An account of the local mnemonic that sends on the local L1. */
export function localAccount(parameters: {
  provider: JsonRpcProvider;
  index: number;
  chainId: number;
  logger: Logger;
  journal?: ActorJournal;
}): L1Account {
  const { index, ...rest } = parameters;
  return new L1Account({
    ...rest,
    signer: new Wallet(localPrivateKey(index)),
    errors: suiteErrorDecoder(),
    pollInterval: POLL,
  });
}

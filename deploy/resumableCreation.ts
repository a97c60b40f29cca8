/**
 * Creates contracts from a key, over interruptions of any kind: what exists is found by receipt and code, what waits in
 * the pool is waited for, what is stuck gets higher fees, what is missing is sent. Each creation has the nonce that the
 * plan gave it, so whatever is sent twice is mined once.
 */
import {
  type BaseWallet,
  isCallException,
  isError,
  type JsonRpcProvider,
  type TransactionReceipt,
} from "ethers";

import { suiteErrorDecoder } from "../actors/l1/contractInterface.ts";
import { L1Account } from "../actors/l1/l1Account.ts";
import { isLost } from "../actors/l1/sendErrors.ts";
import { isActorError, messageOf } from "../actors/support/actorError.ts";
import { createLogger } from "../actors/support/logger.ts";
import { sleep } from "../actors/support/sleep.ts";
import { type DeployJournal, purposeOf } from "./deployJournal.ts";
import { type Create, createdBy, planBroken } from "./directCreation.ts";
import { DeployError } from "./errors.ts";
import type { Creation } from "./suite.ts";
import { shortMessageOf } from "./target.ts";
import { LOCAL_CHAIN_IDS } from "./verifierGuard.ts";

/** How long and how often the chain is asked. */
export interface Patience {
  /** Milliseconds between questions. */
  pollInterval: number;
  /** Milliseconds that one creation may take, all replacements included. */
  limit: number;
  /** L1 blocks without it after which its fees are bumped. */
  bumpAfterBlocks: number;
}

/** What suits a chain: blocks of public ones come every 12 seconds, local ones often mine on demand. */
export function patienceOn(chainId: number): Patience {
  const pollInterval = LOCAL_CHAIN_IDS.includes(chainId) ? 50 : 1_000;
  return { pollInterval, limit: 30 * 60_000, bumpAfterBlocks: 3 };
}

/** Parameters of {@link resumableCreation}. */
export interface ResumableParameters {
  provider: JsonRpcProvider;
  signer: BaseWallet;
  chainId: number;
  journal: DeployJournal;
  patience: Patience;
}

/** A quarter over the estimate, and no more than a transaction may have (EIP-7825). */
const MAX_GAS = 2n ** 24n;

/**
 * @throws DeployError PLAN_BROKEN, CREATION_REVERTED, which only a new plan helps; NOT_SENT, NOT_MINED, NO_FUNDS,
 * L1_UNREACHABLE, after which the same command goes on
 */
export function resumableCreation(parameters: ResumableParameters): Create {
  const { provider, signer, chainId, journal, patience } = parameters;
  const account = new L1Account({
    provider,
    signer,
    chainId,
    logger: createLogger({ level: "silent" }),
    errors: suiteErrorDecoder(),
    journal: journal.transactions,
    pollInterval: patience.pollInterval,
    bumpAfterBlocks: patience.bumpAfterBlocks,
  });
  const context: Context = { ...parameters, account };
  return async (creation) => {
    try {
      return createdBy(await bring(creation, context));
    } catch (error) {
      throw asDeployError(creation, error);
    }
  };
}

interface Context extends ResumableParameters {
  account: L1Account;
}

/** The receipt of the creation, whichever version of it was mined. */
async function bring(creation: Creation, context: Context): Promise<TransactionReceipt> {
  const found = (await findMined(creation, context)) ?? (await waitInPool(creation, context));
  if (found) return accept(creation, found, context);
  try {
    return await accept(creation, await send(creation, context), context);
  } catch (error) {
    // An earlier version may have been faster.
    const earlier = isActorError(error, "TRANSACTION_NOT_MINED") && (await findMined(creation, context));
    if (earlier) return accept(creation, earlier, context);
    throw error;
  }
}

/**
 * Undefined when the creation's nonce is the next that L1 expects.
 * @throws DeployError PLAN_BROKEN when the nonce went to another transaction; NOT_MINED when those before are missing
 */
async function findMined(creation: Creation, context: Context): Promise<TransactionReceipt | undefined> {
  const { provider, signer, patience } = context;
  const { role, nonce } = creation;
  // Nodes may know of a nonce before they know the receipt.
  for (let tries = 3; ; tries--) {
    const count = await provider.getTransactionCount(signer.address, "latest");
    const receipt = await receiptOf(creation, context);
    if (receipt) return receipt;
    if (count === nonce) return undefined;
    if (count < nonce) {
      throw new DeployError(
        "NOT_MINED",
        `a creation before ${role} is no longer on the chain, which was reorganised`,
        "run the same command again: it goes on",
      );
    }
    if (tries === 1) throw planBroken(role, nonce);
    await sleep(patience.pollInterval);
  }
}

async function receiptOf(
  { role }: Creation,
  { provider, journal }: Context,
): Promise<TransactionReceipt | undefined> {
  for (const { hash } of journal.sendsOf(role)) {
    const receipt = await provider.getTransactionReceipt(hash);
    if (receipt) return receipt;
  }
  return undefined;
}

/** For as long as an account would leave a transaction alone: what an earlier run sent may be mined any moment. */
async function waitInPool(creation: Creation, context: Context): Promise<TransactionReceipt | undefined> {
  const { provider, journal, patience } = context;
  if (!(await isInPool(provider, journal.sendsOf(creation.role)))) return undefined;
  const last = (await provider.getBlockNumber()) + patience.bumpAfterBlocks;
  const end = Date.now() + patience.limit;
  while (Date.now() < end && (await provider.getBlockNumber()) < last) {
    await sleep(patience.pollInterval);
    const receipt = await receiptOf(creation, context);
    if (receipt) return receipt;
  }
  return undefined;
}

async function isInPool(provider: JsonRpcProvider, sends: readonly { hash: string }[]): Promise<boolean> {
  for (const { hash } of sends) {
    const known = (await provider.send("eth_getTransactionByHash", [hash])) as {
      blockNumber: unknown;
    } | null;
    if (known?.blockNumber === null) return true;
  }
  return false;
}

async function send({ role, nonce, data }: Creation, context: Context): Promise<TransactionReceipt> {
  const { provider, signer, account, patience } = context;
  const estimate = await provider.estimateGas({ from: signer.address, data });
  const gasLimit = (estimate * 5n) / 4n;
  const { receipt } = await account.send({
    purpose: purposeOf(role),
    data,
    gasLimit: gasLimit > MAX_GAS ? MAX_GAS : gasLimit,
    nonce,
    expires: AbortSignal.timeout(patience.limit),
  });
  return receipt;
}

/** @throws DeployError CREATION_REVERTED, PLAN_BROKEN */
async function accept(
  { role, nonce, address }: Creation,
  receipt: TransactionReceipt,
  { provider }: Context,
): Promise<TransactionReceipt> {
  if (receipt.status !== 1) throw reverted(role, `in ${receipt.hash}`);
  if (receipt.contractAddress !== address) throw planBroken(role, nonce);
  // A receipt alone could be of a node that is behind, or on a branch that was left.
  if ((await provider.getCode(address)) !== "0x") return receipt;
  throw new DeployError(
    "NOT_MINED",
    `${role} has the receipt ${receipt.hash} and no code at ${address}`,
    "run the same command again when the node has caught up",
  );
}

function reverted(role: string, how: string): DeployError {
  return new DeployError(
    "CREATION_REVERTED",
    `the creation of ${role} reverted ${how}`,
    "mend the cause and make a new plan: --restart (what was created stays unused)",
  );
}

function asDeployError({ role }: Creation, error: unknown): unknown {
  const again = "run the same command again: it goes on";
  if (error instanceof DeployError) return error;
  if (isActorError(error, "TRANSACTION_NOT_MINED"))
    return new DeployError("NOT_MINED", `the creation of ${role} is not mined yet`, again);
  if (isActorError(error, "TRANSACTION_REVERTED")) return reverted(role, `: ${error.message}`);
  if (isError(error, "INSUFFICIENT_FUNDS") || /insufficient funds|\(funds\)/i.test(messageOf(error)))
    return new DeployError("NO_FUNDS", `the deployer cannot pay for ${role}`, `send it ETH and ${again}`);
  if (isActorError(error, "TRANSACTION_REFUSED"))
    return new DeployError("NOT_SENT", `L1 does not take the creation of ${role}: ${error.message}`, again);
  if (isCallException(error))
    return reverted(role, `in a simulation, and was not sent: ${error.reason ?? error.shortMessage}`);
  if (isLost(error) || isError(error, "UNKNOWN_ERROR"))
    return new DeployError("L1_UNREACHABLE", `L1 does not answer: ${shortMessageOf(error)}`, again);
  return error;
}

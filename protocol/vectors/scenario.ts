/** A small ledger with three accounts: the ground on which vectors and tests execute blocks. */
import type { BlockInput, BlockResult } from "../ledger.ts";
import { executeBlock } from "../ledger.ts";
import { blockDataOf } from "../blob.ts";
import { toField, type Field } from "../field.ts";
import { forceTransaction, type ForcedTransaction, type Message } from "../message.ts";
import { schnorrKeyPair, type KeyPair } from "../schnorr.ts";
import { SIZES } from "../sizes.ts";
import { encodeTransaction, KIND_TRANSFER, KIND_WITHDRAW, signTransaction } from "../transaction.ts";
import type { Transaction, TransactionBody, TransactionWords } from "../transaction.ts";
import { AccountTree } from "../tree.ts";

export const sizes = SIZES.local;
export const domain: Field = toField(0xca1_9011n);
export const prices = { feePerL2Gas: 3n, feePerDaGas: 5n };

/** Leaf indices. */
export const ALICE = 0;
export const BOB = 1;
export const CAROL = 5;
/** A leaf nobody has deposited to. */
export const NOBODY = 9;

export const keys: Readonly<Record<number, KeyPair>> = Object.fromEntries(
  [ALICE, BOB, CAROL, NOBODY].map((index) => [index, schnorrKeyPair(new Uint8Array(32).fill(index + 1))]),
);

/** Enough fee juice for a few transactions, some of the asset, nonce 0. */
export const START_FEE_BALANCE = 1_000_000n;
export const START_BALANCE = 1_000n;

export function startState(): AccountTree {
  return AccountTree.from(
    [ALICE, BOB, CAROL].map((index) => [
      index,
      { key: keyOf(index).publicKey, feeBalance: START_FEE_BALANCE, balance: START_BALANCE, nonce: 0 },
    ]),
  );
}

export function keyOf(index: number): KeyPair {
  return keys[index] as KeyPair;
}

/** A signed transfer of 10 from Alice to Bob, with changes; the signature covers the changes. */
export function transfer(changes: Partial<TransactionBody> = {}, signer?: KeyPair): Transaction {
  return signed({ ...base, kind: KIND_TRANSFER, to: BigInt(BOB), ...changes }, signer);
}

/** A signed withdrawal of 10 from Alice to an L1 address, with changes. */
export function withdraw(changes: Partial<TransactionBody> = {}, signer?: KeyPair): Transaction {
  return signed({ ...base, kind: KIND_WITHDRAW, to: 0xbeefn, ...changes }, signer);
}

/** The same as a message from L1: signed with both maximal fees 0. */
export function forced({ signature: _, ...body }: Transaction, signer?: KeyPair): ForcedTransaction {
  const free = { ...body, maxFeePerL2Gas: 0n, maxFeePerDaGas: 0n };
  return forceTransaction({ body: free, signature: signed(free, signer).signature });
}

/** Executes a block of transactions and messages on a state. */
export function execute(
  content: { transactions?: readonly (Transaction | TransactionWords)[]; messages?: readonly Message[] },
  { state = startState(), ...input }: Partial<BlockInput> & { state?: AccountTree } = {},
): BlockResult {
  const words = (content.transactions ?? []).map((item) => ("kind" in item ? encodeTransaction(item) : item));
  return executeBlock(state, {
    data: blockDataOf(words, sizes),
    messages: content.messages ?? [],
    prices,
    domain,
    sizes,
    ...input,
  });
}

const base = {
  from: ALICE,
  nonce: 0,
  amount: 10n,
  maxFeePerL2Gas: prices.feePerL2Gas,
  maxFeePerDaGas: prices.feePerDaGas,
};

function signed(body: TransactionBody, signer?: KeyPair): Transaction {
  const keyPair = signer ?? keys[body.from] ?? keyOf(ALICE);
  return signTransaction({ domain, keyPair, body });
}

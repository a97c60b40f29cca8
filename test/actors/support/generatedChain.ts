/** A long chain in the in-memory L1: users, full blocks of transfers and withdrawals, every epoch proven. */
import { expect } from "chai";

import type { Message } from "../../../protocol/message.ts";
import { merkleCommitment } from "../../../protocol/merkle.ts";
import {
  KIND_TRANSFER,
  KIND_WITHDRAW,
  encodeTransaction,
  signTransaction,
} from "../../../protocol/transaction.ts";
import { encodeWithdrawal } from "../../../protocol/withdrawal.ts";
import { ChainState, type ChainPoint } from "../../../actors/node/chainState.ts";
import type { Node } from "../../../actors/node/node.ts";
import type { PooledTransaction } from "../../../actors/sequencer/mempool.ts";
import { Random } from "../../../actors/traffic/random.ts";
import { DOMAIN, type FakeL1, PRICES, depositsOf, keyPair } from "./fakeL1.ts";

/** Parameters of {@link generateChain}. */
export interface GeneratedChainOptions {
  l1: FakeL1;
  blocks: number;
  users: number;
  seed?: number;
  /** Real signatures and commitments; without them a block costs a twentieth, and only a node that trusts proofs syncs it. */
  real: boolean;
  /** Blocks at the end that stay unproven. Default 0. */
  unproven?: number;
  /** Of an epoch. Default 2. */
  epochLength?: number;
  /** Transactions tried in a block. Default: as many as it takes. */
  perBlock?: number;
}

/** What was generated. */
export interface GeneratedChain {
  tip: ChainPoint;
  inbox: Message[];
  transactions: number;
}

export function generateChain(options: GeneratedChainOptions): GeneratedChain {
  const { l1, blocks, users, seed = 1, real, unproven = 0, epochLength = 2 } = options;
  const count = options.perBlock ?? l1.parameters.sizes.transactions;
  const random = new Random(seed);
  const inbox = Array.from({ length: users }, (_, i) =>
    depositsOf(i, { fee: 10n ** 15n, asset: 10n ** 9n }),
  ).flat();
  l1.send(inbox);
  let tip: ChainPoint = new ChainState(l1.parameters).genesis;
  let withdrawals: bigint[] = [];
  let transactions = 0;
  for (let number = 1; number <= blocks; number++) {
    const candidates = transactionsOn(tip, { random, users, count, real });
    const { built, point } = l1.propose({ parent: tip, slot: number, inbox, candidates, real });
    transactions += built.transactions.length;
    withdrawals.push(...built.result.withdrawals.map(encodeWithdrawal));
    tip = point;
    const ends = (number + 1) % epochLength === 0 || number === blocks;
    if (!ends || number > blocks - unproven) continue;
    const commitment = merkleCommitment(withdrawals);
    l1.mine([
      (at) => ({
        type: "epochProven",
        at,
        epoch: Math.floor(number / epochLength),
        number: tip.number,
        prover: "0x",
        timestamp: 0,
        endRecordHash: "0x",
        rewardsRoot: "0x",
        participation: [0n, 0n],
        seedWord: 0n,
        outboxWord: (commitment >> 32n) << 32n,
      }),
    ]);
    withdrawals = [];
  }
  return { tip, inbox, transactions };
}

/** That a node on the chain has read its messages: by their hash, and word for word where it keeps them. */
export function expectMessages({ chain }: Node, { tip, inbox }: GeneratedChain): void {
  const { length, kept } = chain.messages;
  expect(length).to.equal(inbox.length);
  expect(chain.tip.record.messageHash).to.equal(tip.record.messageHash);
  expect(chain.messages.slice(length - kept)).to.deep.equal(inbox.slice(length - kept));
}

function transactionsOn(
  { state }: ChainPoint,
  { random, users, count, real }: { random: Random; users: number; count: number; real: boolean },
): PooledTransaction[] {
  const nonces = new Map<number, number>();
  return Array.from({ length: count }, (_, i) => {
    const from = random.below(users);
    const nonce = nonces.get(from) ?? state.get(from).nonce;
    nonces.set(from, nonce + 1);
    const withdraws = random.below(8) === 0;
    const body = {
      kind: withdraws ? KIND_WITHDRAW : KIND_TRANSFER,
      from,
      to: withdraws ? 0xabcdn : BigInt(random.below(users)),
      nonce,
      amount: BigInt(1 + random.below(1_000)),
      maxFeePerL2Gas: PRICES.feePerL2Gas,
      maxFeePerDaGas: PRICES.feePerDaGas,
    };
    const transaction = real
      ? signTransaction({ domain: DOMAIN, keyPair: keyPair(from), body })
      : { ...body, signature: { s: 1n, e: 1n } };
    return { id: `${i}`, transaction, words: encodeTransaction(transaction) };
  });
}

/** Epochs at random, of content that somebody who wants the circuit and the ledger to differ would publish. */
import type { Account } from "../../../protocol/account.ts";
import type { EpochInputs, ProvenBlock } from "../../../protocol/epochInputs.ts";
import type { Field } from "../../../protocol/field.ts";
import { GRUMPKIN_ORDER } from "../../../protocol/grumpkin.ts";
import type { ForcedTransaction, Message } from "../../../protocol/message.ts";
import { poseidon2Hash } from "../../../protocol/poseidon2.ts";
import type { Signature } from "../../../protocol/schnorr.ts";
import { MAX_ACCOUNTS, type Sizes } from "../../../protocol/sizes.ts";
import {
  encodeBody,
  encodeTransaction,
  KIND_TRANSFER,
  KIND_WITHDRAW,
  signingMessage,
  signTransaction,
  type TransactionBody,
  type TransactionWords,
} from "../../../protocol/transaction.ts";
import { AccountTree } from "../../../protocol/tree.ts";
import { seededRandom, type Random } from "../../../protocol/vectors/random.ts";
import { DEPOSITOR, DOMAIN, TestChain, User, type BlockContent } from "./testChain.ts";

const LAST_NONCE = 2 ** 32 - 1;
const LOW_128 = (1n << 128n) - 1n;
const USERS = 4;
/** Most balances: they cover the highest price of a block. */
const RICH = Array.from({ length: 8 }, () => 2n ** 92n);
/** Leaves of the users, then some that stay empty at first. */
const LEAVES = [0, 1, 5, MAX_ACCOUNTS - 1, 2, 6] as const;

export type HostileEpoch = EpochInputs & { readonly blocks: readonly ProvenBlock[] };

/** The epoch of a seed: one block or more on a state of its own, or from genesis. */
export function hostileEpoch(seed: string, sizes?: Sizes): HostileEpoch {
  return new HostileChain(seededRandom(`hostile epoch ${seed}`), sizes).epoch();
}

/**
 * The challenge that makes R the point at infinity for s = -e sk: a signature that holds, and which only the owner of
 * the key can make.
 */
export function signAtInfinity(user: User, body: TransactionBody): TransactionWords {
  const { x, y } = user.keys.publicKey;
  const message = signingMessage(DOMAIN, ...encodeBody(body));
  const e = poseidon2Hash([0n as Field, 0n as Field, x, y, message]) & LOW_128;
  return encodeTransaction({ ...body, signature: { s: meetingAt(user, e), e } });
}

/** s such that sG + eP is the point at infinity. */
export function meetingAt(user: User, e: bigint): bigint {
  return (GRUMPKIN_ORDER - ((e * user.keys.secretKey) % GRUMPKIN_ORDER)) % GRUMPKIN_ORDER;
}

class HostileChain {
  readonly #random: Random;
  readonly #chain: TestChain;
  readonly #users = Array.from({ length: USERS }, (_, k) => new User(LEAVES[k]!));
  #prices = { feePerL2Gas: 7n, feePerDaGas: 1_000n };

  constructor(random: Random, sizes?: Sizes) {
    this.#random = random;
    this.#chain = new TestChain(sizes);
  }

  epoch(): HostileEpoch {
    const random = this.#random;
    if (random.below(10) > 0) this.#setState();
    const count = 1 + random.below(this.#chain.sizes.blocks);
    const previous = this.#chain.previous;
    const blocks = Array.from({ length: count }, () => {
      this.#prices = {
        feePerL2Gas: random.pick([0n, 1n, 7n, 2n ** 64n - 1n]),
        feePerDaGas: random.pick([0n, 1n, 1_000n, 2n ** 64n - 1n]),
      };
      // Added one by one: what comes next depends on the nonces before it.
      return this.#chain.add(this.#block());
    });
    return { ...this.#chain.inputs(previous, blocks), blocks };
  }

  /** Accounts at the edges of what the ledger allows. */
  #setState(): void {
    const random = this.#random;
    const accounts = this.#users.slice(0, 3).map((user): [number, Account] => [
      user.index,
      {
        key: user.keys.publicKey,
        feeBalance: random.pick([0n, 197_999n, 198_000n, ...RICH]),
        balance: random.pick([0n, 3n, ...RICH]),
        nonce: random.pick([0, 0, 0, 0, 0, 0, 0, LAST_NONCE - 1, LAST_NONCE]),
      },
    ]);
    this.#chain.start(AccountTree.from(accounts));
  }

  #block(): BlockContent {
    const random = this.#random;
    const { transactions, messages } = this.#chain.sizes;
    const nonces = new Map(this.#users.map(({ index }) => [index, this.#chain.state.get(index).nonce]));
    const filled = Array.from(
      { length: transactions - Math.min(random.below(transactions + 1), random.below(transactions + 1)) },
      () => this.#transaction(nonces),
    );
    const exact = BigInt(filled.length);
    const count = random.pick([
      exact,
      exact,
      exact,
      exact,
      BigInt(transactions),
      BigInt(transactions + 1),
      random.bits(248),
    ]);
    return {
      words: [count, ...filled.flat()],
      messages: Array.from({ length: random.below(messages + 1) }, () => this.#message(nonces)),
      prices: this.#prices,
      parentBitmap: random.pick([0n, random.bits(48), (1n << 48n) - 1n, 1n << 47n]),
    };
  }

  /** A good transaction more often than not; else one that is wrong in one thing, or noise. */
  #transaction(nonces: Map<number, number>): TransactionWords {
    const random = this.#random;
    const user = this.#user();
    const choice = random.below(12);
    // What is spoilt below uses up no nonce.
    const body = this.#body(user, choice < 3 ? new Map(nonces) : nonces);
    switch (choice) {
      case 0:
        return [random.bits(248), random.bits(248), random.bits(248), random.bits(248)];
      case 1: {
        const word = random.below(4);
        const mask = 1n << BigInt(random.below(248));
        const words = encodeTransaction(signTransaction({ domain: DOMAIN, keyPair: user.keys, body }));
        return words.map((w, k) => (k === word ? w ^ mask : w)) as unknown as TransactionWords;
      }
      case 2:
        return encodeTransaction({ ...body, signature: this.#signature(user, 254) });
      case 3:
        return signAtInfinity(user, body);
      default:
        return encodeTransaction(signTransaction({ domain: DOMAIN, keyPair: user.keys, body }));
    }
  }

  #message(nonces: Map<number, number>): Message {
    const random = this.#random;
    const user = this.#user();
    const index = random.pick(LEAVES);
    if (random.below(2) === 0) {
      const keyParity = Number(user.keys.publicKey.y & 1n) ^ (random.below(4) === 0 ? 1 : 0);
      const amount = random.pick([1n, 1_000n, 10n ** 12n]);
      return user[random.pick(["fees", "assets"] as const)](amount, { index, keyParity });
    }
    const body = { ...this.#body(user, nonces), maxFeePerL2Gas: 0n, maxFeePerDaGas: 0n };
    const kind = body.kind === KIND_TRANSFER ? KIND_TRANSFER : KIND_WITHDRAW;
    const from = random.pick([
      body.from % 2 ** 24,
      body.from % 2 ** 24,
      body.from % 2 ** 24,
      Number(random.bits(24)),
    ]);
    const { signature } = signTransaction({
      domain: DOMAIN,
      keyPair: user.keys,
      body: { ...body, kind, from },
    });
    const forced: ForcedTransaction = {
      type: (kind + 2) as ForcedTransaction["type"],
      from,
      to: body.to,
      nonce: body.nonce,
      amount: body.amount,
      signature: random.below(4) === 0 ? this.#signature(user, 256) : signature,
    };
    return forced;
  }

  /** The last one's leaf is empty until something is deposited. */
  #user(): User {
    const random = this.#random;
    return random.below(8) === 0 ? this.#users.at(-1)! : random.pick(this.#users.slice(0, -1));
  }

  /** What the user signs: at most one field is odd. */
  #body(user: User, nonces: Map<number, number>): TransactionBody {
    const random = this.#random;
    const nonce = nonces.get(user.index)!;
    const kind = random.pick([KIND_TRANSFER, KIND_TRANSFER, KIND_WITHDRAW]);
    const good: TransactionBody = {
      kind,
      from: user.index,
      to:
        kind === KIND_TRANSFER
          ? BigInt(random.below(4) === 0 ? random.pick(LEAVES) : random.pick(LEAVES.slice(0, 3)))
          : DEPOSITOR,
      nonce,
      amount: random.pick([0n, 1n, 2n, 3n]),
      maxFeePerL2Gas: 2n ** 64n - 1n,
      maxFeePerDaGas: 2n ** 64n - 1n,
    };
    if (random.below(4) > 0) {
      nonces.set(user.index, Math.min(nonce + 1, LAST_NONCE));
      return good;
    }
    const odd: Partial<TransactionBody>[] = [
      { kind: Number(random.bits(8)) },
      { from: random.pick([2 ** 20 + user.index, 2 ** 32 - 1, 2]) },
      { to: random.pick([0n, (1n << 159n) | BigInt(user.index), 2n ** 20n, 2n ** 160n - 1n, 1n << 128n]) },
      { nonce: random.pick([Math.max(nonce - 1, 0), Math.min(nonce + 1, LAST_NONCE), LAST_NONCE, 0]) },
      {
        amount: random.pick([
          2n ** 96n - 1n,
          2n ** 94n + 1n,
          random.bits(96),
          this.#chain.state.get(user.index).balance,
        ]),
      },
      { maxFeePerL2Gas: random.pick([0n, this.#prices.feePerL2Gas, random.bits(64)]) },
      { maxFeePerDaGas: random.pick([0n, this.#prices.feePerDaGas, random.bits(64)]) },
    ];
    return { ...good, ...random.pick(odd) };
  }

  /** Scalars at the edges of what the curve takes. */
  #signature(user: User, width: number): Signature {
    const random = this.#random;
    const e = random.pick([0n, 1n, LOW_128, random.bits(128)]);
    const top = (1n << BigInt(width)) - 1n;
    const n = GRUMPKIN_ORDER;
    return { s: random.pick([0n, 1n, n - 1n, n, n + 1n, top, (n >> 128n) << 128n, meetingAt(user, e)]), e };
  }
}

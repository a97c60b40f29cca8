import { expect } from "chai";

import { EMPTY_ACCOUNT, type Account } from "../../protocol/account.ts";
import { blockDataOf } from "../../protocol/blob.ts";
import { BN254_R, toField } from "../../protocol/field.ts";
import { fromLibraryPoint, Grumpkin, GRUMPKIN_ORDER } from "../../protocol/grumpkin.ts";
import { executeBlock, type BlockResult, type SkipReason } from "../../protocol/ledger.ts";
import { MESSAGE_ASSET_DEPOSIT, MESSAGE_FEE_DEPOSIT, type Message } from "../../protocol/message.ts";
import { poseidon2Hash } from "../../protocol/poseidon2.ts";
import { schnorrSign, schnorrVerify } from "../../protocol/schnorr.ts";
import { MAX_ACCOUNTS, SIZES } from "../../protocol/sizes.ts";
import {
  encodeBody,
  encodeTransaction,
  signingMessage,
  type Transaction,
} from "../../protocol/transaction.ts";
import type { TransactionBody, TransactionWords } from "../../protocol/transaction.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import { depositFor } from "../../protocol/vectors/samples.ts";
import * as scenario from "../../protocol/vectors/scenario.ts";
import { ASSET_FEE_JUICE, ASSET_TOKEN } from "../../protocol/withdrawal.ts";
import { expectProtocolError } from "./support/errors.ts";

const { ALICE, BOB, CAROL, NOBODY, START_BALANCE, START_FEE_BALANCE } = scenario;
const { domain, execute, forced, keyOf, prices, sizes, startState, transfer, withdraw } = scenario;

const TRANSFER_FEE = 10_000n * prices.feePerL2Gas + 128n * prices.feePerDaGas;
const WITHDRAW_FEE = 15_000n * prices.feePerL2Gas + 128n * prices.feePerDaGas;
/** Slots in which the forced transactions of message slots 0 and 1 run. */
const FORCED_SLOTS = [sizes.transactions - sizes.messages, sizes.transactions - sizes.messages + 1] as const;

/** Outcome of a slot in one word: applied, inactive, or the reason for the skip. */
function outcome(result: BlockResult, slot: number): string {
  const found = result.slots[slot]?.outcome;
  if (found === undefined) throw new Error(`no slot ${slot}`);
  return found.type === "skipped" ? found.reason : found.type;
}

function withAlice(changes: Partial<Account>) {
  const state = startState();
  return state.set(ALICE, { ...state.get(ALICE), ...changes });
}

describe("protocol/ledger: what valid transactions do", () => {
  it("a transfer moves the amount, charges the fee and counts the nonce", () => {
    const result = execute({ transactions: [transfer({ amount: 25n })] });
    expect(outcome(result, 0)).to.equal("applied");
    expect(result.state.get(ALICE)).to.deep.include({
      balance: START_BALANCE - 25n,
      feeBalance: START_FEE_BALANCE - TRANSFER_FEE,
      nonce: 1,
    });
    expect(result.state.get(BOB)).to.deep.include({
      balance: START_BALANCE + 25n,
      feeBalance: START_FEE_BALANCE,
      nonce: 0,
    });
    expect(result.gas).to.deep.equal({ l2: 10_000n, da: 128n });
    expect(result.fees).to.equal(TRANSFER_FEE);
    expect(result.withdrawals).to.deep.equal([]);
  });

  it("a transfer to oneself changes nothing but fee and nonce, even with the whole balance", () => {
    const result = execute({ transactions: [transfer({ to: BigInt(ALICE), amount: START_BALANCE })] });
    expect(outcome(result, 0)).to.equal("applied");
    expect(result.state.get(ALICE)).to.deep.include({ balance: START_BALANCE, nonce: 1 });
  });

  it("a transfer of nothing is valid", () => {
    expect(outcome(execute({ transactions: [transfer({ amount: 0n })] }), 0)).to.equal("applied");
  });

  it("a withdrawal leaves the ledger as a message to L1", () => {
    const result = execute({ transactions: [withdraw({ amount: 30n })] });
    expect(result.state.get(ALICE)).to.deep.include({
      balance: START_BALANCE - 30n,
      feeBalance: START_FEE_BALANCE - WITHDRAW_FEE,
      nonce: 1,
    });
    expect(result.withdrawals).to.deep.equal([{ asset: ASSET_TOKEN, amount: 30n, recipient: 0xbeefn }]);
    expect(result.gas).to.deep.equal({ l2: 15_000n, da: 128n });
  });

  it("a later slot sees what an earlier one did", () => {
    const result = execute({
      transactions: [
        transfer({ amount: START_BALANCE }),
        transfer({ from: BOB, to: 5n, amount: 2n * START_BALANCE }),
      ],
    });
    expect([outcome(result, 0), outcome(result, 1)]).to.deep.equal(["applied", "applied"]);
    expect(result.state.get(CAROL).balance).to.equal(3n * START_BALANCE);
  });

  it("an empty block keeps the root", () => {
    const state = startState();
    const result = execute({}, { state });
    expect(result.state.root()).to.equal(state.root());
    expect(result.slots.map((_, slot) => outcome(result, slot))).to.deep.equal(
      result.slots.map(() => "inactive"),
    );
  });

  it("the state given is not changed", () => {
    const state = startState();
    const root = state.root();
    execute({ transactions: [transfer()] }, { state });
    expect(state.root()).to.equal(root);
    expect(state.get(ALICE).nonce).to.equal(0);
  });
});

describe("protocol/ledger: each rule alone makes a transaction invalid", () => {
  /** Every other rule holds for these: changing just the rule's subject makes each valid. */
  const broken: { rule: string; reason: SkipReason; make: () => Attempt }[] = [
    { rule: "spare bits of word 0", reason: "spare-bits", make: () => ({ words: signedWords(0, 1n << 3n) }) },
    {
      rule: "spare bits of word 1",
      reason: "spare-bits",
      make: () => ({ words: signedWords(1, 1n << 23n) }),
    },
    {
      rule: "spare bits of word 3",
      reason: "spare-bits",
      make: () => ({ words: signedWords(3, 1n << 134n) }),
    },
    { rule: "kind 0", reason: "unknown-kind", make: () => ({ transaction: transfer({ kind: 0 }) }) },
    { rule: "kind 3", reason: "unknown-kind", make: () => ({ transaction: transfer({ kind: 3 }) }) },
    {
      rule: "a sender outside the tree, whose low bits name an account",
      reason: "sender-out-of-range",
      make: () => ({ transaction: transfer({ from: MAX_ACCOUNTS + ALICE }, keyOf(ALICE)) }),
    },
    {
      rule: "an empty sender, with a signature that holds for the point at infinity",
      reason: "sender-empty",
      make: () => ({ transaction: forgedForEmptyLeaf() }),
    },
    {
      rule: "a nonce too high",
      reason: "nonce-mismatch",
      make: () => ({ transaction: transfer({ nonce: 1 }) }),
    },
    {
      rule: "a nonce too low",
      reason: "nonce-mismatch",
      make: () => ({ transaction: transfer({ nonce: 6 }), alice: { nonce: 7 } }),
    },
    {
      rule: "the last nonce",
      reason: "nonce-exhausted",
      make: () => ({ transaction: transfer({ nonce: 2 ** 32 - 1 }), alice: { nonce: 2 ** 32 - 1 } }),
    },
    {
      rule: "an L2 fee cap below the price",
      reason: "l2-fee-cap-below-price",
      make: () => ({ transaction: transfer({ maxFeePerL2Gas: prices.feePerL2Gas - 1n }) }),
    },
    {
      rule: "a DA fee cap below the price",
      reason: "da-fee-cap-below-price",
      make: () => ({ transaction: transfer({ maxFeePerDaGas: prices.feePerDaGas - 1n }) }),
    },
    {
      rule: "a fee balance below the fee of a transfer",
      reason: "fee-balance-too-low",
      make: () => ({ transaction: transfer(), alice: { feeBalance: TRANSFER_FEE - 1n } }),
    },
    {
      rule: "a fee balance below the fee of a withdrawal",
      reason: "fee-balance-too-low",
      make: () => ({ transaction: withdraw(), alice: { feeBalance: WITHDRAW_FEE - 1n } }),
    },
    {
      rule: "a balance below the amount of a transfer",
      reason: "balance-too-low",
      make: () => ({ transaction: transfer({ amount: START_BALANCE + 1n }) }),
    },
    {
      rule: "a balance below the amount of a withdrawal",
      reason: "balance-too-low",
      make: () => ({ transaction: withdraw({ amount: START_BALANCE + 1n }) }),
    },
    {
      rule: "a receiver outside the tree, whose low bits name an account",
      reason: "receiver-out-of-range",
      make: () => ({ transaction: transfer({ to: BigInt(MAX_ACCOUNTS + BOB) }) }),
    },
    {
      rule: "a receiver whose lowest 128 bits name an account",
      reason: "receiver-out-of-range",
      make: () => ({ transaction: transfer({ to: (1n << 128n) + BigInt(BOB) }) }),
    },
    {
      rule: "an empty receiver",
      reason: "receiver-empty",
      make: () => ({ transaction: transfer({ to: BigInt(NOBODY) }) }),
    },
    {
      rule: "a withdrawal of nothing",
      reason: "withdraw-nothing",
      make: () => ({ transaction: withdraw({ amount: 0n }) }),
    },
    {
      rule: "a withdrawal to address 0",
      reason: "withdraw-to-zero",
      make: () => ({ transaction: withdraw({ to: 0n }) }),
    },
    {
      rule: "an s that is not reduced",
      reason: "signature-out-of-range",
      make: () => ({ transaction: malleated() }),
    },
    {
      rule: "another's signature",
      reason: "signature-invalid",
      make: () => ({ transaction: transfer({}, keyOf(BOB)) }),
    },
    {
      rule: "a signature over another body",
      reason: "signature-invalid",
      make: () => ({ transaction: { ...transfer(), amount: 11n } }),
    },
    {
      rule: "a signature for another domain",
      reason: "signature-invalid",
      make: () => ({ transaction: transfer(), domain: toField(domain + 1n) }),
    },
  ];

  interface Attempt {
    transaction?: Transaction;
    words?: TransactionWords;
    alice?: Partial<Account>;
    domain?: typeof domain;
  }

  for (const { rule, reason, make } of broken) {
    it(`${rule}: skipped without effect, fee or gas`, () => {
      const { transaction, words, alice = {}, domain: signedFor = domain } = make();
      const state = withAlice(alice);
      const item = words ?? (transaction as Transaction);
      const result = execute({ transactions: [item] }, { state, domain: signedFor });
      expect(outcome(result, 0)).to.equal(reason);
      expect(result.state.root()).to.equal(state.root());
      expect(result.gas).to.deep.equal({ l2: 0n, da: 0n });
      expect(result.fees).to.equal(0n);
      expect(result.withdrawals).to.deep.equal([]);
    });
  }

  it("just enough is enough: caps equal to the prices, balances equal to fee and amount", () => {
    const exact = { feeBalance: TRANSFER_FEE, balance: 10n };
    const result = execute({ transactions: [transfer()] }, { state: withAlice(exact) });
    expect(outcome(result, 0)).to.equal("applied");
    expect(result.state.get(ALICE)).to.deep.include({ feeBalance: 0n, balance: 0n });
  });

  it("the last nonce but one is still used", () => {
    const nonce = 2 ** 32 - 2;
    const result = execute({ transactions: [transfer({ nonce })] }, { state: withAlice({ nonce }) });
    expect(outcome(result, 0)).to.equal("applied");
    expect(result.state.get(ALICE).nonce).to.equal(2 ** 32 - 1);
  });

  it("a skipped transaction does not hinder the next one", () => {
    const result = execute({ transactions: [transfer({ nonce: 4 }), transfer()] });
    expect([outcome(result, 0), outcome(result, 1)]).to.deep.equal(["nonce-mismatch", "applied"]);
  });

  /** A transfer with a bit set in one of its words, signed as it then stands. */
  function signedWords(word: 0 | 1 | 3, bit: bigint): TransactionWords {
    const [clean0, clean1] = encodeBody(transfer());
    const word0 = clean0 | (word === 0 ? bit : 0n);
    const word1 = clean1 | (word === 1 ? bit : 0n);
    const { s, e } = schnorrSign(keyOf(ALICE), signingMessage(domain, word0, word1));
    const [, , word2, word3] = encodeTransaction({ ...transfer(), signature: { s, e } });
    return [word0, word1, word2, word3 | (word === 3 ? bit : 0n)];
  }

  /** With P = (0, 0) the equation R = sG + eP has no P in it, so anybody can solve it. */
  function forgedForEmptyLeaf(): Transaction {
    const body: TransactionBody = { ...transfer({ amount: 0n, from: NOBODY }), nonce: 0 };
    const free = { ...body, maxFeePerL2Gas: 10n ** 9n, maxFeePerDaGas: 10n ** 9n };
    const zero = toField(0n);
    const R = fromLibraryPoint(Grumpkin.BASE.multiply(5n));
    const message = signingMessage(domain, ...encodeBody(free));
    const e = poseidon2Hash([R.x, R.y, zero, zero, message]) & ((1n << 128n) - 1n);
    return { ...free, signature: { s: 5n, e } };
  }

  /** A valid signature with n added to s, where that still fits in 254 bits. */
  function malleated(): Transaction {
    for (let amount = 0n; ; amount++) {
      const transaction = transfer({ amount });
      const s = transaction.signature.s + GRUMPKIN_ORDER;
      if (s >> 254n === 0n) return { ...transaction, signature: { ...transaction.signature, s } };
    }
  }
});

describe("protocol/ledger: slots", () => {
  it("execute only the declared count of transactions", () => {
    const data = blockDataOf([transfer(), transfer({ nonce: 1 })].map(encodeTransaction), sizes);
    const result = execute({}, { data: { ...data, count: 1 } });
    expect([outcome(result, 0), outcome(result, 1)]).to.deep.equal(["applied", "inactive"]);
  });

  it("show the circuit what an inactive slot holds", () => {
    const data = blockDataOf([encodeTransaction(withdraw())], sizes);
    const result = execute({}, { data: { ...data, count: 0 } });
    expect(result.slots[0]?.transaction.amount).to.equal(10n);
    expect(result.slots[0]?.sender.index).to.equal(ALICE);
    expect(result.slots[0]?.receiver.index).to.equal(0xbeef);
    expect(result.withdrawals).to.deep.equal([]);
  });

  it("name leaves by the lowest 20 bits of any number", () => {
    const result = execute({
      transactions: [transfer({ from: MAX_ACCOUNTS + 7, to: (5n << 20n) + 9n }, keyOf(ALICE))],
    });
    expect(result.slots[0]?.sender.index).to.equal(7);
    expect(result.slots[0]?.receiver.index).to.equal(9);
  });

  it("form one chain of updates from the old root to the new one", () => {
    const state = startState();
    const result = execute(
      {
        messages: [
          depositFor(keyOf(NOBODY), { type: MESSAGE_FEE_DEPOSIT, index: NOBODY, amount: 5n }),
          forced(transfer({ from: BOB, to: 5n })),
        ],
        transactions: [transfer(), withdraw({ nonce: 1 }), transfer({ nonce: 9 })],
      },
      { state },
    );
    const updates = [
      ...result.messages.map(({ update }) => update),
      ...result.slots.flatMap(({ sender, receiver }) => [sender, receiver]),
    ];
    let root = state.root();
    for (const { tree, index, before, after } of updates) {
      expect(tree.root()).to.equal(root);
      expect(tree.get(index)).to.equal(before);
      root = tree.set(index, after).root();
    }
    expect(root).to.equal(result.state.root());
  });
});

describe("protocol/ledger: deposits", () => {
  const deposit = (type: 1 | 2, index: number, owner: number): Message =>
    depositFor(keyOf(owner), { type, index, amount: 50n, sender: 0xabcn as never });

  it("open an empty leaf", () => {
    const result = execute({ messages: [deposit(MESSAGE_FEE_DEPOSIT, NOBODY, NOBODY)] });
    expect(result.state.get(NOBODY)).to.deep.equal({
      ...EMPTY_ACCOUNT,
      key: keyOf(NOBODY).publicKey,
      feeBalance: 50n,
    });
  });

  it("add to a leaf of the same key: fee juice and asset apart", () => {
    const result = execute({
      messages: [deposit(MESSAGE_FEE_DEPOSIT, BOB, BOB), deposit(MESSAGE_ASSET_DEPOSIT, BOB, BOB)],
    });
    expect(result.state.get(BOB)).to.deep.include({
      feeBalance: START_FEE_BALANCE + 50n,
      balance: START_BALANCE + 50n,
    });
  });

  it("go back to their sender when the leaf has another key", () => {
    const state = startState();
    const result = execute(
      { messages: [deposit(MESSAGE_FEE_DEPOSIT, BOB, ALICE), deposit(MESSAGE_ASSET_DEPOSIT, BOB, ALICE)] },
      { state },
    );
    expect(result.withdrawals).to.deep.equal([
      { asset: ASSET_FEE_JUICE, amount: 50n, recipient: 0xabcn },
      { asset: ASSET_TOKEN, amount: 50n, recipient: 0xabcn },
    ]);
    expect(result.state.root()).to.equal(state.root());
  });

  it("go back when only the sign of the key's y differs", () => {
    const message = deposit(MESSAGE_ASSET_DEPOSIT, BOB, BOB);
    const negated = { ...message, keyParity: 1 - (message as { keyParity: number }).keyParity } as Message;
    expect(execute({ messages: [negated] }).withdrawals).to.have.length(1);
  });

  it("apply before the first transaction, in order", () => {
    const result = execute({
      messages: [
        deposit(MESSAGE_ASSET_DEPOSIT, NOBODY, NOBODY),
        deposit(MESSAGE_ASSET_DEPOSIT, NOBODY, ALICE),
      ],
      transactions: [transfer({ to: BigInt(NOBODY) })],
    });
    expect(outcome(result, 0)).to.equal("applied");
    expect(result.state.get(NOBODY).balance).to.equal(60n);
    expect(result.withdrawals).to.have.length(1);
  });

  it("come before transactions in the list of withdrawals", () => {
    const result = execute({
      messages: [deposit(MESSAGE_FEE_DEPOSIT, BOB, ALICE)],
      transactions: [withdraw()],
    });
    expect(result.withdrawals.map(({ recipient }) => recipient)).to.deep.equal([0xabcn, 0xbeefn]);
  });

  it("that L1 refuses are refused: too much for a balance, a key off the curve", () => {
    const whole = { ...deposit(MESSAGE_ASSET_DEPOSIT, BOB, BOB), amount: (1n << 96n) - 1n } as Message;
    expectProtocolError("balance-overflow", () => execute({ messages: [whole] }));
    // x = 4 gives 47, which is no square of the field.
    const keyX = 4n;
    expect(Grumpkin.Fp.pow(keyX ** 3n - 17n, (BN254_R - 1n) / 2n)).to.equal(BN254_R - 1n);
    const nonsense = { ...deposit(MESSAGE_ASSET_DEPOSIT, BOB, BOB), keyX } as Message;
    expectProtocolError("invalid-key", () => execute({ messages: [nonsense] }));
  });
});

describe("protocol/ledger: forced transactions", () => {
  const [first, second] = FORCED_SLOTS;

  it("run in the last slots, for free and without gas", () => {
    const result = execute({
      messages: [forced(transfer({ amount: 40n })), forced(withdraw({ nonce: 1, amount: 2n }))],
    });
    expect([outcome(result, first), outcome(result, second)]).to.deep.equal(["applied", "applied"]);
    expect(result.state.get(ALICE)).to.deep.include({
      balance: START_BALANCE - 42n,
      feeBalance: START_FEE_BALANCE,
      nonce: 2,
    });
    expect(result.gas).to.deep.equal({ l2: 0n, da: 0n });
    expect(result.withdrawals).to.have.length(1);
  });

  it("need no fee juice and ignore prices", () => {
    const state = withAlice({ feeBalance: 0n });
    const dear = { feePerL2Gas: 2n ** 64n - 1n, feePerDaGas: 2n ** 64n - 1n };
    const result = execute({ messages: [forced(transfer())] }, { state, prices: dear });
    expect(outcome(result, first)).to.equal("applied");
  });

  it("take the place of the blob's transaction in their slot", () => {
    const mine = transfer({ from: CAROL });
    const result = execute({
      messages: [forced(transfer({ from: BOB, to: 5n }))],
      transactions: Array.from({ length: sizes.transactions }, () => mine),
    });
    expect(result.slots[first]?.forced).to.equal(true);
    expect(result.slots[first]?.transaction.from).to.equal(BOB);
    expect(result.slots[second]?.forced).to.equal(false);
  });

  it("of message slot m run in slot T - M + m, also behind a deposit", () => {
    const deposit = depositFor(keyOf(BOB), { type: MESSAGE_FEE_DEPOSIT, index: BOB, amount: 1n });
    const result = execute({ messages: [deposit, forced(transfer())] });
    expect([outcome(result, first), outcome(result, second)]).to.deep.equal(["inactive", "applied"]);
  });

  it("come after the transactions of the slots before them", () => {
    const result = execute({ messages: [forced(transfer())], transactions: [transfer()] });
    expect([outcome(result, 0), outcome(result, first)]).to.deep.equal(["applied", "nonce-mismatch"]);
  });

  it("with fees in what was signed are invalid: L1 carries the body without fees", () => {
    const paid = transfer();
    const message = { ...forced(paid), signature: paid.signature };
    expect(outcome(execute({ messages: [message] }), first)).to.equal("signature-invalid");
  });

  it("that break a rule are consumed without effect", () => {
    const state = startState();
    const cases: [SkipReason, Message][] = [
      ["sender-out-of-range", { ...forced(transfer()), from: MAX_ACCOUNTS + ALICE }],
      ["sender-empty", { ...forced(transfer()), from: NOBODY }],
      ["nonce-mismatch", forced(transfer({ nonce: 3 }))],
      ["balance-too-low", forced(transfer({ amount: START_BALANCE + 1n }))],
      ["withdraw-nothing", forced(withdraw({ amount: 0n }))],
      ["withdraw-to-zero", forced(withdraw({ to: 0n }))],
      ["receiver-out-of-range", forced(transfer({ to: 1n << 159n }))],
      ["receiver-empty", forced(transfer({ to: BigInt(NOBODY) }))],
      ["signature-out-of-range", { ...forced(transfer()), signature: { s: 2n ** 256n - 1n, e: 1n } }],
      ["signature-invalid", { ...forced(transfer()), signature: { s: 1n, e: 1n } }],
    ];
    for (const [reason, message] of cases) {
      const result = execute({ messages: [message] }, { state });
      expect(outcome(result, first)).to.equal(reason);
      expect(result.state.root()).to.equal(state.root());
    }
  });

  it("share the last nonce rule", () => {
    const nonce = 2 ** 32 - 1;
    const result = execute({ messages: [forced(transfer({ nonce }))] }, { state: withAlice({ nonce }) });
    expect(outcome(result, first)).to.equal("nonce-exhausted");
  });
});

describe("protocol/ledger: the whole", () => {
  it("has a result for every content, and creates or destroys nothing", () => {
    const random = seededRandom("ledger");
    const people = [ALICE, BOB, CAROL, NOBODY];
    let state = startState();
    let applied = 0;

    for (let block = 0; block < 25; block++) {
      const nonces = new Map(people.map((index) => [index, state.get(index).nonce]));
      const next = (index: number): number => {
        const nonce = nonces.get(index) as number;
        if (random.below(4) > 0) nonces.set(index, nonce + 1);
        return nonce;
      };
      const someTransaction = (): Transaction | TransactionWords => {
        if (random.below(6) === 0)
          return [0, 1, 2, 3].map(() => random.bits(248)) as unknown as TransactionWords;
        const from = random.pick(people);
        const make = random.pick([transfer, withdraw]);
        return make({
          from,
          nonce: next(from),
          amount: BigInt(random.below(400)),
          ...toSomebody(make === transfer),
        });
      };
      const toSomebody = (isTransfer: boolean) => (isTransfer ? { to: BigInt(random.pick(people)) } : {});
      const someMessage = (): Message => {
        if (random.below(2) === 0) {
          const type = random.pick([MESSAGE_FEE_DEPOSIT, MESSAGE_ASSET_DEPOSIT] as const);
          return depositFor(keyOf(random.pick(people)), {
            type,
            index: random.pick(people),
            amount: 500_000n,
          });
        }
        const from = random.pick(people);
        return forced(withdraw({ from, nonce: next(from), amount: BigInt(random.below(100)) }));
      };
      const messages = Array.from({ length: random.below(sizes.messages + 1) }, someMessage);
      const transactions = Array.from({ length: random.below(sizes.transactions + 1) }, someTransaction);

      const result = execute({ messages, transactions }, { state });
      const deposited = (type: number): bigint =>
        messages.reduce((sum, message) => sum + (message.type === type ? message.amount : 0n), 0n);
      const withdrawn = (asset: number): bigint =>
        result.withdrawals.reduce((sum, item) => sum + (item.asset === asset ? item.amount : 0n), 0n);

      expect(total(result.state, "balance")).to.equal(
        total(state, "balance") + deposited(MESSAGE_ASSET_DEPOSIT) - withdrawn(ASSET_TOKEN),
      );
      expect(total(result.state, "feeBalance")).to.equal(
        total(state, "feeBalance") +
          deposited(MESSAGE_FEE_DEPOSIT) -
          withdrawn(ASSET_FEE_JUICE) -
          result.fees,
      );
      expect(result.fees).to.equal(result.gas.l2 * prices.feePerL2Gas + result.gas.da * prices.feePerDaGas);
      applied += result.slots.filter(({ outcome: { type } }) => type === "applied").length;
      state = result.state;
    }
    expect(applied).to.be.greaterThan(20);
  });

  it("never raises a fee balance by a transaction: fee juice comes from L1 and goes to fees", () => {
    const balances = (state: ReturnType<typeof startState>): bigint[] =>
      [...state.accounts()].map(([, { feeBalance }]) => feeBalance);
    const before = startState();
    const result = execute({
      transactions: [transfer({ amount: 7n }), transfer({ nonce: 1, to: 0n }), withdraw({ nonce: 2 })],
      messages: [forced(withdraw({ from: BOB }))],
    });
    expect(result.slots.some(({ outcome: { type } }) => type === "applied")).to.equal(true);
    expect(result.withdrawals.every(({ asset }) => asset === ASSET_TOKEN)).to.equal(true);
    const fallen = balances(result.state).map((now, i) => balances(before)[i]! - now);
    expect(fallen.every((amount) => amount >= 0n)).to.equal(true);
    expect(fallen.reduce((a, b) => a + b, 0n)).to.equal(result.fees);
  });

  it("asks for a signature only when all other rules hold, and takes another implementation", () => {
    let asked = 0;
    const verifySignature: typeof schnorrVerify = (claim) => {
      asked += 1;
      return schnorrVerify(claim);
    };
    execute({ transactions: [transfer(), transfer(), transfer({ nonce: 1 })] }, { verifySignature });
    expect(asked).to.equal(2);
    const refusing = execute({ transactions: [transfer()] }, { verifySignature: () => false });
    expect(outcome(refusing, 0)).to.equal("signature-invalid");
  });

  it("refuses more messages than a block takes, and data of another size", () => {
    const message = forced(transfer());
    expectProtocolError("too-many-messages", () => execute({ messages: [message, message, message] }));
    const data = blockDataOf([], { ...SIZES.local, transactions: 3, words: 13 });
    expectProtocolError("wrong-length", () =>
      executeBlock(startState(), { data, messages: [], prices, domain, sizes }),
    );
  });

  function total(state: ReturnType<typeof startState>, kind: "balance" | "feeBalance"): bigint {
    return [...state.accounts()].reduce((sum, [, account]) => sum + account[kind], 0n);
  }
});

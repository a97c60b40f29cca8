import { expect } from "chai";

import { EMPTY_ACCOUNT } from "../../protocol/account.ts";
import { GRUMPKIN_ORDER } from "../../protocol/grumpkin.ts";
import { chainHash, type Header } from "../../protocol/header.ts";
import type { SkipReason, SlotOutcome } from "../../protocol/ledger.ts";
import { KIND_TRANSFER, KIND_WITHDRAW, type TransactionWords } from "../../protocol/transaction.ts";
import { AccountTree } from "../../protocol/tree.ts";
import { openCircuit, refusal } from "./support/circuit.ts";
import { DEPOSITOR, GENESIS, PRICES, TestChain, User, type BlockContent } from "./support/testChain.ts";

const LAST_NONCE = 2 ** 32 - 1;

/** The header carries the ledger's results, so the circuit takes an epoch only when both agree on every slot. */
describe("the epoch circuit proves what the ledger does", () => {
  let alice: User;
  let bob: User;
  let carol: User;
  let chain: TestChain;

  before(async function () {
    this.timeout(180_000);
    await openCircuit();
  });

  /** Alice (leaf 0) and Bob (leaf 1) are rich, Carol's leaf 2 is empty, leaf 5 has used up its nonces. */
  beforeEach(() => {
    [alice, bob, carol] = [new User(0), new User(1), new User(2)];
    const rich = { feeBalance: 10n ** 12n, balance: 1_000n, nonce: 0 };
    const old = new User(5);
    chain = new TestChain();
    chain.state = AccountTree.from([
      [0, { ...rich, key: alice.keys.publicKey }],
      [1, { ...rich, key: bob.keys.publicKey }],
      [5, { ...rich, key: old.keys.publicKey, nonce: LAST_NONCE }],
    ]);
    chain.previous = { ...PREVIOUS, stateRoot: chain.state.root() };
  });

  async function accepts(...contents: BlockContent[]): Promise<SlotOutcome[]> {
    const epoch = chain.epoch(...contents);
    expect(await refusal(epoch)).to.equal(undefined);
    return epoch.blocks.flatMap(({ result }) => result.slots.map(({ outcome }) => outcome));
  }

  async function skips(
    expected: SkipReason,
    words: TransactionWords,
    rest: BlockContent = {},
  ): Promise<void> {
    const [outcome] = await accepts({ ...rest, transactions: [words] });
    expect(outcome).to.deep.equal({ type: "skipped", reason: expected });
  }

  it("from genesis, with one block", async () => {
    chain = new TestChain();
    const [first] = await accepts({
      messages: [alice.fees(10n ** 9n), alice.assets(10n)],
      transactions: [alice.transfer(0, 3n)],
    });
    expect(first!.type).to.equal("applied");
  });

  it("with blocks that are empty", async () => {
    await accepts({}, {});
  });

  it("with every slot filled", async () => {
    const { transactions } = chain.sizes;
    const outcomes = await accepts(
      { transactions: Array.from({ length: transactions }, () => alice.transfer(1, 5n)) },
      {
        transactions: Array.from({ length: transactions }, () => bob.withdraw(DEPOSITOR, 6n)),
        parentBitmap: (1n << 48n) - 1n,
      },
    );
    expect(outcomes.map(({ type }) => type)).to.deep.equal(outcomes.map(() => "applied"));
  });

  it("that follows another epoch", async () => {
    chain.epoch({ messages: [carol.fees(5n)] }, { transactions: [alice.transfer(1, 1n)] });
    await accepts({ transactions: [alice.transfer(1, 1n)], parentBitmap: 7n }, { parentBitmap: 5n });
  });

  it("with a transfer to oneself, of nothing, of everything, and to a leaf filled in the same block", async () => {
    const outcomes = await accepts({
      messages: [carol.fees(9n), alice.fees(9n, { index: 0 })],
      transactions: [
        alice.transfer(0, 1_000n),
        alice.transfer(1, 0n),
        alice.transfer(2, 1_000n),
        bob.transfer(2, 1n),
      ],
    });
    expect(outcomes.slice(0, 4).map(({ type }) => type)).to.deep.equal(Array(4).fill("applied"));
  });

  it("with deposits: two to one leaf, and some that go back to L1", async () => {
    const other = new User(7);
    const epoch = chain.epoch(
      { messages: [carol.fees(5n), carol.assets(6n)] },
      { messages: [other.fees(7n, { index: 2 }), other.assets(8n, { index: 2 })] },
    );
    expect(await refusal(epoch)).to.equal(undefined);
    expect(epoch.statement.withdrawals.length).to.equal(2);
  });

  it("with a deposit of the same x and the other parity: it goes back", async () => {
    const keyParity = 1 - alice.fees(1n).keyParity;
    const epoch = chain.epoch({ messages: [alice.fees(5n, { keyParity })] });
    expect(await refusal(epoch)).to.equal(undefined);
    expect(epoch.statement.withdrawals.length).to.equal(1);
  });

  describe("skipping transactions", () => {
    const skipped: [string, SkipReason, (user: User) => TransactionWords][] = [
      ["spare bits in word 0", "spare-bits", (user) => tweak(user.transfer(1, 1n), 0, 1n)],
      ["spare bits in word 1", "spare-bits", (user) => tweak(user.transfer(1, 1n), 1, 1n << 23n)],
      ["spare bits in word 3", "spare-bits", (user) => tweak(user.transfer(1, 1n), 3, 1n << 134n)],
      ["the last spare bit of word 3", "spare-bits", (user) => tweak(user.transfer(1, 1n), 3, 1n << 247n)],
      ["kind 0", "unknown-kind", (user) => user.sign(user.body(0, 1n, 1n))],
      ["kind 3", "unknown-kind", (user) => user.sign(user.body(3, 1n, 1n))],
      ["a sender beyond the tree", "sender-out-of-range", (user) => user.transfer(1, 1n, { from: 2 ** 20 })],
      ["a sender of 32 bits", "sender-out-of-range", (user) => user.transfer(1, 1n, { from: 2 ** 32 - 1 })],
      ["an empty sender", "sender-empty", (user) => user.transfer(1, 1n, { from: 2 })],
      ["a nonce ahead", "nonce-mismatch", (user) => user.transfer(1, 1n, { nonce: 1 })],
      ["the last nonce", "nonce-exhausted", () => new User(5).transfer(1, 1n, { nonce: LAST_NONCE })],
      [
        "an L2 fee cap below the price",
        "l2-fee-cap-below-price",
        (user) => user.transfer(1, 1n, { maxFeePerL2Gas: 6n }),
      ],
      [
        "a DA fee cap below the price",
        "da-fee-cap-below-price",
        (user) => user.transfer(1, 1n, { maxFeePerDaGas: 999n }),
      ],
      ["an amount over the balance", "balance-too-low", (user) => user.transfer(1, 1_001n)],
      ["the largest amount", "balance-too-low", (user) => user.withdraw(DEPOSITOR, 2n ** 96n - 1n)],
      ["a withdrawal of nothing", "withdraw-nothing", (user) => user.withdraw(DEPOSITOR, 0n)],
      ["a withdrawal to nobody", "withdraw-to-zero", (user) => user.sign(user.body(KIND_WITHDRAW, 0n, 1n))],
      ["a receiver beyond the tree", "receiver-out-of-range", (user) => user.transfer(2 ** 20, 1n)],
      [
        "a receiver of 160 bits that ends in a leaf's number",
        "receiver-out-of-range",
        (user) => user.sign(user.body(KIND_TRANSFER, (1n << 159n) | 1n, 1n)),
      ],
      ["an empty receiver", "receiver-empty", (user) => user.transfer(2, 1n)],
      ["s + n", "signature-out-of-range", (user) => withS(smallS(user), (s) => s + GRUMPKIN_ORDER)],
      ["s = n", "signature-out-of-range", (user) => withS(user.transfer(1, 1n), () => GRUMPKIN_ORDER)],
      [
        "s of 254 bits",
        "signature-out-of-range",
        (user) => withS(user.transfer(1, 1n), () => (1n << 254n) - 1n),
      ],
      ["another s", "signature-invalid", (user) => withS(user.transfer(1, 1n), (s) => s ^ 1n)],
      [
        "another amount than signed",
        "signature-invalid",
        (user) => tweak(user.transfer(1, 1n), 1, 1n << 152n),
      ],
    ];
    for (const [name, reason, make] of skipped) {
      it(name, () => skips(reason, make(alice)));
    }

    it("a fee balance one short of the fee; not one that is just enough", async () => {
      const fee = 10_000n * PRICES.feePerL2Gas + 128n * PRICES.feePerDaGas;
      const poor = (feeBalance: bigint): void => {
        chain.state = chain.state.set(0, { ...chain.state.get(0), feeBalance });
        chain.previous = { ...PREVIOUS, stateRoot: chain.state.root() };
      };
      poor(fee - 1n);
      await skips("fee-balance-too-low", alice.transfer(1, 1n));
      poor(fee);
      const [outcome] = await accepts({ transactions: [alice.transfer(1, 1n, { nonce: 0 })] });
      expect(outcome!.type).to.equal("applied");
    });

    it("the second of two with one nonce, and going on after it", async () => {
      const outcomes = await accepts({
        transactions: [alice.transfer(1, 1n), alice.transfer(1, 2n, { nonce: 0 }), alice.transfer(1, 3n)],
      });
      expect(outcomes.slice(0, 3).map(({ type }) => type)).to.deep.equal(["applied", "skipped", "applied"]);
    });
  });

  describe("forced transactions", () => {
    it("valid ones, that pay nothing, whatever the prices", async () => {
      const prices = { feePerL2Gas: 2n ** 64n - 1n, feePerDaGas: 2n ** 64n - 1n };
      const epoch = chain.epoch({
        messages: [alice.force(KIND_TRANSFER, 1n, 5n), bob.force(KIND_WITHDRAW, DEPOSITOR, 1_005n)],
        prices,
      });
      expect(await refusal(epoch)).to.equal(undefined);
      expect(epoch.blocks[0]!.result.gas).to.deep.equal({ l2: 0n, da: 0n });
      expect(epoch.statement.withdrawals.length).to.equal(1);
    });

    it("in the place of the blob's transactions of their slots only", async () => {
      const ordinary = Array.from({ length: chain.sizes.transactions }, () => bob.transfer(0, 1n));
      const outcomes = await accepts({
        messages: [carol.fees(1n), alice.force(KIND_TRANSFER, 2n, 4n)],
        transactions: ordinary,
      });
      expect(outcomes.slice(0, ordinary.length).map(({ type }) => type)).to.deep.equal(
        ordinary.map(() => "applied"),
      );
    });

    const invalid: [string, SkipReason, (user: User) => ReturnType<User["force"]>][] = [
      ["nonce behind", "nonce-mismatch", (user) => user.force(KIND_TRANSFER, 1n, 1n, { nonce: 9 })],
      [
        "sender beyond the tree",
        "sender-out-of-range",
        (user) => user.force(KIND_TRANSFER, 1n, 1n, { from: 2 ** 24 - 1 }),
      ],
      ["sender empty", "sender-empty", (user) => user.force(KIND_TRANSFER, 1n, 1n, { from: 3 })],
      [
        "receiver of 160 bits",
        "receiver-out-of-range",
        (user) => user.force(KIND_TRANSFER, 2n ** 160n - 1n, 1n),
      ],
      ["balance too low", "balance-too-low", (user) => user.force(KIND_WITHDRAW, 1n, 2n ** 96n - 1n)],
      ["withdrawal to nobody", "withdraw-to-zero", (user) => user.force(KIND_WITHDRAW, 0n, 1n)],
      [
        "s of 256 bits",
        "signature-out-of-range",
        (user) => ({
          ...user.force(KIND_TRANSFER, 1n, 1n),
          signature: { s: 2n ** 256n - 1n, e: 2n ** 128n - 1n },
        }),
      ],
      [
        "signature of nonsense",
        "signature-invalid",
        (user) => ({ ...user.force(KIND_TRANSFER, 1n, 1n), signature: { s: 0n, e: 0n } }),
      ],
    ];
    for (const [name, reason, make] of invalid) {
      it(`invalid: ${name}`, async () => {
        const outcomes = await accepts({ messages: [make(alice)] });
        const { transactions, messages } = chain.sizes;
        expect(outcomes[transactions - messages]).to.deep.equal({ type: "skipped", reason });
      });
    }
  });

  describe("any content of a blob", () => {
    it("a count over the slots means none", async () => {
      const transaction = alice.transfer(1, 1n);
      for (const count of [BigInt(chain.sizes.transactions + 1), (1n << 248n) - 1n]) {
        const [outcome] = await accepts({ words: [count, ...transaction] });
        expect(outcome!.type).to.equal("inactive");
      }
    });

    it("words behind the last transaction mean nothing", async () => {
      const transaction = alice.transfer(1, 1n);
      const [first, second] = await accepts({ words: [1n, ...transaction, ...bob.transfer(0, 1n), 5n, 6n] });
      expect([first!.type, second!.type]).to.deep.equal(["applied", "inactive"]);
    });

    it("words of all ones, and words drawn at random", async () => {
      const ones = (1n << 248n) - 1n;
      const size = chain.sizes.words;
      const random = seeded(7n);
      await accepts(
        { words: [6n, ...Array<bigint>(size - 1).fill(ones)] },
        { words: [6n, ...random(size - 1)] },
      );
    });
  });

  it("an account that exists stays itself when a leaf's neighbours change", async () => {
    const far = new User(2 ** 20 - 1);
    const outcomes = await accepts(
      { messages: [far.fees(10n ** 9n), far.assets(10n ** 3n)] },
      { transactions: [far.transfer(0, 1n), alice.transfer(2 ** 20 - 1, 2n)] },
    );
    const second = outcomes.slice(chain.sizes.transactions, chain.sizes.transactions + 2);
    expect(second.map(({ type }) => type)).to.deep.equal(["applied", "applied"]);
    expect(chain.state.get(3)).to.deep.equal(EMPTY_ACCOUNT);
  });
});

/** A block before the epoch, whose state the tests choose. */
const PREVIOUS: Header = new TestChain().add({}).header;
expect(chainHash(PREVIOUS)).to.not.equal(GENESIS);

function tweak(words: TransactionWords, at: number, mask: bigint): TransactionWords {
  return words.map((word, i) => (i === at ? word ^ mask : word)) as unknown as TransactionWords;
}

function withS(words: TransactionWords, change: (s: bigint) => bigint): TransactionWords {
  const s = change((((words[3] >> 128n) & 0x3fn) << 248n) | words[2]);
  const low = (1n << 248n) - 1n;
  return [words[0], words[1], s & low, ((s >> 248n) << 128n) | (words[3] & ((1n << 128n) - 1n))];
}

/** A transfer whose s + n still has 254 bits. */
function smallS(user: User): TransactionWords {
  for (let amount = 1n; ; amount++) {
    const words = user.transfer(1, amount, { nonce: 0 });
    if ((((words[3] >> 128n) & 0x3fn) << 248n) + GRUMPKIN_ORDER < 0x3fn << 248n) return words;
  }
}

/** Words of 248 bits from a linear congruential generator. */
function seeded(seed: bigint): (count: number) => bigint[] {
  let state = seed;
  const next = (): bigint =>
    (state = (state * 6364136223846793005n + 1442695040888963407n) & ((1n << 64n) - 1n));
  return (count) =>
    Array.from(
      { length: count },
      () => ((next() << 192n) | (next() << 128n) | (next() << 64n) | next()) >> 8n,
    );
}

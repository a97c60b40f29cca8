import { expect } from "chai";

import { EMPTY_ACCOUNT, type Account } from "../../protocol/account.ts";
import {
  epochInputs,
  type CircuitInput,
  type EpochInputs,
  type ProvenBlock,
} from "../../protocol/epochInputs.ts";
import type { Field } from "../../protocol/field.ts";
import { GRUMPKIN_ORDER } from "../../protocol/grumpkin.ts";
import type { Header } from "../../protocol/header.ts";
import type { MessageHash } from "../../protocol/message.ts";
import { KIND_TRANSFER, type TransactionWords } from "../../protocol/transaction.ts";
import { openCircuit, refusal } from "./support/circuit.ts";
import { altered, hex, numberAt, valueAt, withValue, type Inputs, type Place } from "./support/inputs.ts";
import {
  DEPOSITOR,
  GENESIS,
  PRICES,
  PROVER,
  TestChain,
  User,
  type BlockContent,
} from "./support/testChain.ts";

const LIMB = 1n << 120n;
const BLS_R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const NATIVE = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;

describe("the epoch circuit refuses", () => {
  let alice: User;
  let bob: User;
  let chain: TestChain;
  let rootAfter: Field;
  let honest: EpochInputs & { blocks: readonly ProvenBlock[] };

  before(async function () {
    this.timeout(180_000);
    await openCircuit();
    start();
    const messages = [bob.assets(5n, { index: 0 }), alice.force(KIND_TRANSFER, 0n, 3n)];
    const transactions = [alice.transfer(0, 1n), alice.withdraw(DEPOSITOR, 7n)];
    honest = chain.epoch({ messages, parentBitmap: 3n }, { transactions, parentBitmap: 9n });
    expect(await refusal(honest)).to.equal(undefined);
    rootAfter = chain.state.root();
  });

  beforeEach(start);

  /** Alice owns leaf 0, Bob leaf 1; the block before the epoch gave them means. */
  function start(): void {
    [alice, bob] = [new User(0), new User(1)];
    chain = new TestChain();
    chain.add({ messages: [alice.fees(10n ** 9n), alice.assets(1_000n)] });
    chain.add({ messages: [bob.fees(10n ** 9n), bob.assets(1_000n)] });
  }

  async function refuses(inputs: Inputs, reason: RegExp): Promise<void> {
    expect(await refusal({ inputs })).to.match(reason);
  }

  describe("a header that claims", () => {
    const claims: [string, (content: BlockContent) => Partial<Header>][] = [
      ["another state root", () => ({ stateRoot: 5n as Field })],
      ["the state root before the block", () => ({ stateRoot: chain.state.root() })],
      ["more L2 gas", () => ({ gas: { l2: 10_001n, da: 128n } })],
      ["more DA gas", () => ({ gas: { l2: 10_000n, da: 129n } })],
      ["no gas", () => ({ gas: { l2: 0n, da: 0n } })],
      ["another message hash", () => ({ messageHash: 7n as MessageHash })],
    ];
    for (const [name, make] of claims) {
      it(name, async () => {
        const content = { transactions: [alice.transfer(1, 5n)] };
        const { inputs } = chain.epoch({ ...content, claims: make(content) });
        await refuses(inputs, /claims what its block does not yield/);
      });
    }

    it("other prices than it was executed with", async () => {
      const prices = { ...PRICES, feePerL2Gas: 8n };
      const { inputs } = chain.epoch({ transactions: [alice.transfer(1, 5n)], claims: { prices } });
      await refuses(inputs, /path does not lead to the root/);
    });

    /** The state root as if one transfer from Alice to Bob had been applied. */
    const applied: [string, (user: User) => TransactionWords][] = [
      ["a replayed nonce applied", (user) => user.transfer(1, 5n, { nonce: 7 })],
      ["an overspent balance applied", (user) => user.transfer(1, 2_000n)],
      ["a forged signature applied", (user) => forged(user.transfer(1, 5n))],
      ["a fee cap below the price applied", (user) => user.transfer(1, 5n, { maxFeePerL2Gas: 1n })],
    ];
    for (const [name, make] of applied) {
      it(name, async () => {
        const words = make(alice);
        const amount = words[1] >> 152n;
        const fee = 10_000n * PRICES.feePerL2Gas + 128n * PRICES.feePerDaGas;
        const [from, to] = [chain.state.get(0), chain.state.get(1)];
        const wrong = chain.state
          .set(0, {
            ...from,
            feeBalance: from.feeBalance - fee,
            balance: positive(from.balance - amount),
            nonce: 1,
          })
          .set(1, { ...to, balance: to.balance + amount });
        const claimed = { stateRoot: wrong.root(), gas: { l2: 10_000n, da: 128n } };
        const { inputs } = chain.epoch({ transactions: [words], claims: claimed });
        await refuses(inputs, /claims what its block does not yield/);
      });
    }

    it("a valid transaction skipped", async () => {
      const before = chain.state.root();
      const { inputs } = chain.epoch({
        transactions: [alice.transfer(1, 5n)],
        claims: { stateRoot: before, gas: { l2: 0n, da: 0n } },
      });
      await refuses(inputs, /claims what its block does not yield/);
    });

    it("a transaction of the key (0, 0), which anybody can sign for", async () => {
      // R = sG for that key, so e = H(R, 0, 0, m) is easy to meet.
      const empty = new User(9);
      const { inputs } = chain.epoch({ transactions: [empty.transfer(0, 0n, { maxFeePerL2Gas: 7n })] });
      expect(await refusal({ inputs })).to.equal(undefined);
      const exists: Account = { ...EMPTY_ACCOUNT, nonce: 1 };
      const stateRoot = chain.state.set(9, exists).root();
      const claimed = epochOf(chain, { transactions: [empty.transfer(0, 0n)], claims: { stateRoot } });
      await refuses(claimed.inputs, /claims what its block does not yield/);
    });
  });

  describe("a witness with", () => {
    const changes: [string, Place, RegExp, ((value: bigint) => bigint)?][] = [
      ["another word", ["witness", "blocks", 1, "words", 2], /./],
      ["another count of transactions", ["witness", "blocks", 1, "words", 0], /./],
      ["a word over 248 bits", ["witness", "blocks", 1, "words", 24], /./, () => 1n << 248n],
      ["a word that wraps around the field", ["witness", "blocks", 1, "words", 3], /./, (x) => x - 1n],
      ["another sender", ["witness", "blocks", 1, "slots", 0, "sender", "account", "key_x"], /not on curve/],
      [
        "a sender without key",
        ["witness", "blocks", 1, "slots", 0, "sender", "account", "key_y"],
        /not on curve/,
        () => 0n,
      ],
      ["a richer sender", ["witness", "blocks", 1, "slots", 0, "sender", "account", "balance"], /path/],
      ["more fee juice", ["witness", "blocks", 1, "slots", 1, "sender", "account", "fee_balance"], /path/],
      ["another nonce", ["witness", "blocks", 1, "slots", 1, "sender", "account", "nonce"], /path/],
      ["another receiver", ["witness", "blocks", 1, "slots", 0, "receiver", "account", "balance"], /path/],
      ["another sibling", ["witness", "blocks", 0, "messages", 0, "leaf", "path", "children", 3, 1], /path/],
      [
        "a deposit's y of the other sign",
        ["witness", "blocks", 0, "messages", 0, "key_y"],
        /parity/,
        (y) => NATIVE - y,
      ],
      ["a deposit's y off the curve", ["witness", "blocks", 0, "messages", 0, "key_y"], /curve/],
      ["a message left out", ["witness", "blocks", 0, "messages", 1, "active"], /path|claims/],
      ["a gap between messages", ["witness", "blocks", 0, "messages", 0, "active"], /fill from the first/],
      ["another message", ["witness", "blocks", 0, "messages", 0, "words", 9], /claims/],
      ["a block left out", ["witness", "blocks", 1, "active"], /no words without a block/],
      ["no block", ["witness", "blocks", 0, "active"], /fill from the first|an epoch has a block/],
      ["another slot", ["witness", "blocks", 0, "header", "slot"], /product is wrong/],
      ["another blob", ["witness", "blocks", 1, "header", "versioned_hash", 3], /product is wrong/],
      ["another bitmap", ["witness", "blocks", 1, "header", "parent_bitmap", 1], /product is wrong/],
      ["a bitmap over 48 bits", ["witness", "blocks", 1, "header", "parent_bitmap", 0], /./, () => 1n << 16n],
      [
        "another state before",
        ["witness", "start", "header", "state_root", 7],
        /does not open the chain hash/,
      ],
      ["another parent", ["witness", "start", "parent", 0], /does not open the chain hash/],
      ["another chain hash before", ["witness", "start", "head", 6], /chain hash before/],
      ["a blinding point off the curve", ["witness", "blinding", "point", "x"], /not on the curve/],
    ];
    for (const [name, place, reason, change] of changes) {
      it(name, () => refuses(altered(honest.inputs, place, change), reason));
    }

    // The leaf's hash stays the same: only the ranges tell the accounts apart.
    const carries: [string, string, string][] = [
      ["more fee juice, taken from the balance", "fee_balance", "balance"],
      ["a higher balance, taken from the nonce", "balance", "nonce"],
    ];
    for (const [name, gains, loses] of carries) {
      for (const side of ["sender", "receiver"]) {
        it(`a ${side} of ${name}`, async () => {
          const account = ["witness", "blocks", 1, "slots", 1, side, "account"];
          const more = altered(honest.inputs, [...account, gains], (x) => x + (1n << 96n));
          await refuses(
            altered(more, [...account, loses], (x) => x - 1n),
            /range|bit size|max_bit/i,
          );
        });
      }
    }

    it("a state root above the field's modulus", async () => {
      const place = ["witness", "blocks", 1, "header", "state_root"];
      expect(uint32s(rootAfter)).to.deep.equal(valueAt(honest.inputs, place));
      await refuses(withValue(honest.inputs, place, uint32s(rootAfter + NATIVE)), /claims/);
    });

    it("messages in another order", async () => {
      const place = ["witness", "blocks", 0, "messages"];
      const [first, second] = valueAt(honest.inputs, place) as CircuitInput[];
      await refuses(withValue(honest.inputs, place, [second!, first!]), /path|claims/);
    });

    it("blocks in another order", async () => {
      const place = ["witness", "blocks"];
      const [first, second] = valueAt(honest.inputs, place) as CircuitInput[];
      await refuses(withValue(honest.inputs, place, [second!, first!]), /path|claims/);
    });

    it("an empty epoch", async () => {
      const { inputs } = chain.epoch({});
      await refuses(altered(inputs, ["witness", "blocks", 0, "active"]), /an epoch has a block/);
    });

    it("genesis claimed where the chain has gone on", async () => {
      const domain = numberAt(honest.inputs, ["public", "chain_hash_before"]);
      await refuses(
        altered(honest.inputs, ["public", "domain"], () => domain),
        /./,
      );
    });
  });

  describe("an opening with", () => {
    const base = ["witness", "opening"] as const;
    const relations: [string, Place][] = [
      ["z^2", [...base, "powers", 0]],
      ["z^4096", [...base, "powers", 11]],
      ["the weight of word 0", [...base, "weights", 0]],
      ["the weight of the last word", [...base, "weights", 24]],
      ["a blob's value", [...base, "evaluations", 1]],
      ["the sum", [...base, "combinations", 0]],
    ];
    for (const [name, place] of relations) {
      it(`another result: ${name}`, () => refuses(altered(honest.inputs, [...place, "value", "low"]), /./));
      it(`another quotient: ${name}`, () =>
        refuses(altered(honest.inputs, [...place, "quotient", "mid"]), /./));
      it(`limbs that overflow: ${name}`, async () => {
        for (const part of ["value", "quotient"]) {
          const low = altered(honest.inputs, [...place, part, "low"], (x) => x + LIMB);
          await refuses(
            altered(low, [...place, part, "mid"], (x) => x - 1n),
            /./,
          );
        }
      });
      it(`the relation met in the field only: ${name}`, async () => {
        // value + 1 is made good by a quotient that is right modulo p: r q' = r q - 1.
        const inverse = modularInverse(BLS_R % NATIVE);
        const shifted = altered(honest.inputs, [...place, "value", "low"]);
        await refuses(
          altered(shifted, [...place, "quotient", "low"], (q) => q - inverse + NATIVE),
          /./,
        );
      });
    }

    it("a value that is not reduced", async () => {
      const place = [...base, "evaluations", 0, "value"] as const;
      const limbs = ["low", "mid", "high"].map((limb) => numberAt(honest.inputs, [...place, limb]));
      const sum = limbs[0]! + limbs[1]! * LIMB + limbs[2]! * LIMB * LIMB + BLS_R;
      const parts = { low: sum % LIMB, mid: (sum / LIMB) % LIMB, high: sum / LIMB / LIMB };
      const text = Object.fromEntries(
        Object.entries(parts).map(([key, part]) => [key, `0x${part.toString(16)}`]),
      );
      await refuses(withValue(honest.inputs, place, text), /./);
    });
  });

  describe("public inputs with", () => {
    const places: Place[] = [
      ["chain_hash_before"],
      ["chain_hash_after"],
      ["domain"],
      ["z"],
      ["gamma"],
      ["y", 0],
      ["y", 1],
      ["y", 2],
      ["rho"],
      ["withdrawals"],
      ["participation", 0],
      ["participation", 1],
    ];
    for (const place of places) {
      it(`another ${place.join(" ")}`, () => refuses(altered(honest.inputs, ["public", ...place]), /./));
    }
  });

  it("nothing when only the prover is another: the verifier binds the address", async () => {
    expect(await refusal({ inputs: altered(honest.inputs, ["public", "prover"]) })).to.equal(undefined);
  });
});

/** Eight words of 32 bits, as the circuit's inputs have them. */
function uint32s(value: bigint): CircuitInput {
  return Array.from({ length: 8 }, (_, k) => hex((value >> BigInt(32 * (7 - k))) & 0xffffffffn));
}

function epochOf(chain: TestChain, content: BlockContent): EpochInputs {
  const previous = chain.previous;
  const blocks = [chain.add(content)];
  return epochInputs({ sizes: chain.sizes, genesisChainHash: GENESIS, prover: PROVER, previous, blocks });
}

/** The same transaction with a signature that does not hold. */
function forged([w0, w1, w2, w3]: TransactionWords): TransactionWords {
  return [w0, w1, w2 ^ 1n, w3];
}

function positive(x: bigint): bigint {
  return x < 0n ? x + (1n << 96n) : x;
}

function modularInverse(x: bigint): bigint {
  let [result, square] = [1n, x];
  for (let rest = NATIVE - 2n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % NATIVE;
    square = (square * square) % NATIVE;
  }
  expect((result * x) % NATIVE).to.equal(1n);
  expect(GRUMPKIN_ORDER).to.not.equal(NATIVE);
  return result;
}

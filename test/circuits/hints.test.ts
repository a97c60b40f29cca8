import { expect } from "chai";

import type { EpochInputs } from "../../protocol/epochInputs.ts";
import { openCircuit, type Circuit } from "./support/circuit.ts";
import { ConstraintSystem, inverse, reduce, type Attempt, type Hint } from "./support/constraints.ts";
import { hostileEpoch } from "./support/hostile.ts";
import { FIELD } from "./support/inputs.ts";
import { DEPOSITOR, TestChain, User } from "./support/testChain.ts";
import { SolvedWitness } from "./support/witness.ts";

const BLS_R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const STEPS = [1n, -1n, 2n, 1n << 8n, 1n << 20n, 1n << 120n, -(1n << 120n), 1n << 126n, 1n << 128n, BLS_R];
const LOW_128 = (1n << 128n) - 1n;

/**
 * A hint is a value that the prover may choose: whatever an unconstrained function returns. The constraints must leave
 * him one choice, or none that anything depends on.
 */
describe("hints of the epoch circuit", function () {
  this.timeout(180_000);

  let circuit: Circuit;
  let system: ConstraintSystem;

  before(async () => {
    circuit = await openCircuit();
    system = await ConstraintSystem.read(circuit.built.program);
  });

  /** Every kind of slot, the second block's last ones empty; then contents at random. */
  const epochs: [string, () => EpochInputs][] = [
    ["an epoch with every kind of slot", usualEpoch],
    ["hostile content", () => hostileEpoch("a")],
  ];

  for (const [name, make] of epochs) {
    describe(`in ${name}`, () => {
      let solved: ReadonlyMap<number, bigint>;

      before(async () => {
        solved = (await SolvedWitness.of(circuit, make().inputs)).values;
      });

      it("have one value", () => {
        let tried = 0;
        for (const hint of system.hints) {
          for (const value of alternatives(solved.get(hint.witness)!)) {
            expectNoFreedom(system.attempt(solved, new Map([[hint.witness, value]])), hint);
            tried++;
          }
        }
        expect(tried).to.be.greaterThan(10 * 1_300);
      });

      it("cannot lose what another one gains", () => {
        let tried = 0;
        for (const [[k1, first], [k2, second]] of system.balancedPairs()) {
          for (const step of [1n, -1n]) {
            const changes = new Map([
              [first, reduce(solved.get(first)! + step)],
              [second, reduce(solved.get(second)! - step * k1 * inverse(k2))],
            ]);
            expectNoFreedom(system.attempt(solved, changes), { witness: first, source: "pair" });
            tried++;
          }
        }
        expect(tried).to.be.greaterThan(10_000);
      });

      it("split a field element as the number below the modulus, not as one of those above", () => {
        const splits = system.hints.filter(({ source }) => source === "decompose_hint 0");
        const answers = system.hints.filter(({ source }) => source === "lte_hint 0");
        expect(splits.length).to.be.greaterThan(0);
        expect(answers.length).to.equal(splits.length);
        for (const [k, hint] of splits.entries()) {
          const [low, high] = hint.call as [number, number];
          const number = solved.get(low)! + (solved.get(high)! << 128n);
          // Up to 256 bits: two halves of 128.
          for (let other = number + FIELD; other >> 256n === 0n; other += FIELD) {
            for (const answer of [0n, 1n]) {
              const changes = new Map([
                [low, other & LOW_128],
                [high, other >> 128n],
                [answers[k]!.witness, answer],
              ]);
              expectNoFreedom(system.attempt(solved, changes), hint);
            }
          }
        }
      });
    });
  }

  it("are parts that are ranged, and together shorter than the field, where they split a number", () => {
    const parts = system.hints.filter(({ source }) => source === "split_hint 0");
    expect(parts.length).to.be.greaterThan(50);
    for (const { call, witness } of parts) {
      const bits = call.map((part) => system.rangeOf(part) ?? Infinity);
      expect(
        bits.reduce((a, b) => a + b),
        `parts ${witness} and following`,
      ).to.be.lessThan(254);
    }
  });

  it("are bound to the blob word that they split", async () => {
    const solved = (await SolvedWitness.of(circuit, usualEpoch().inputs)).values;
    const words = system.hints.filter(({ source, call }) => source === "split_hint 0" && call.length > 3);
    expect(words.length).to.equal(4 * 6 * 2);
    for (const { given } of words) {
      const [word] = given as [number];
      const attempt = system.attempt(solved, new Map([[word, reduce(solved.get(word)! + 1n)]]));
      expect(attempt).to.deep.equal({ refusedBy: "equation" });
    }
  });

  it("would be free without range checks", async () => {
    const solved = (await SolvedWitness.of(circuit, usualEpoch().inputs)).values;
    const unranged = system.withoutRanges();
    let free = 0;
    for (const [[k1, first], [k2, second]] of unranged.balancedPairs()) {
      const changes = new Map([
        [first, reduce(solved.get(first)! + 1n)],
        [second, reduce(solved.get(second)! - k1 * inverse(k2))],
      ]);
      if ("changed" in unranged.attempt(solved, changes)) free++;
    }
    expect(free).to.be.greaterThan(500);
  });
});

/**
 * Refused; or nothing but the hint itself is another value: the inverse of zero, with which a comparison of equal
 * numbers multiplies zero.
 */
function expectNoFreedom(attempt: Attempt, { source, witness }: Pick<Hint, "source" | "witness">): void {
  if ("refusedBy" in attempt) return;
  const harmless =
    source === "directive_invert 0" && attempt.changed.size === 1 && attempt.boxes.length === 0;
  expect(harmless, `${source}, witness ${witness}, is free: ${[...attempt.changed.keys()].join()}`).to.equal(
    true,
  );
}

function alternatives(value: bigint): ReadonlySet<bigint> {
  const others = new Set([
    ...STEPS.map((step) => reduce(value + step)),
    reduce(1n - value),
    reduce(-value),
    0n,
    1n,
  ]);
  others.delete(value);
  return others;
}

function usualEpoch(): EpochInputs {
  const [alice, bob] = [new User(0), new User(1)];
  const chain = new TestChain();
  chain.add({ messages: [alice.fees(10n ** 9n), alice.assets(1_000n)] });
  return chain.epoch(
    { messages: [bob.assets(5n, { index: 0 }), alice.force(1, 0n, 3n)], parentBitmap: 3n },
    {
      messages: [bob.fees(9n)],
      transactions: [alice.transfer(0, 1n), alice.withdraw(DEPOSITOR, 7n), alice.transfer(9, 1n)],
      parentBitmap: 9n,
    },
  );
}

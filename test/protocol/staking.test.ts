import { expect } from "chai";

import type { KeyHash } from "../../protocol/bls.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  committeeSizeOf,
  entryRate,
  exitRate,
  freezeTime,
  packSeedWord,
  placeOf,
  proposerPosition,
  SeatArray,
  seedTimes,
  unpackSeedWord,
  type ChurnRules,
  type SeedWord,
  type Selection,
} from "../../protocol/staking.ts";
import { toEpoch, toSlot, toTimestamp, type Timestamp } from "../../protocol/time.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";

const rules: ChurnRules = {
  window: 100,
  bootstrapSize: 4,
  growthSize: 12,
  growthRate: 3,
  quotient: 10,
  minRate: 1,
  maxRate: 2,
};
const key = (index: number): KeyHash => (BigInt(index) << 32n) as KeyHash;
const at = (time: number): Timestamp => toTimestamp(time);

describe("protocol/staking", () => {
  it("bounds churn by growth, size and limits", () => {
    expect([0, 11, 12, 20, 25, 1_000].map((size) => entryRate(rules, size))).to.deep.equal([
      3, 3, 1, 2, 2, 2,
    ]);
    expect([0, 11, 20, 1_000].map((size) => exitRate(rules, size))).to.deep.equal([1, 1, 2, 2]);
  });

  it("activates the bootstrap set together, then by churn", () => {
    const set = new SeatArray(rules);
    for (let i = 0; i < 3; i++) set.join(key(i), at(1_000));
    expect(set.sizeAt(at(100_000))).to.equal(0);
    expect(set.nextActivation(at(1_000))).to.equal(1_100);
    set.join(key(3), at(1_000));
    expect([set.sizeAt(at(1_099)), set.sizeAt(at(1_100))]).to.deep.equal([0, 4]);
    for (let i = 4; i < 8; i++) set.join(key(i), at(1_100));
    expect([1_100, 1_200, 1_300].map((time) => set.sizeAt(at(time)))).to.deep.equal([4, 7, 8]);
  });

  it("equals a naive model that keeps whole arrays over thousands of changes", () => {
    const random = seededRandom("staking/model");
    const set = new SeatArray({ ...rules, bootstrapSize: 0 });
    let time = 1_000;
    let next = 1;
    let model: { key: KeyHash; from: number }[] = [];
    const snapshots: { time: number; entries: typeof model }[] = [];
    const active = (when: number): KeyHash[] =>
      (snapshots.findLast((snapshot) => snapshot.time <= when)?.entries ?? [])
        .filter(({ from }) => from <= when)
        .map((entry) => entry.key);

    for (let i = 0; i < 5_000; i++) {
      const kind = random.below(10);
      if (kind < 4 || model.length === 0) {
        const from = set.nextActivation(at(time))!;
        set.join(key(next), at(time));
        model = [...model, { key: key(next++), from }];
      } else if (kind < 8) {
        const position = random.below(model.length);
        set.leave(position, at(time));
        const left = model[position]!;
        const last = model.at(-1)!;
        model = model.slice(0, -1);
        if (position < model.length) {
          const from = Math.min(last.from, left.from <= time ? time : left.from);
          model[position] = { key: last.key, from };
        }
      } else {
        time += 1 + random.below(kind === 8 ? 20 : 200);
      }
      snapshots.push({ time, entries: model });
      if (i % 5 !== 0) continue;
      for (const when of [time, time + random.below(300), 1_000 + random.below(time - 999)]) {
        const expected = active(when);
        expect(set.sizeAt(at(when))).to.equal(expected.length);
        expect(new Set(expected).size).to.equal(expected.length);
        expected.forEach((member, position) => expect(set.keyAt(position, at(when))).to.equal(member));
      }
    }
  });

  it("packs and unpacks an epoch's selection", () => {
    const selection: Selection = {
      epoch: toEpoch(77),
      freeze: at(1_800_000_000),
      followers: 900,
      size: 1_000,
      set: 3,
      seed: (1n << 132n) - 5n,
    };
    expect(unpackSeedWord(packSeedWord(selection))).to.deep.equal(selection);
    expect(unpackSeedWord(0n as SeedWord)).to.equal(undefined);
    expect(() => packSeedWord({ ...selection, size: 2 ** 20 })).to.throw(ProtocolError);
  });

  it("takes a set not larger than the committee whole, and nobody from an empty one", () => {
    const selection: Selection = {
      epoch: toEpoch(1),
      freeze: at(1),
      followers: 5,
      size: 5,
      set: 1,
      seed: 9n,
    };
    expect(committeeSizeOf(selection, 48)).to.equal(5);
    expect([0, 1, 2, 3, 4].map((k) => placeOf(selection, 48, k))).to.deep.equal([0, 1, 2, 3, 4]);
    expect(() => placeOf(selection, 48, 5)).to.throw(ProtocolError);
    const seen = new Set(
      Array.from({ length: 100 }, (_, slot) => proposerPosition(selection, 48, toSlot(slot))),
    );
    expect(seen.size).to.equal(5);
    expect(() => proposerPosition({ ...selection, size: 0 }, 48, toSlot(1))).to.throw(ProtocolError);
  });

  it("freezes a set one epoch before its seed can be fixed", () => {
    const clock = { genesisTime: at(100_000), slotDuration: 10, slotsPerEpoch: 8, proofSubmissionEpochs: 1 };
    expect(freezeTime(clock, toEpoch(5))).to.equal(100_000 + 2 * 80);
    expect(seedTimes(clock, toEpoch(5))).to.deep.equal({ from: 100_000 + 3 * 80, until: 100_000 + 6 * 80 });
  });
});

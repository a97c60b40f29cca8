import { expect } from "chai";

import { ProtocolError } from "../../protocol/errors.ts";
import { permute, sideOf } from "../../protocol/permutation.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";

describe("protocol/permutation", () => {
  it("is one-to-one for every small size and samples up to 20,000", function () {
    this.timeout(60_000);
    const random = seededRandom("permutation");
    const sizes = [...Array.from({ length: 70 }, (_, i) => i + 1), 99, 100, 101, 1_000, 4_097, 20_000];
    for (const size of sizes) {
      const seed = random.bits(256);
      const values = new Set<number>();
      for (let place = 0; place < size; place++) values.add(permute({ seed, size }, place));
      expect(values.size, `size ${size}`).to.equal(size);
      expect(Math.max(...values)).to.equal(size - 1);
    }
  });

  it("changes with the seed", () => {
    const committee = (seed: bigint): string =>
      Array.from({ length: 48 }, (_, k) => permute({ seed, size: 1_000 }, k)).join();
    expect(committee(1n)).to.not.equal(committee(2n));
  });

  it("splits at the square root, rounded up", () => {
    expect([1, 2, 3, 4, 5, 9, 10, 99, 100, 101, 2 ** 20 - 1].map(sideOf)).to.deep.equal([
      1, 2, 2, 2, 3, 3, 4, 10, 10, 11, 1024,
    ]);
  });

  it("refuses places and sizes out of range", () => {
    for (const [size, place] of [
      [0, 0],
      [5, 5],
      [5, -1],
      [2 ** 32, 0],
      [1.5, 0],
    ] as const) {
      expect(() => permute({ seed: 1n, size }, place)).to.throw(ProtocolError);
    }
  });

  // Position counts alone hide what these see: a committee's members relative to each other.
  describe("statistics over many seeds", function () {
    this.timeout(60_000);
    const seeds = 6_000;
    const random = seededRandom("permutation/statistics");

    it("spreads each place evenly over the set", () => {
      for (const size of [49, 100]) {
        const seen = new Array<number>(size).fill(0);
        for (let i = 0; i < seeds; i++) seen[permute({ seed: random.bits(132), size }, size >> 1)]! += 1;
        expect(Math.abs(chiSquareScore(seen)), `size ${size}`).to.be.below(4);
      }
    });

    it("spreads the difference of two places of one column evenly", () => {
      for (const size of [49, 100]) {
        const column = Math.ceil(size / sideOf(size));
        const seen = new Array<number>(size - 1).fill(0);
        for (let i = 0; i < seeds; i++) {
          const seed = random.bits(132);
          const difference = permute({ seed, size }, column) - permute({ seed, size }, 0);
          seen[((difference + size) % size) - 1]! += 1;
        }
        expect(Math.abs(chiSquareScore(seen)), `size ${size}`).to.be.below(4);
      }
    });
  });
});

/** Standard deviations by which the chi-square of even counts is off. */
function chiSquareScore(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  const degrees = counts.length - 1;
  return (chi - degrees) / Math.sqrt(2 * degrees);
}

import { expect } from "chai";

import { permute, sideOf } from "../../protocol/permutation.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";

const COMMITTEE = 48;

describe("protocol/permutation, statistics of whole committees", () => {
  it("gives consecutive validators as many seats as chance, no more often many", function () {
    this.timeout(600_000);
    const random = seededRandom("permutation/seats");
    for (const size of [100, 1_000]) {
      const owned = Math.floor(0.3 * size);
      const seats: number[] = [];
      for (let i = 0; i < 12_000; i++) {
        const seed = random.bits(132);
        let count = 0;
        for (let k = 0; k < COMMITTEE; k++) if (permute({ seed, size }, k) < owned) count++;
        seats.push(count);
      }
      // Hypergeometric law.
      const mean = (COMMITTEE * owned) / size;
      const variance = (mean * (1 - owned / size) * (size - COMMITTEE)) / (size - 1);
      const observedMean = seats.reduce((sum, count) => sum + count, 0) / seats.length;
      const observed = seats.reduce((sum, count) => sum + (count - mean) ** 2, 0) / seats.length;
      expect(Math.abs(observedMean - mean) / Math.sqrt(variance / seats.length)).to.be.below(4);
      expect(Math.abs(observed / variance - 1) / Math.sqrt(2 / seats.length), `size ${size}`).to.be.below(4);
    }
  });

  it("spreads pairs of one column evenly at 100,000 seeds", function () {
    this.timeout(600_000);
    const random = seededRandom("permutation/pairs");
    for (const size of [49, 64, 100, 1_000]) {
      const column = Math.ceil(size / sideOf(size));
      const seen = new Array<number>(size - 1).fill(0);
      for (let i = 0; i < 100_000; i++) {
        const seed = random.bits(132);
        const difference = permute({ seed, size }, column) - permute({ seed, size }, 0);
        seen[((difference + size) % size) - 1]! += 1;
      }
      const expected = 100_000 / (size - 1);
      const chi = seen.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      expect(Math.abs(chi - (size - 2)) / Math.sqrt(2 * (size - 2)), `size ${size}`).to.be.below(4);
    }
  });

  it("draws committees of different epochs independently", function () {
    this.timeout(600_000);
    const random = seededRandom("permutation/epochs");
    const size = 1_000;
    let shared = 0;
    const rounds = 3_000;
    for (let i = 0; i < rounds; i++) {
      const [one, two] = [random.bits(132), random.bits(132)].map(
        (seed) => new Set(Array.from({ length: COMMITTEE }, (_, k) => permute({ seed, size }, k))),
      );
      for (const member of one!) if (two!.has(member)) shared++;
    }
    const mean = (COMMITTEE * COMMITTEE) / size;
    const variance = (mean * (1 - COMMITTEE / size) * (size - COMMITTEE)) / (size - 1);
    expect(Math.abs(shared / rounds - mean) / Math.sqrt(variance / rounds)).to.be.below(4);
  });

  it("is one-to-one for sampled sizes up to 20,000", function () {
    this.timeout(600_000);
    const random = seededRandom("permutation/sizes");
    for (let i = 0; i < 40; i++) {
      const size = 1 + random.below(20_000);
      const seed = random.bits(132);
      const values = new Set<number>();
      for (let place = 0; place < size; place++) values.add(permute({ seed, size }, place));
      expect(values.size, `size ${size}`).to.equal(size);
    }
  });
});

import { expect } from "chai";

import { decodePause, pauseExtension } from "../../protocol/pause.ts";

describe("A pause", () => {
  it("is read from its word", () => {
    expect(decodePause((5n << 64n) | 9n)).to.deep.equal({ start: 5, end: 9 });
    expect(pauseExtension(decodePause(0n), 3, 10)).to.equal(0);
  });

  for (const [what, from, length, seconds] of [
    ["begins within the term", 90, 20, 50],
    ["is over before the term begins", 150, 20, 0],
    ["begins when the term is over", 80, 20, 0],
    ["runs when the term begins", 120, 20, 30],
  ] as const) {
    it(`lengthens a term by ${seconds} seconds when it ${what}`, () => {
      expect(pauseExtension({ start: 100, end: 150 }, from, length)).to.equal(seconds);
    });
  }
});

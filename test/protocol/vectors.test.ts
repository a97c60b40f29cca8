import { readdirSync, readFileSync } from "node:fs";

import { expect } from "chai";

import { allVectors } from "../../protocol/vectors/vectors.ts";

const folder = new URL("../../protocol/vectors/", import.meta.url);

describe("protocol/vectors", () => {
  const computed = allVectors();

  for (const [name, content] of Object.entries(computed)) {
    it(`${name}.json is what the code computes`, () => {
      const stored: unknown = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"));
      expect(stored).to.deep.equal(JSON.parse(JSON.stringify(content)));
    });
  }

  it("has no file that nothing computes", () => {
    const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
    expect(files.toSorted()).to.deep.equal(
      Object.keys(computed)
        .map((name) => `${name}.json`)
        .toSorted(),
    );
  });
});

import { expect } from "chai";

import { layOut, table } from "../../../scripts/start/layout.ts";

const WORDS =
  "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen";

describe("the layout of the closing summary", () => {
  it("groups rows under titles and aligns values of all groups", () => {
    const text = layOut([
      { title: "Chain", rows: [["blocks", "3"]] },
      { title: "Committee", rows: [["validators", "5"], "as it is"] },
    ]);
    expect(text.split("\n")).to.deep.equal([
      "",
      "  Chain",
      "    blocks      3",
      "",
      "  Committee",
      "    validators  5",
      "    as it is",
      "",
    ]);
  });

  it("breaks values so that no line is longer than the terminal, and loses no word", () => {
    for (const columns of [60, 80, 100]) {
      const lines = layOut([{ title: "T", rows: [["label", WORDS]] }], columns).split("\n");
      expect(lines.every(({ length }) => length <= columns)).to.equal(true);
      expect(lines.join(" ").split(/\s+/).join(" ")).to.include(WORDS);
      // What follows stands under the value, not under the label.
      expect(lines[3]).to.match(/^ {11}\S/);
    }
  });

  it("never breaks a word, such as a hash", () => {
    const hash = `0x${"ab".repeat(40)}`;
    expect(layOut([{ title: "T", rows: [["root", `is ${hash}`]] }], 60)).to.include(hash);
  });

  it("takes 80 columns for a file, and no more than 100 however wide the terminal is", () => {
    const longest = (columns?: number): number =>
      Math.max(
        ...layOut([{ title: "T", rows: [["l", `${WORDS} ${WORDS}`]] }], columns)
          .split("\n")
          .map(({ length }) => length),
      );
    expect(longest()).to.be.within(70, 80);
    expect(longest(250)).to.be.within(90, 100);
  });

  it("aligns the columns of tables", () => {
    expect(
      table(
        ["name", " gas"],
        [
          ["propose", "9"],
          ["fix", "1,000"],
        ],
      ),
    ).to.deep.equal(["name       gas", "propose      9", "fix      1,000"]);
  });
});

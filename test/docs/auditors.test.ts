import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";

interface Reference {
  file: string;
  /** None for the mention of the file itself. */
  name?: string;
}

/** Every row of the page's tables with tests in it: each file, and the names that follow it. */
function references(page: string): Reference[] {
  const found: Reference[] = [];
  for (const line of page.split("\n")) {
    if (!line.startsWith("|") || !line.includes("`test/")) continue;
    let file: string | undefined;
    for (const [, code = ""] of line.matchAll(/`([^`]+)`/g)) {
      if (code.startsWith("test/")) found.push({ file: (file = code) });
      else if (file !== undefined) found.push({ file, name: code });
    }
  }
  return found;
}

/** Whether a file has a test, a suite or a table's case of this name. */
function has(file: string, name: string): boolean {
  const text = readFileSync(file, "utf8");
  if (file.endsWith(".sol")) return text.includes(`function ${name}(`);
  // Names with places that a loop fills are written up to the first of them.
  return text.includes(JSON.stringify(name)) || text.includes(`\`${name}`) || text.includes(`'${name}'`);
}

describe("docs/auditors.md", () => {
  const page = readFileSync("docs/auditors.md", "utf8");

  it("names only tests that exist", () => {
    const wrong = references(page).filter(
      ({ file, name }) => !existsSync(file) || (name !== undefined && !has(file, name)),
    );
    expect(wrong.map(({ file, name }) => `${file}: ${name ?? "no such file"}`)).to.deep.equal([]);
  });

  it("gives every line of an attack, an invariant or a rule at least one test", () => {
    const rows = page.split("\n").filter((line) => /^\| (?!-|(attack|invariant|rule|contract) )/.test(line));
    const claims = rows.filter((line) => line.split("|").length === 4);
    expect(claims.length).to.be.greaterThan(100);
    expect(claims.filter((line) => !/`test\/[^`]+\.(t\.sol|test\.ts)` `/.test(line))).to.deep.equal([]);
  });
});

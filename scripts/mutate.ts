/**
 * Mutation testing of one Solidity file: changes it in one place at a time, in a copy of the project, and says which
 * changes no test notices.
 *
 *   node scripts/mutate.ts contracts/types/Bitmap.sol --tests "test/solidity/Libraries.t.sol"
 *
 * A mutant that survives is a rule without a test, or a change that means the same: a reader decides.
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { seededRandom } from "../protocol/vectors/random.ts";

const USAGE = `usage: node scripts/mutate.ts FILE [options]

  --tests GLOB    forge tests that should notice     (default: all of test/solidity)
  --sample N      try N mutants, drawn at random     (default: all)
  --seed S        of that draw                       (default: 1)
  --list          print the mutants and try none
`;

const root = fileURLToPath(new URL("..", import.meta.url));
/** Copy of the project; forge's cache in it is kept between runs. */
const copy = join(root, "cache", "mutation");
/** Longest run of the tests with one mutant: a loop without end counts as noticed. */
const TIMEOUT = 900_000;
/** Compiled without optimizer and Yul where the code allows it, which is many times faster. */
const FAST = { FOUNDRY_VIA_IR: "false", FOUNDRY_OPTIMIZER: "false" };
const SAME_PIPELINE = { FOUNDRY_OPTIMIZER_RUNS: "1" };
/** Few fuzz runs: a mutant has to be noticed at once. */
const RUNS = { FOUNDRY_FUZZ_RUNS: "200", FOUNDRY_INVARIANT_RUNS: "8", NO_COLOR: "1" };

interface Mutant {
  /** Place in the source, and what stands there. */
  at: number;
  before: string;
  after: string;
}

/** Code that is replaced by other code, wherever it stands in a function. */
const SWAPS: readonly (readonly [pattern: RegExp, after: (match: string) => string])[] = [
  [/(?<![<=])<(?![<=])/g, () => "<="],
  [/(?<!<)<=/g, () => "<"],
  [/(?<![>=])>(?![>=])/g, () => ">="],
  [/(?<!>)>=/g, () => ">"],
  [/==/g, () => "!="],
  [/!=/g, () => "=="],
  [/&&/g, () => "||"],
  [/\|\|/g, () => "&&"],
  [/(?<!\+)\+(?!\+)/g, () => "-"],
  [/(?<!-)-(?!-)/g, () => "+"],
  [/\b(0x[0-9a-fA-F]+|\d[\d_]*)\b/g, (literal) => `(${literal} + 1)`],
];
/** Whole statements that are left out: a check, an assignment, a call, an event. */
const CHECK = /if \([^{};]*\)\s*revert [^;]*;/g;
const STATEMENT = /(?<=[;{}]\s*)[A-Za-z_][^;{}]*;/g;
const NOT_REMOVED =
  /^(return|revert|if|else|for|while|do|unchecked|assembly|using|let|function|error|event|(u?int|bytes|address|bool|string|mapping|[A-Z])[\w.]*(\[\w*\])*( memory| storage| calldata)? \w+( =|;))/;

/** Every mutant of a source, in the order of the source. */
function mutantsOf(source: string): Mutant[] {
  const code = withoutComments(source);
  const mutants: Mutant[] = [];
  for (const [from, to] of bodies(code)) {
    // With the brace before it, which the first statement follows.
    const body = code.slice(from - 1, to);
    const add = (pattern: RegExp, after: (match: string) => string | undefined) => {
      for (const match of body.matchAll(pattern)) {
        const [before] = match;
        const replaced = after(before);
        if (replaced !== undefined) mutants.push({ at: from - 1 + match.index, before, after: replaced });
      }
    };
    for (const [pattern, after] of SWAPS) add(pattern, after);
    add(CHECK, () => "");
    add(STATEMENT, (statement) => (NOT_REMOVED.test(statement) ? undefined : ""));
  }
  return mutants.sort((a, b) => a.at - b.at);
}

/** The same text with blanks for comments and strings, so that places stay. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[^]*?\*\/|\/\/[^\n]*|"[^"\n]*"/g, (text) => text.replace(/[^\n]/g, " "));
}

/** Bodies of functions, without their outer braces. */
function bodies(code: string): [from: number, to: number][] {
  return [...code.matchAll(/\b(function \w+|constructor)\s*\([^;{}]*\{/g)].map(({ 0: head, index }) => {
    const from = index + head.length;
    let to = from;
    for (let depth = 1; depth > 0; ++to) depth += code[to] === "{" ? 1 : code[to] === "}" ? -1 : 0;
    return [from, to - 1];
  });
}

function sampled(mutants: Mutant[], count: number, seed: string): Mutant[] {
  const random = seededRandom(`mutate/${seed}`);
  const rest = [...mutants];
  const chosen: Mutant[] = [];
  while (chosen.length < count && rest.length > 0) chosen.push(...rest.splice(random.below(rest.length), 1));
  return chosen.sort((a, b) => a.at - b.at);
}

/** The tests that are asked for and what they import: forge compiles all that is there. */
function prepareCopy(tests: string): void {
  for (const part of ["contracts", "test"]) rmSync(join(copy, part), { recursive: true, force: true });
  const needed = globSync(tests, { cwd: root });
  for (const path of needed) {
    // Grows while it is walked.
    const source = readFileSync(join(root, path), "utf8");
    for (const [, imported = ""] of source.matchAll(/(?:from|import) "(\.[^"]+)"/g)) {
      const other = join(dirname(path), imported);
      if (!needed.includes(other)) needed.push(other);
    }
  }
  for (const part of [
    ...needed,
    "protocol/vectors",
    "scripts/solc.mjs",
    "scripts/solc.json",
    "foundry.toml",
  ]) {
    mkdirSync(dirname(join(copy, part)), { recursive: true });
    cpSync(join(root, part), join(copy, part), { recursive: true, preserveTimestamps: true });
  }
  if (!existsSync(join(copy, "node_modules"))) {
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  }
}

type Outcome = "killed" | "survived" | "invalid";

function runTests(settings: Record<string, string>): { outcome: Outcome; text: string } {
  const { stdout, stderr } = spawnSync(join(root, "node_modules", ".bin", "forge"), ["test", "--fail-fast"], {
    cwd: copy,
    encoding: "utf8",
    timeout: TIMEOUT,
    maxBuffer: 2 ** 28,
    env: { ...process.env, ...RUNS, ...settings },
  });
  const text = stdout + stderr;
  // The npm package's executable ends with 0 whatever forge does: its text says what happened.
  if (/Compiler run failed/.test(text)) return { outcome: "invalid", text };
  const survived = / [1-9]\d* tests passed, 0 failed/.test(text);
  return { outcome: survived ? "survived" : "killed", text };
}

function lineOf(source: string, at: number): number {
  return source.slice(0, at).split("\n").length;
}

function describeMutant(source: string, { at, before, after }: Mutant): string {
  const line = lineOf(source, at);
  const flat = (text: string) => text.replace(/\s+/g, " ").trim();
  const whole = flat(source.split("\n")[line - 1] ?? "");
  return after === "" ? `${line}: removed ${flat(before)}` : `${line}: ${before} -> ${after}   in ${whole}`;
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      tests: { type: "string", default: "test/solidity/*.t.sol" },
      sample: { type: "string" },
      seed: { type: "string", default: "1" },
      list: { type: "boolean", default: false },
    },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1 || !existsSync(join(root, file))) {
    process.stderr.write(USAGE);
    process.exitCode = 2;
    return;
  }
  const source = readFileSync(join(root, file), "utf8");
  const all = mutantsOf(source);
  const mutants = sampled(all, Number(values.sample ?? all.length), values.seed);
  console.log(`${file}: ${mutants.length} of ${all.length} mutants`);
  if (values.list) {
    for (const mutant of mutants) console.log(describeMutant(source, mutant));
    return;
  }

  prepareCopy(values.tests);
  let settings: Record<string, string> = FAST;
  let unchanged = runTests(settings);
  if (unchanged.outcome === "invalid") unchanged = runTests((settings = SAME_PIPELINE));
  if (unchanged.outcome !== "survived") {
    console.error(`${unchanged.text}\nThe tests do not pass without any change, or there are none.`);
    process.exitCode = 2;
    return;
  }
  const counts: Record<Outcome, number> = { killed: 0, survived: 0, invalid: 0 };
  for (const mutant of mutants) {
    const { at, before, after } = mutant;
    writeFileSync(join(copy, file), source.slice(0, at) + after + source.slice(at + before.length));
    const { outcome } = runTests(settings);
    counts[outcome] += 1;
    console.log(`${outcome.padEnd(8)} ${describeMutant(source, mutant)}`);
  }
  writeFileSync(join(copy, file), source);
  console.log(`${counts.killed} killed, ${counts.survived} survived, ${counts.invalid} did not compile`);
  if (counts.survived > 0) process.exitCode = 1;
}

main();

// Runs every test of a tier and closes with one line, `N passed, N failed`, summed over the runners. The line is
// printed even when a build step fails: such a step counts as one failed test.
//
//   node scripts/test.mjs           fast tier: everything but the two below
//   node scripts/test.mjs --full    and *.full.test.ts, more fuzz runs
//   node scripts/test.mjs --heavy   and *.heavy.test.ts (larger circuits, many proofs)
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";

import { SetupError, node24, root, runEnvironment, setup } from "./setup.mjs";

const hardhat = "node_modules/hardhat/dist/src/cli.js";
const heavy = process.argv.includes("--heavy");
const full = heavy || process.argv.includes("--full");

/** How each runner writes its totals. */
const counters = {
  mocha: (text) => ({ passed: sum(text, /^\s*(\d+) passing/gm), failed: sum(text, /^\s*(\d+) failing/gm) }),
  forge: (text) => {
    const totals = [
      ...text.matchAll(/(\d+) tests passed, (\d+) failed, (\d+) skipped \(\d+ total tests\)/g),
    ].at(-1);
    return { passed: Number(totals?.[1] ?? 0), failed: Number(totals?.[2] ?? 0) };
  },
  step: () => ({ passed: 0, failed: 0 }),
};

async function main() {
  const totals = { passed: 0, failed: 0 };
  try {
    await setup();
    for (const step of await steps()) {
      console.log(`\n== ${step.name}`);
      const began = Date.now();
      const { code, text } = await run(step);
      const { passed, failed } = counters[step.counter](text);
      totals.passed += passed;
      totals.failed += failed;
      // A runner that ends badly without naming a failed test, or that ran none, has failed as a whole.
      const silent = failed === 0 && (code !== 0 || (step.counter !== "step" && passed === 0));
      if (silent) totals.failed += 1;
      console.log(
        `== ${step.name}: ${((Date.now() - began) / 1000).toFixed(0)} s${silent ? ", failed" : ""}`,
      );
      if (code !== 0 && step.required) break;
    }
  } catch (error) {
    console.error(error instanceof SetupError ? `Error: ${error.message}` : error);
    totals.failed += 1;
  }
  console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
  process.exitCode = totals.failed === 0 ? 0 : 1;
}

/** `required`: later steps make no sense without it. */
async function steps() {
  const mocha = (name, files) => ({
    name,
    counter: "mocha",
    command: node24,
    args: [hardhat, "test", "mocha", ...files],
  });
  const forge = `${root}/node_modules/.bin/forge`;
  return [
    {
      name: "contracts build",
      counter: "step",
      required: true,
      command: node24,
      args: [hardhat, "build", "--quiet", "--no-tests"],
    },
    {
      name: "circuits build",
      counter: "step",
      required: true,
      command: node24,
      args: ["scripts/circuits/build.ts"],
    },
    { name: "types, lint, format", counter: "step", command: node24, args: ["scripts/run.mjs", "check"] },
    {
      name: "Solidity tests",
      counter: "forge",
      command: forge,
      args: ["test"],
      env: full ? { FOUNDRY_PROFILE: "full" } : {},
    },
    mocha(
      "TypeScript and circuit tests",
      testFiles((file) => !file.startsWith("test/e2e/")),
    ),
    mocha(
      "End-to-end tests",
      testFiles((file) => file.startsWith("test/e2e/")),
    ),
  ];
}

function testFiles(wanted) {
  return findTests().filter((file) => {
    if (/\.heavy\.test\.ts$/.test(file) && !heavy) return false;
    if (/\.full\.test\.ts$/.test(file) && !full) return false;
    return wanted(file);
  });
}

function findTests() {
  return readdirSync(`${root}/test`, { recursive: true })
    .map((file) => `test/${file}`)
    .filter((file) => file.endsWith(".test.ts"))
    .sort();
}

function run({ command, args, env = {} }) {
  return new Promise((done) => {
    let text = "";
    const child = spawn(command, args, {
      cwd: root,
      env: { ...runEnvironment(), ...env, FORCE_COLOR: "0", NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const [stream, out] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream.on("data", (data) => {
        text += data;
        out.write(data);
      });
    }
    child.on("error", (error) => (text += error.message));
    child.on("close", (code) => done({ code: code ?? 1, text }));
  });
}

function sum(text, pattern) {
  return [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
}

await main();

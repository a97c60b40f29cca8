// Runs every test of a tier and closes with one line, `N passed, N failed`, summed over the runners. The line is
// printed even when a build step fails: such a step counts as one failed test.
//
//   node scripts/test.mjs           fast tier: everything but the two below
//   node scripts/test.mjs --full    and *.full.test.ts, more fuzz runs
//   node scripts/test.mjs --heavy   and *.heavy.test.ts (larger circuits, many proofs)
import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";

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

/** Steps keep this many cores busy at the same time; with one core they run one after the other. */
const cores = availableParallelism();

async function main() {
  const totals = { passed: 0, failed: 0 };
  try {
    await setup();
    await runSteps(steps(), totals);
  } catch (error) {
    console.error(error instanceof SetupError ? `Error: ${error.message}` : error);
    totals.failed += 1;
  }
  console.log(`\n${totals.passed} passed, ${totals.failed} failed`);
  process.exitCode = totals.failed === 0 ? 0 : 1;
}

/**
 * In their order of start. `alone`: it uses all cores itself, or has deadlines in real time. `required`: later steps make
 * no sense without it.
 */
function steps() {
  const mocha = (name, wanted, how) => ({
    name,
    counter: "mocha",
    command: node24,
    // The build before is of contracts alone; without the option, Hardhat would compile the tests of forge here.
    args: [hardhat, "test", "mocha", ...testFiles(wanted), "--no-compile"],
    ...how,
  });
  const together = (file) => !file.startsWith("test/e2e/") && !measuresTime(file);
  const within = (folder) => (file) => together(file) && file.startsWith(`test/${folder}/`);
  const others = (file) => together(file) && !/^test\/(actors|contracts|circuits)\//.test(file);
  return [
    {
      name: "contracts build",
      counter: "step",
      required: true,
      alone: true,
      command: node24,
      args: [hardhat, "build", "--quiet", "--no-tests"],
    },
    {
      name: "Solidity tests",
      counter: "forge",
      alone: true,
      command: `${root}/node_modules/.bin/forge`,
      args: ["test"],
      env: full ? { FOUNDRY_PROFILE: "full" } : {},
    },
    { name: "types, lint, format", counter: "step", command: node24, args: ["scripts/run.mjs", "check"] },
    {
      name: "circuits build",
      counter: "step",
      required: true,
      command: node24,
      args: ["scripts/circuits/build.ts"],
    },
    mocha("Tests of actors", within("actors")),
    mocha("Tests of contracts", within("contracts")),
    mocha("Tests of circuits", within("circuits")),
    mocha("Other TypeScript tests", others),
    mocha("End-to-end tests, and those that measure time", (file) => !together(file), { alone: true }),
  ];
}

/** Starts steps as soon as there are cores for them; what they write appears step by step, in their order. */
async function runSteps(steps, totals) {
  const running = new Set();
  const shown = new Turns();
  for (const step of steps) {
    while (running.size >= (step.alone ? 1 : cores)) await Promise.race(running);
    const out = shown.next();
    out.write(process.stdout, `\n== ${step.name}\n`);
    const began = Date.now();
    const ended = run(step, out).then(({ code, text }) => {
      running.delete(ended);
      const { passed, failed } = counters[step.counter](text);
      totals.passed += passed;
      totals.failed += failed;
      // A runner that ends badly without naming a failed test, or that ran none, has failed as a whole.
      const silent = failed === 0 && (code !== 0 || (step.counter !== "step" && passed === 0));
      if (silent) totals.failed += 1;
      const seconds = ((Date.now() - began) / 1000).toFixed(0);
      out.write(process.stdout, `== ${step.name}: ${seconds} s${silent ? ", failed" : ""}\n`);
      out.end();
      return code;
    });
    running.add(ended);
    if (step.alone || step.required) {
      const code = await ended;
      if (code !== 0 && step.required) break;
    }
  }
  await Promise.all(running);
}

/** Writers of one screen. The oldest one that has not ended writes at once; of the others, what they write waits. */
class Turns {
  #waiting = [];

  next() {
    const turn = { kept: [], ended: false };
    this.#waiting.push(turn);
    return {
      write: (stream, data) => {
        if (this.#waiting[0] === turn) stream.write(data);
        else turn.kept.push([stream, data]);
      },
      end: () => {
        turn.ended = true;
        while (this.#waiting[0]?.ended) {
          this.#waiting.shift();
          const [first] = this.#waiting;
          for (const [stream, data] of first?.kept.splice(0) ?? []) stream.write(data);
        }
      },
    };
  }
}

function testFiles(wanted) {
  return findTests().filter((file) => {
    if (/\.heavy\.test\.ts$/.test(file) && !heavy) return false;
    if (/\.full\.test\.ts$/.test(file) && !full) return false;
    return wanted(file);
  });
}

/** Whether a test reads a clock: what other steps do meanwhile would be in its figures. */
function measuresTime(file) {
  return readFileSync(`${root}/${file}`, "utf8").includes("performance.now()");
}

function findTests() {
  return readdirSync(`${root}/test`, { recursive: true })
    .map((file) => `test/${file}`)
    .filter((file) => file.endsWith(".test.ts"))
    .sort();
}

function run({ command, args, env = {} }, output) {
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
        output.write(out, data);
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

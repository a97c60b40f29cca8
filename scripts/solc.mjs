#!/usr/bin/env node
// The npm package `solc` (wasm) as the executable that forge expects: `--version`, and `--standard-json` on stdin.
// Works on any Node from 18; nothing is downloaded.
//
// One compilation of everything with the settings of production would take many minutes. So files are compiled in
// groups, several at a time, each with the settings that it needs (`settingsOf`).
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, parentPort } from "node:worker_threads";

const solc = createRequire(import.meta.url)("solc");
const rules = readFileSync(new URL("solc.json", import.meta.url), "utf8");
const { runs, optimizedTests } = JSON.parse(rules);

/** Files that are compiled by one call. Every call reads all sources anew, which takes it half a second. */
const FILES_AT_ONCE = 8;

if (!isMainThread) {
  parentPort.on("message", (input) => parentPort.postMessage(solc.compile(input)));
} else if (process.argv.includes("--version")) {
  // Forge compiles anew what another version has compiled; other rules are another version.
  const digest = createHash("sha256").update(rules).digest("hex").slice(0, 8);
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}.${digest}`);
} else if (process.argv.includes("--standard-json")) {
  process.stdout.write(JSON.stringify(await compile(JSON.parse(readFileSync(0, "utf8")))));
} else {
  console.error("usage: solc.mjs --version | --standard-json < input.json");
  process.exitCode = 1;
}

async function compile(input) {
  const inputs = split(input);
  const outputs = [];
  const work = async () => {
    const worker = new Worker(fileURLToPath(import.meta.url));
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
      outputs.push(
        await new Promise((done, failed) => {
          worker.once("message", (output) => done(JSON.parse(output)));
          worker.once("error", failed);
          worker.postMessage(JSON.stringify(next));
        }),
      );
    }
    await worker.terminate();
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), inputs.length) }, work));
  return merge(outputs);
}

/** The same sources every time, so that a source has the same number everywhere; only what is asked of them differs. */
function split(input) {
  const groups = new Map();
  for (const [file, selection] of Object.entries(input.settings.outputSelection)) {
    const settings = settingsOf(file, input.settings);
    const key = JSON.stringify(settings);
    if (!groups.has(key)) groups.set(key, { settings, files: [] });
    groups.get(key).files.push([file, selection]);
  }
  const inputs = [];
  for (const { settings, files } of groups.values()) {
    for (let i = 0; i < files.length; i += FILES_AT_ONCE) {
      const outputSelection = Object.fromEntries(files.slice(i, i + FILES_AT_ONCE));
      inputs.push({ ...input, settings: { ...settings, outputSelection } });
    }
  }
  return inputs;
}

function settingsOf(file, given) {
  if (given.viaIR !== true || given.optimizer?.runs !== 1_000_000) return given;
  if (file in runs) return { ...given, optimizer: { ...given.optimizer, runs: runs[file] } };
  if (file.startsWith("contracts/") || optimizedTests.includes(file)) return given;
  return { ...given, viaIR: false, optimizer: { enabled: false } };
}

function merge(outputs) {
  const errors = new Map();
  const contracts = {};
  let sources = {};
  for (const output of outputs) {
    for (const error of output.errors ?? []) errors.set(JSON.stringify(error), error);
    Object.assign(contracts, output.contracts);
    sources = { ...sources, ...output.sources };
  }
  return { contracts, errors: [...errors.values()], sources };
}

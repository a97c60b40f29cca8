// Runs a named command of the project on the Node that the packages bring, after set-up.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";

import { fail, node24, root, runEnvironment, setup } from "./setup.mjs";

const hardhat = "node_modules/hardhat/dist/src/cli.js";

/** Each command is a list of steps; a step is the arguments of Node 24. The first failing step ends the command. */
const commands = {
  start: (rest) => [[hardhat, "start", ...rest]],
  coverage: () => [
    [
      hardhat,
      ...["--config", "scripts/coverage.config.ts"],
      ...["test", "mocha", "--coverage"],
      ...coveredBy(),
    ],
  ],
  circuits: (rest) => [["scripts/circuits/build.ts", "--report", ...rest]],
  "fees:plots": () => [["economics/fees/plots.ts"]],
  check: () => [
    [hardhat, "build", "--quiet", "--no-tests"],
    ["node_modules/typescript/bin/tsc"],
    ["node_modules/eslint/bin/eslint.js", "."],
    ["node_modules/solhint/solhint.js", "--noPoster", "--max-warnings", "0", "contracts/**/*.sol"],
    ["node_modules/prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."],
  ],
};

/** Tests of the contracts, but for those of gas and of real proofs: instrumented code says nothing about either. */
function coveredBy() {
  return readdirSync(`${root}/test/contracts`)
    .filter((file) => file.endsWith(".test.ts") && !/^(gas|realProof)\./.test(file))
    .map((file) => `test/contracts/${file}`);
}

async function main() {
  const [name, ...rest] = process.argv.slice(2);
  const steps = commands[name];
  if (!steps) throw new Error(`unknown command ${name}; one of ${Object.keys(commands).join(", ")}`);
  await setup();
  for (const step of steps(rest)) {
    const code = await runStep(step);
    if (code !== 0) process.exit(code);
  }
}

/** Signals of the terminal reach the child by itself (same process group): here they must only not end us first. */
function runStep(args) {
  return new Promise((done) => {
    const child = spawn(node24, args, { cwd: root, env: runEnvironment(), stdio: "inherit" });
    const forward = (signal) => () => child.kill(signal);
    const onTerm = forward("SIGTERM");
    const onInt = () => {};
    process.on("SIGTERM", onTerm);
    process.on("SIGINT", onInt);
    child.on("close", (code, signal) => {
      process.off("SIGTERM", onTerm);
      process.off("SIGINT", onInt);
      done(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}

main().catch(fail);

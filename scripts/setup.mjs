// Installs what the project needs, on any Node >= 20: plain JavaScript, no dependency.
//
// Hardhat needs a newer Node than many machines have, so a Node 24 binary comes as an npm package. The install
// itself must run on that Node as well: an older npm silently leaves out native packages whose `engines` it
// does not meet.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statfsSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
/** The Node 24 binary that the packages bring. */
export const node24 = join(root, "node_modules", "node", "bin", "node");
const stampFile = join(root, "node_modules", ".calpulli-setup");

const MINIMUM_NODE_MAJOR = 20;
/** Packages take 0.9 GB, build products and the reference string 0.3 GB. */
const MINIMUM_FREE_BYTES = 1.5e9;

/** A failure with one sentence for the person at the terminal. */
export class SetupError extends Error {}

/** Installs the packages when they are missing or the lock changed; fast (a hash) when nothing is to do. */
export async function setup() {
  checkNode();
  const wanted = fingerprint();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted && existsSync(node24)) return;
  checkTools();
  checkDisk();
  const version = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies.node;
  console.log("Installing packages (about a minute the first time) …");
  // Nothing is saved: where a registry has other platforms' binaries, npm would add them to the lock, and the tree
  // would be changed by the first command that anyone runs in it.
  const { code, output } = await run(
    "npx",
    ["-y", "-p", `node@${version}`, "--", "npm", "install", "--no-save", "--no-audit", "--no-fund"],
    {
      env: installEnvironment(),
    },
  );
  if (code !== 0) {
    process.stderr.write(output);
    throw new SetupError(
      "npm could not install the packages; its own words are above. Mend the cause and start again.",
    );
  }
  checkNative();
  writeFileSync(stampFile, wanted);
}

/** Environment for everything that runs after set-up: Node 24 and the packages' commands first in PATH. */
export function runEnvironment() {
  const path = [dirname(node24), join(root, "node_modules", ".bin"), process.env.PATH ?? ""].join(":");
  return { HARDHAT_DISABLE_TELEMETRY_PROMPT: "true", ...process.env, PATH: path };
}

/** Ends the process with the error's sentence; a stack trace only for what nobody foresaw. */
export function fail(error) {
  console.error(error instanceof SetupError ? `Error: ${error.message}` : error);
  process.exit(1);
}

function checkNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < MINIMUM_NODE_MAJOR) {
    throw new SetupError(`Node ${MINIMUM_NODE_MAJOR} or newer is needed; this is ${process.versions.node}.`);
  }
}

function checkTools() {
  const missing = ["c++", "make", "python3"].filter((tool) => spawnSync(tool, ["--version"]).error);
  if (missing.length > 0) {
    throw new SetupError(
      `A C++ tool chain is needed to build c-kzg, and ${missing.join(", ")} is missing ` +
        "(Debian, Ubuntu: apt install build-essential python3; macOS: xcode-select --install).",
    );
  }
}

function checkDisk() {
  const { bavail, bsize } = statfsSync(root);
  if (bavail * bsize < MINIMUM_FREE_BYTES) {
    throw new SetupError(
      `Only ${((bavail * bsize) / 1e9).toFixed(1)} GB are free under ${root}; ${MINIMUM_FREE_BYTES / 1e9} GB are needed.`,
    );
  }
}

/** Loads what was built natively, on the Node that will use it: a missing binary must not surface in a test. */
function checkNative() {
  for (const name of ["c-kzg", "@nomicfoundation/edr", "@chainsafe/blst"]) {
    const { status, stderr } = spawnSync(node24, ["-e", `require(${JSON.stringify(name)})`], { cwd: root });
    if (status !== 0) {
      process.stderr.write(stderr ?? "");
      throw new SetupError(
        `The package ${name} was installed but does not load; delete node_modules and start again.`,
      );
    }
  }
}

function fingerprint() {
  const hash = createHash("sha256");
  for (const file of ["package.json", "package-lock.json"]) hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/**
 * npm's own variables of the surrounding `npm start` describe another run, so they go. Headers for node-gyp: those
 * beside the running Node, where it has them, spare a download.
 */
function installEnvironment() {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(lifecycle|package|node_execpath|execpath|command|config_local_prefix)/.test(name),
  );
  const env = Object.fromEntries(kept);
  const include = resolve(dirname(process.execPath), "..");
  if (!env.npm_config_nodedir && existsSync(join(include, "include", "node", "node_api.h"))) {
    env.npm_config_nodedir = include;
  }
  return env;
}

/** Runs a command; on a terminal its own progress shows, elsewhere its output is kept for the error. */
function run(command, args, { env }) {
  return new Promise((done) => {
    let output = "";
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    const beat = setInterval(() => process.stdout.write("."), 5_000);
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
    child.on("error", (error) => (output += `${error.message}\n`));
    child.on("close", (code) => {
      clearInterval(beat);
      process.stdout.write("\n");
      done({ code: code ?? 1, output });
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setup().catch(fail);

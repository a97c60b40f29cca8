/**
 * Builds the epoch circuits: program, verification key, reference string; checks them against what is committed.
 *
 *     node scripts/circuits/build.ts                    builds what is missing; fails if committed files differ
 *     node scripts/circuits/build.ts --report           also writes the committed files, and reports gates
 *     node scripts/circuits/build.ts --check            builds nothing that is not needed for checking, writes nothing
 *       --size local|medium|large                       which circuit (default: local)
 *       --srs development|ignition                      which reference string (default: the committed verifier's)
 *
 * Committed and generated: the parts of the circuits that follow from `protocol/`, the Solidity verifiers, and
 * `verifiers.json` with each verifier's key hash. A second build finds everything by a hash over its inputs.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { ProvingError, runBb, VERIFIER_TARGET, type ProvingArtifacts } from "../../actors/prover/proving.ts";
import { PUBLIC_INPUTS } from "../../protocol/publicInputs.ts";
import { sizesNamed, type SizeName } from "../../protocol/sizes.ts";
import { CompileError, compileCircuit } from "./compile.ts";
import { countGates } from "./countGates.ts";
import { generatedSources } from "./constants.ts";
import { solidityVerifier } from "./solidityVerifier.ts";
import { verifierContract } from "./verifierContract.ts";
import {
  ensureSrs,
  replaceDirectory,
  SRS_KINDS,
  SrsError,
  type Progress,
  type Srs,
  type SrsKind,
} from "./srs.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const circuits = join(root, "circuits");
const artifacts = join(circuits, "generated");
const verifiers = join(root, "contracts/verifier/generated");
const manifestFile = join(verifiers, "verifiers.json");
/** Packages whose version decides about the result. */
const TOOLS = ["@noir-lang/noir_wasm", "@aztec/bb.js"];

/** What a build leaves behind, and the file that tells what it was made from. */
const PRODUCTS = ["program.json", "vk", "verifier.sol", "entry.json"];
const STAMP = "stamp";

/** A committed verifier. */
export interface VerifierEntry {
  readonly contract: string;
  readonly vkHash: string;
  readonly srs: SrsKind;
  readonly gates: number;
  readonly publicInputs: number;
}

/** What `verifiers.json` holds, by size. */
export type Verifiers = Partial<Record<SizeName, VerifierEntry>>;

export interface BuiltCircuit extends ProvingArtifacts {
  readonly size: SizeName;
  readonly entry: VerifierEntry;
  readonly srs: Srs;
}

export interface BuildOptions {
  readonly size?: SizeName;
  /** Default: that of the committed verifier, so that provers make what their release's verifier takes. */
  readonly srs?: SrsKind | undefined;
  /** `verify`: committed files must equal the built ones. `update`: they are written. */
  readonly committed?: "verify" | "update";
  readonly onProgress?: (progress: Progress) => void;
}

/** What a person can do about it stands in the message. */
export class CircuitBuildError extends Error {
  override readonly name = "CircuitBuildError";
}

/** Builds one circuit, or finds it built. @throws {CircuitBuildError} when committed files are stale */
export async function buildCircuit({
  size = "local",
  srs: wanted,
  committed = "verify",
  onProgress = () => {},
}: BuildOptions = {}): Promise<BuiltCircuit> {
  const kind = wanted ?? (await readVerifiers())[size]?.srs ?? "development";
  await syncGenerated(generatedFiles(), committed);

  const directory = join(artifacts, `${size}-${kind}`);
  const stamp = await stampOf(size, kind);
  if ((await readText(join(directory, STAMP))) !== `${stamp} ${await contentHash(directory)}`) {
    await produce({ size, kind, directory, stamp, onProgress });
  }
  const entry = JSON.parse(await readFile(join(directory, "entry.json"), "utf8")) as VerifierEntry;
  const srs = await referenceString(kind, entry.gates, onProgress);
  await syncVerifier({ size, entry, directory, committed });
  return {
    size,
    entry,
    srs,
    program: join(directory, "program.json"),
    verificationKey: join(directory, "vk"),
    crs: srs.path,
  };
}

/** The committed verifiers. */
export async function readVerifiers(): Promise<Verifiers> {
  return JSON.parse((await readText(manifestFile)) ?? "{}") as Verifiers;
}

interface Job {
  size: SizeName;
  kind: SrsKind;
  directory: string;
  stamp: string;
  onProgress: (progress: Progress) => void;
}

/** Everything is made in a directory beside, which then takes the place of the old one. */
async function produce({ size, kind, directory, stamp, onProgress }: Job): Promise<void> {
  await mkdir(artifacts, { recursive: true });
  const work = await mkdtemp(`${directory}.`);
  try {
    const step = (stage: string, done: number): void =>
      onProgress({ stage: `${size} circuit: ${stage}`, done, total: 3 });
    step("compiling", 0);
    const program = join(work, "program.json");
    await writeFile(program, JSON.stringify(await compileCircuit(join(circuits, `epoch_${size}`))));
    const gates = await countGates(program);

    const srs = await referenceString(kind, gates, onProgress);
    step("verification key", 1);
    await runBb(["write_vk", "-t", VERIFIER_TARGET, "-b", program, "-o", work], { crs: srs.path });
    const vkHash = `0x${(await readFile(join(work, "vk_hash"))).toString("hex")}`;

    step("Solidity verifier", 2);
    const contract = verifierContract(size);
    const source = await solidityVerifier({
      name: contract,
      verificationKey: join(work, "vk"),
      srs,
      directory: work,
    });
    await writeFile(join(work, "verifier.sol"), source);
    const entry: VerifierEntry = { contract, vkHash, srs: kind, gates, publicInputs: PUBLIC_INPUTS };
    await writeFile(join(work, "entry.json"), JSON.stringify(entry));
    await writeFile(join(work, STAMP), `${stamp} ${await contentHash(work)}`);
    await replaceDirectory(work, directory);
    step("built", 3);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Points that a circuit of so many gates needs: its size rounded up to a power of two, and one. */
function referenceString(kind: SrsKind, gates: number, onProgress: Job["onProgress"]): Promise<Srs> {
  const points = 2 ** Math.ceil(Math.log2(gates)) + 1;
  return ensureSrs({ kind, points, cache: join(root, ".cache/srs"), onProgress });
}

async function syncVerifier({
  size,
  entry,
  directory,
  committed,
}: {
  size: SizeName;
  entry: VerifierEntry;
  directory: string;
  committed: "verify" | "update";
}): Promise<void> {
  const known = await readVerifiers();
  if (committed === "verify" && known[size]?.srs !== entry.srs) return;
  const manifest = { ...known, [size]: entry };
  await syncGenerated(
    new Map([
      [join(verifiers, `${entry.contract}.sol`), await readFile(join(directory, "verifier.sol"), "utf8")],
      [manifestFile, `${JSON.stringify(manifest, null, 2)}\n`],
    ]),
    committed,
  );
}

/** Compares generated files with the committed ones, or writes them. */
async function syncGenerated(files: Map<string, string>, committed: "verify" | "update"): Promise<void> {
  for (const [file, text] of files) {
    if ((await readText(file)) === text) continue;
    if (committed === "verify") {
      throw new CircuitBuildError(
        `${file} is not what the sources yield. Run \`npm run circuits\` and commit the result.`,
      );
    }
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

function generatedFiles(): Map<string, string> {
  return new Map([...generatedSources()].map(([file, text]) => [join(circuits, file), text]));
}

/** Hash over all that the artefacts depend on. */
async function stampOf(size: SizeName, kind: SrsKind): Promise<string> {
  const hash = createHash("sha256");
  for (const crate of ["calpulli", `epoch_${size}`]) {
    const directory = join(circuits, crate);
    const files = (await readdir(directory, { recursive: true }))
      .filter((file) => /\.(nr|toml)$/.test(file))
      .sort();
    for (const file of files) hash.update(`${file}\n${await readFile(join(directory, file), "utf8")}\n`);
  }
  const scripts = join(root, "scripts/circuits");
  for (const file of ["build.ts", "solidityVerifier.ts", "developmentTau.ts"]) {
    hash.update(await readFile(join(scripts, file)));
  }
  for (const tool of TOOLS) hash.update(`${tool} ${await packageVersion(tool)}\n`);
  return hash.update(`${VERIFIER_TARGET} ${kind} ${JSON.stringify(sizesNamed(size))}`).digest("hex");
}

/** Hash over the products of a build; a missing one counts as empty. */
async function contentHash(directory: string): Promise<string> {
  const hash = createHash("sha256");
  for (const file of PRODUCTS) hash.update(await readFile(join(directory, file)).catch(() => ""));
  return hash.digest("hex");
}

/** From the package's own file, which not every package exports. */
async function packageVersion(name: string): Promise<string> {
  const paths = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const file = paths.map((path) => join(path, name, "package.json")).find((path) => existsSync(path));
  if (!file) throw new CircuitBuildError(`The package ${name} is missing. Run \`npm run setup\`.`);
  return (JSON.parse(await readFile(file, "utf8")) as { version: string }).version;
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      report: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      size: { type: "string", default: "local" },
      srs: { type: "string" },
    },
  });
  const srs = SRS_KINDS.find((kind) => kind === values.srs);
  if (values.srs !== undefined && !srs) {
    throw new CircuitBuildError(
      `There is no reference string "${values.srs}"; choose ${SRS_KINDS.join(" or ")}.`,
    );
  }
  const { name } = sizesNamed(values.size);
  const update = values.report && !values.check;
  const built = await buildCircuit({
    size: name,
    srs,
    committed: update ? "update" : "verify",
    onProgress: printProgress(),
  });
  const { gates, vkHash } = built.entry;
  console.log(`${name} circuit: ${gates} gates, ${built.srs.kind} string, key ${vkHash}`);
  if (update) {
    const { printGateReport } = await import("./gates.ts");
    await printGateReport();
  }
}

/** One line a stage; a percentage while it runs, on a terminal. */
function printProgress(): (progress: Progress) => void {
  let line = "";
  return ({ stage, done, total }) => {
    const next = `${stage} ${Math.floor((100 * done) / total)} %`;
    if (next === line) return;
    line = next;
    if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${next}${done === total ? "\n" : ""}`);
    else if (done === total) console.log(stage);
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main().catch((error: unknown) => {
    const known = [CircuitBuildError, CompileError, ProvingError, SrsError].some(
      (type) => error instanceof type,
    );
    console.error(known ? `Error: ${(error as Error).message}` : error);
    process.exitCode = 1;
  });
}

/**
 * Epoch proofs: solves the circuit's witness in this process and has `bb` prove it in a child process.
 *
 * Works offline: programs, keys and the reference string are made by `scripts/circuits/build.ts`; nothing is
 * downloaded here, and a missing file is an error with its remedy.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { findBbBinary } from "@aztec/bb.js/platform";
import { Noir, type CompiledCircuit, type InputMap } from "@noir-lang/noir_js";

import type { EpochInputs } from "../../protocol/epochInputs.ts";

/** Non-ZK (a rollup's data is public), Keccak transcript: what the Solidity verifiers check. */
export const VERIFIER_TARGET = "evm-no-zk";

const POINT_BYTES = 64;
const PUBLIC_INPUT_BYTES = 32;

export type ProvingErrorCode =
  /** A file is missing or too short. */
  | "artifact-missing"
  /** The witness breaks a rule of the circuit: the blocks are not what their headers claim, or the inputs are wrong. */
  | "unsatisfied"
  /** The prover's process failed. */
  | "prover-failed"
  | "aborted";

export class ProvingError extends Error {
  override readonly name = "ProvingError";
  readonly code: ProvingErrorCode;
  /** What the caller can do about it. */
  readonly remedy: string;

  constructor({
    code,
    message,
    remedy,
    cause,
  }: {
    code: ProvingErrorCode;
    message: string;
    remedy: string;
    cause?: unknown;
  }) {
    super(`${message}. ${remedy}.`, { cause });
    this.code = code;
    this.remedy = remedy;
  }
}

/** Arguments of an epoch circuit, from `epochInputs`. */
export type CircuitInputs = EpochInputs["inputs"];

/** Files of one circuit, and where the reference string lies. */
export interface ProvingArtifacts {
  readonly program: string;
  readonly verificationKey: string;
  /** Directory with `bn254_g1.dat` and `bn254_g2.dat`. */
  readonly crs: string;
}

export interface EpochProof {
  readonly proof: Uint8Array;
  /** In the verifier's order. */
  readonly publicInputs: bigint[];
  /** Witness and proof together. */
  readonly seconds: number;
}

/** Proves epochs of one circuit size. One proof at a time uses all cores; callers queue. */
export class EpochProver {
  readonly #artifacts: ProvingArtifacts;
  readonly #noir: Noir;

  private constructor(artifacts: ProvingArtifacts, noir: Noir) {
    this.#artifacts = artifacts;
    this.#noir = noir;
  }

  /** @throws {ProvingError} `artifact-missing` */
  static async open(artifacts: ProvingArtifacts): Promise<EpochProver> {
    const program = JSON.parse(await readArtifact(artifacts.program)) as CompiledCircuit;
    await assertPresent(artifacts.verificationKey);
    const noir = new Noir(program);
    await noir.init();
    return new EpochProver(artifacts, noir);
  }

  /** @throws {ProvingError} `unsatisfied`, `prover-failed`, `aborted` or `artifact-missing` */
  async prove(inputs: CircuitInputs, { signal }: { signal?: AbortSignal } = {}): Promise<EpochProof> {
    const began = performance.now();
    const witness = await this.solve(inputs);
    if (signal?.aborted) throw aborted(signal);
    return { ...(await this.proveWitness(witness, { signal })), seconds: (performance.now() - began) / 1000 };
  }

  /** The solved witness, compressed as the prover reads it. @throws {ProvingError} `unsatisfied` */
  async solve(inputs: CircuitInputs): Promise<Uint8Array> {
    try {
      // Declared as mutable, but not changed.
      return (await this.#noir.execute(inputs as unknown as InputMap)).witness;
    } catch (cause) {
      throw new ProvingError({
        code: "unsatisfied",
        message: `the circuit refuses these inputs: ${describeFailure(cause)}`,
        remedy:
          "Check that headers, blobs and messages are those of the chain, and that the state is that before them",
        cause,
      });
    }
  }

  /** @throws {ProvingError} `prover-failed`, `aborted` or `artifact-missing` */
  async proveWitness(
    witness: Uint8Array,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Omit<EpochProof, "seconds">> {
    const { program, verificationKey, crs } = this.#artifacts;
    const directory = await mkdtemp(join(tmpdir(), "calpulli-proof-"));
    try {
      const witnessFile = join(directory, "witness.gz");
      await writeFile(witnessFile, witness);
      const files = ["-b", program, "-w", witnessFile, "-k", verificationKey, "-o", directory];
      await runBb(["prove", "-t", VERIFIER_TARGET, ...files], { crs, signal });
      const proof = new Uint8Array(await readFile(join(directory, "proof")));
      return { proof, publicInputs: splitWords(await readFile(join(directory, "public_inputs"))) };
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
}

/**
 * Runs the native prover and gives what it prints. The reference string must be there: the binary would download it.
 *
 * @throws {ProvingError} `prover-failed`, `aborted` or `artifact-missing`
 */
export async function runBb(
  args: readonly string[],
  {
    crs,
    signal,
    points = 1,
  }: { crs?: string | undefined; signal?: AbortSignal | undefined; points?: number } = {},
): Promise<string> {
  const binary = findBbBinary();
  if (!binary) {
    throw new ProvingError({
      code: "artifact-missing",
      message: `@aztec/bb.js has no prover for ${process.platform} on ${process.arch}`,
      remedy: "Use Linux or macOS on x64 or arm64, or set BB_BINARY_PATH",
    });
  }
  if (crs !== undefined) {
    await assertPresent(join(crs, "bn254_g1.dat"), points * POINT_BYTES);
    await assertPresent(join(crs, "bn254_g2.dat"), 128);
  }
  if (signal?.aborted) throw aborted(signal);
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, {
      env: crs === undefined ? process.env : { ...process.env, CRS_PATH: crs },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    const stop = (): void => void child.kill("SIGKILL");
    signal?.addEventListener("abort", stop, { once: true });
    child.on("error", (error) => reject(failed(error.message)));
    child.on("close", (code, killedBy) => {
      signal?.removeEventListener("abort", stop);
      if (signal?.aborted) reject(aborted(signal));
      else if (code === 0) resolve(stdout);
      else reject(failed(`${args[0]} ended with ${code ?? killedBy}: ${stderr.trim().slice(-500)}`));
    });
  });
}

async function readArtifact(path: string): Promise<string> {
  await assertPresent(path);
  return readFile(path, "utf8");
}

async function assertPresent(path: string, bytes = 1): Promise<void> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size >= bytes) return;
  throw new ProvingError({
    code: "artifact-missing",
    message: `${path} is missing or too short`,
    remedy: "Run `npm run circuits`",
  });
}

function splitWords(bytes: Buffer): bigint[] {
  return Array.from({ length: bytes.length / PUBLIC_INPUT_BYTES }, (_, i) =>
    BigInt(`0x${bytes.subarray(PUBLIC_INPUT_BYTES * i, PUBLIC_INPUT_BYTES * (i + 1)).toString("hex")}`),
  );
}

/** The failing assertion and where it stands, when the solver knows. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { noirCallStack } = error as { noirCallStack?: string[] };
  return [error.message, noirCallStack?.at(-1)].filter(Boolean).join(" ");
}

function failed(reason: string): ProvingError {
  return new ProvingError({
    code: "prover-failed",
    message: `the prover failed: ${reason}`,
    remedy: "Check memory (about 0.5 GB for the local size) and disk, then try again",
  });
}

function aborted(signal: AbortSignal): ProvingError {
  return new ProvingError({
    code: "aborted",
    message: "proving was aborted",
    remedy: "Start again if the proof is still wanted",
    cause: signal.reason,
  });
}

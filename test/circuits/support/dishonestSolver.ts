/** Solves a circuit with chosen results of one operation, and computes from them what follows. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { gunzipSync, gzipSync } from "node:zlib";

import { Packr, Unpackr } from "msgpackr";

import type { CircuitInputs } from "../../../actors/prover/proving.ts";
import type { Circuit } from "./circuit.ts";
import { FIELD } from "./inputs.ts";

type WitnessMap = Map<number, string>;
type Opcode = { BlackBoxFuncCall?: Record<string, unknown[]> };
type Tree = [[[name: string, Opcode[], ...unknown[]]], unknown];

interface Acvm {
  executeProgram(
    program: Uint8Array,
    inputs: WitnessMap,
    oracle: () => Promise<never>,
  ): Promise<{ index: number; witness: WitnessMap }[]>;
  compressWitnessStack(stack: { index: number; witness: WitnessMap }[]): Uint8Array;
}
interface Abi {
  abiEncode(this: void, abi: unknown, inputs: unknown): WitnessMap;
}

const require = createRequire(import.meta.url);
const acvm = require("@noir-lang/acvm_js") as Acvm;
const { abiEncode } = require("@noir-lang/noirc_abi") as Abi;

/** Parameters of {@link solveWith}. */
export interface ChosenResults {
  readonly circuit: Circuit;
  readonly inputs: CircuitInputs;
  /** Name of the operation in the compiled program, and which of them it is. */
  readonly operation: string;
  readonly index: number;
  readonly results: readonly bigint[];
}

/** The witness as the prover reads it. Fails when the results break a constraint that the solver sees. */
export async function solveWith(chosen: ChosenResults): Promise<Uint8Array> {
  const { circuit, inputs, operation, index, results } = chosen;
  const { bytecode, abi } = JSON.parse(await readFile(circuit.built.program, "utf8")) as {
    bytecode: string;
    abi: unknown;
  };
  const bytes = gunzipSync(Buffer.from(bytecode, "base64"));
  const unpackr = new Unpackr({ mapsAsObjects: true, useRecords: false });
  // The first byte tells the format.
  const tree = unpackr.unpack(bytes.subarray(1)) as Tree;
  const [main] = tree[0];
  const opcode = main[1].filter(({ BlackBoxFuncCall: call }) => call && operation in call)[index]!;
  const witness = abiEncode(abi, inputs);
  for (const [k, entry] of (opcode.BlackBoxFuncCall![operation]!.at(-1) as number[]).entries()) {
    witness.set(entry, `0x${(results[k]! % FIELD).toString(16).padStart(64, "0")}`);
  }
  main[1] = main[1].filter((other) => other !== opcode);
  const packr = new Packr({ useRecords: false, variableMapSize: true });
  const program = gzipSync(Buffer.concat([bytes.subarray(0, 1), packr.pack(tree)]));
  const stack = await acvm.executeProgram(program, witness, () => Promise.reject(new Error("no oracle")));
  return acvm.compressWitnessStack(stack);
}

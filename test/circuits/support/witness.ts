/** Alters a solved witness behind the solver's back, as a dishonest prover would. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import type { CircuitInputs } from "../../../actors/prover/proving.ts";
import type { Circuit } from "./circuit.ts";
import { hex } from "./inputs.ts";

type WitnessMap = Map<number, string>;

interface Acvm {
  compressWitnessStack(stack: { index: number; witness: WitnessMap }[]): Uint8Array;
  decompressWitnessStack(bytes: Uint8Array): { index: number; witness: WitnessMap }[];
}
interface Abi {
  abiEncode(this: void, abi: unknown, inputs: unknown): WitnessMap;
}

const require = createRequire(import.meta.url);
const acvm = require("@noir-lang/acvm_js") as Acvm;
const { abiEncode } = require("@noir-lang/noirc_abi") as Abi;

/** The witness with single entries changed. */
export class SolvedWitness {
  readonly #circuit: Circuit;
  readonly #inputs: CircuitInputs;
  readonly #map: WitnessMap;

  private constructor(circuit: Circuit, inputs: CircuitInputs, map: WitnessMap) {
    this.#circuit = circuit;
    this.#inputs = inputs;
    this.#map = map;
  }

  static async of(circuit: Circuit, inputs: CircuitInputs): Promise<SolvedWitness> {
    const [solved] = acvm.decompressWitnessStack(await circuit.prover.solve(inputs));
    return new SolvedWitness(circuit, inputs, solved!.witness);
  }

  /** Every entry's value. */
  get values(): ReadonlyMap<number, bigint> {
    return new Map([...this.#map].map(([entry, value]) => [entry, BigInt(value)]));
  }

  get entries(): readonly number[] {
    return [...this.#map.keys()];
  }

  /**
   * Whether an entry is the hint for comparing zero with zero: the inverse, followed by the answer 1. It is free by
   * design, since zero times anything is zero.
   */
  isInverseOfZero(entry: number): boolean {
    return BigInt(this.#map.get(entry)!) === 0n && BigInt(this.#map.get(entry + 1) ?? "0x0") === 1n;
  }

  /** One entry plus `step`. */
  withEntry(entry: number, step: bigint): Uint8Array {
    const changed = new Map(this.#map);
    changed.set(entry, field(BigInt(this.#map.get(entry)!) + step));
    return compress(changed);
  }

  /** The entries of the inputs that differ, everything computed from them left as it was. */
  async withInputs(inputs: CircuitInputs): Promise<Uint8Array> {
    const { abi } = JSON.parse(await readFile(this.#circuit.built.program, "utf8")) as { abi: unknown };
    const honest = abiEncode(abi, this.#inputs);
    const changed = new Map(this.#map);
    for (const [entry, value] of abiEncode(abi, inputs)) {
      if (value !== honest.get(entry)) changed.set(entry, value);
    }
    return compress(changed);
  }
}

function compress(witness: WitnessMap): Uint8Array {
  return acvm.compressWitnessStack([{ index: 0, witness }]);
}

/** As the solver writes it: 64 digits. */
function field(value: bigint): string {
  return `0x${hex(value).slice(2).padStart(64, "0")}`;
}

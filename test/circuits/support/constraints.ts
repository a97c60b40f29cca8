/**
 * The constraints of a compiled circuit as a dishonest prover meets them: inputs and hints are his to choose, all else
 * follows from them. The solver computes hints itself and so cannot be asked what another one would do.
 */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

import { Unpackr } from "msgpackr";

import { fromBytes } from "../../../protocol/bytes.ts";
import { FIELD } from "./inputs.ts";

/** A value that the prover gives and that nothing computes. */
export interface Hint {
  readonly witness: number;
  /** The unconstrained function it comes from, and which of the call's results it is. */
  readonly source: string;
  /** All results of the same call. */
  readonly call: readonly number[];
  /** What the call was given. */
  readonly given: readonly number[];
}

type Term = readonly [factor: bigint, witness: number];
type Product = readonly [factor: bigint, a: number, b: number];

/** `sum of products + sum of terms + constant = 0`. It defines the one witness that nothing before it does, or checks. */
interface Equation {
  readonly kind: "equation";
  readonly products: readonly Product[];
  readonly terms: readonly Term[];
  readonly constant: bigint;
  readonly uses: readonly number[];
  defines?: number;
}
interface Range {
  readonly kind: "range";
  readonly bits: bigint;
  readonly uses: readonly [number];
}
/** A hash or a curve operation; `kind` is its name. */
interface BlackBox {
  readonly kind: "box";
  readonly name: string;
  readonly uses: readonly number[];
  readonly results: readonly number[];
}
type Constraint = Equation | Range | BlackBox;

/** What became of an attempt to give other values. */
export type Attempt =
  | { readonly refusedBy: string }
  /** Everything that is another value now, and the black boxes that would have to be computed again. */
  | { readonly changed: ReadonlyMap<number, bigint>; readonly boxes: readonly string[] };

export class ConstraintSystem {
  readonly hints: readonly Hint[];
  readonly #constraints: readonly Constraint[];
  /** By witness: the constraints that contain it. */
  readonly #users = new Map<number, number[]>();

  private constructor(constraints: readonly Constraint[], hints: readonly Hint[]) {
    this.#constraints = constraints;
    this.hints = hints;
    for (const [i, { uses }] of constraints.entries()) {
      for (const witness of uses) {
        const users = this.#users.get(witness);
        if (users) users.push(i);
        else this.#users.set(witness, [i]);
      }
    }
  }

  /** Of a program as the compiler writes it. */
  static async read(programFile: string): Promise<ConstraintSystem> {
    const { bytecode } = JSON.parse(await readFile(programFile, "utf8")) as { bytecode: string };
    // The first byte tells the format.
    const bytes = gunzipSync(Buffer.from(bytecode, "base64")).subarray(1);
    const unpackr = new Unpackr({ mapsAsObjects: true, useRecords: false });
    const [[main, ...others], functions] = unpackr.unpack(bytes) as [RawCircuit[], [string, unknown][]];
    if (main === undefined || others.length > 0) throw new Error("the program has not one circuit");
    const [, opcodes, privateInputs, publicInputs] = main;
    return ConstraintSystem.#of(opcodes, functions, [...privateInputs, ...publicInputs]);
  }

  static #of(
    opcodes: readonly RawOpcode[],
    functions: readonly [string, unknown][],
    inputs: readonly number[],
  ): ConstraintSystem {
    const known = new Set(inputs);
    const constraints: Constraint[] = [];
    const hints: Hint[] = [];
    for (const opcode of opcodes) {
      if ("BrilligCall" in opcode) {
        const [id, given, outputs] = opcode.BrilligCall;
        const call = outputs.flatMap((output) => ("Simple" in output ? [output.Simple] : output.Array));
        for (const [k, witness] of call.entries()) {
          hints.push({ witness, call, source: `${functions[id]![0]} ${k}`, given: termsIn(given) });
          known.add(witness);
        }
        continue;
      }
      const constraint = "AssertZero" in opcode ? equation(opcode.AssertZero) : blackBox(opcode);
      if (constraint.kind === "equation") {
        const [defined, ...more] = constraint.uses.filter((witness) => !known.has(witness));
        if (more.length > 0) throw new Error("an equation with two unknowns");
        if (defined !== undefined) constraint.defines = defined;
      }
      for (const witness of constraint.kind === "box" ? constraint.results : constraint.uses)
        known.add(witness);
      constraints.push(constraint);
    }
    return new ConstraintSystem(constraints, hints);
  }

  /** Bits that a witness may have; undefined without a range check of its own. */
  rangeOf(witness: number): number | undefined {
    const ranges = (this.#users.get(witness) ?? [])
      .map((at) => this.#constraints[at]!)
      .filter((constraint) => constraint.kind === "range");
    return ranges.length === 0 ? undefined : Math.min(...ranges.map(({ bits }) => Number(bits)));
  }

  /** The same system with every range check left out: to see that they are missed. */
  withoutRanges(): ConstraintSystem {
    return new ConstraintSystem(
      this.#constraints.filter(({ kind }) => kind !== "range"),
      this.hints,
    );
  }

  /** Pairs of hints that one equation adds up: what one gains the other can lose. */
  *balancedPairs(): Generator<readonly [Term, Term]> {
    const hints = new Set(this.hints.map(({ witness }) => witness));
    for (const constraint of this.#constraints) {
      if (constraint.kind !== "equation") continue;
      const multiplied = new Set(constraint.products.flatMap(([, a, b]) => [a, b]));
      const free = constraint.terms.filter(([, witness]) => hints.has(witness) && !multiplied.has(witness));
      for (const first of free) for (const second of free) if (first !== second) yield [first, second];
    }
  }

  /**
   * Gives the witnesses in `changes` other values than in the solved `witness`, and computes what follows from them.
   * Other hints stay as they are.
   */
  attempt(witness: ReadonlyMap<number, bigint>, changes: ReadonlyMap<number, bigint>): Attempt {
    const changed = new Map(changes);
    const valueOf = (w: number): bigint => changed.get(w) ?? witness.get(w)!;
    const boxes = new Set<string>();
    const waiting = new Set<number>();
    const touch = (w: number): void => {
      for (const user of this.#users.get(w) ?? []) waiting.add(user);
    };
    for (const w of changes.keys()) touch(w);
    while (waiting.size > 0) {
      // In the circuit's order: what a constraint takes from earlier ones is settled by then.
      const at = Math.min(...waiting);
      waiting.delete(at);
      const constraint = this.#constraints[at]!;
      if (constraint.kind === "box") {
        boxes.add(constraint.name);
      } else if (constraint.kind === "range") {
        if (valueOf(constraint.uses[0]) >> constraint.bits !== 0n) {
          return { refusedBy: `range of ${constraint.bits} bits` };
        }
      } else if (constraint.defines === undefined) {
        if (evaluate(constraint, valueOf).rest !== 0n) return { refusedBy: "equation" };
      } else {
        const defined = constraint.defines;
        const { rest, factor } = evaluate(constraint, valueOf);
        if (factor === 0n) {
          if (rest !== 0n) return { refusedBy: "equation" };
          continue;
        }
        const value = reduce(-rest * inverse(factor));
        if (value === valueOf(defined)) continue;
        changed.set(defined, value);
        touch(defined);
      }
    }
    return { changed, boxes: [...boxes] };
  }
}

/** The sum without the witness that the equation defines, and that one's factor. */
function evaluate(
  { products, terms, constant, defines }: Equation,
  valueOf: (witness: number) => bigint,
): { rest: bigint; factor: bigint } {
  let [rest, factor] = [constant, 0n];
  for (const [k, a, b] of products) {
    if (a === defines) factor += k * valueOf(b);
    else if (b === defines) factor += k * valueOf(a);
    else rest += ((k * valueOf(a)) % FIELD) * valueOf(b);
  }
  for (const [k, a] of terms) {
    if (a === defines) factor += k;
    else rest += k * valueOf(a);
  }
  return { rest: reduce(rest), factor: reduce(factor) };
}

type RawExpression = [[Uint8Array, number, number][], [Uint8Array, number][], Uint8Array];
type RawOutput = { Simple: number } | { Array: number[] };
type RawBox = { BlackBoxFuncCall: Record<string, unknown[]> };
type RawOpcode = { AssertZero: RawExpression } | { BrilligCall: [number, unknown, RawOutput[]] } | RawBox;
type RawCircuit = [name: string, RawOpcode[], privateInputs: number[], publicInputs: number[]];

function equation([products, terms, constant]: RawExpression): Equation {
  const uses = new Set([...products.flatMap(([, a, b]) => [a, b]), ...terms.map(([, a]) => a)]);
  return {
    kind: "equation",
    products: products.map(([k, a, b]) => [fromBytes(k), a, b]),
    terms: terms.map(([k, a]) => [fromBytes(k), a]),
    constant: fromBytes(constant),
    uses: [...uses],
  };
}

function blackBox(opcode: RawBox): Range | BlackBox {
  if (!("BlackBoxFuncCall" in opcode)) throw new Error(`unknown opcode ${Object.keys(opcode).join()}`);
  const [[name, content]] = Object.entries(opcode.BlackBoxFuncCall) as [[string, unknown[]]];
  if (name === "RANGE") {
    const [{ Witness: witness }, bits] = content as [{ Witness: number }, number];
    return { kind: "range", bits: BigInt(bits), uses: [witness] };
  }
  const results = content.at(-1) as number[];
  return { kind: "box", name, uses: witnessesIn(content), results };
}

/** Witnesses of the linear terms in a hint's arguments: pairs of a factor and a number. */
function termsIn(content: unknown): number[] {
  if (typeof content !== "object" || content === null || content instanceof Uint8Array) return [];
  if (Array.isArray(content) && content.length === 2 && content[0] instanceof Uint8Array) {
    return typeof content[1] === "number" ? [content[1]] : [];
  }
  return Object.values(content).flatMap(termsIn);
}

/** Every `{ Witness: number }` in an opcode's arguments. */
function witnessesIn(content: unknown): number[] {
  if (typeof content !== "object" || content === null || content instanceof Uint8Array) return [];
  if ("Witness" in content) return [content.Witness as number];
  return Object.values(content).flatMap(witnessesIn);
}

export function reduce(x: bigint): bigint {
  return ((x % FIELD) + FIELD) % FIELD;
}

/** Few numbers are asked for, and those often. */
const inverses = new Map<bigint, bigint>();

export function inverse(x: bigint): bigint {
  const known = inverses.get(x);
  if (known !== undefined) return known;
  let [result, square] = [1n, reduce(x)];
  for (let rest = FIELD - 2n; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % FIELD;
    square = (square * square) % FIELD;
  }
  inverses.set(x, result);
  return result;
}

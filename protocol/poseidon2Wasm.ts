/**
 * The Poseidon2 permutation as a WebAssembly module, assembled when this file is loaded: ten times as fast as bigint
 * arithmetic, and hashing is most of what a syncing node does.
 *
 * A field element is nine limbs of 29 bits in Montgomery form, R = 2^261. Products of two limbs have 58 bits, so that
 * a column of a Montgomery product (at most 18 of them, and a carry) stays below 2^63 without carrying in between.
 *
 * Nothing is reduced after additions. With inputs a p and b p, `mul` gives less than (a b / 170 + 1) p, for
 * R / p > 169. A full round adds up to 16 elements (the largest row of its matrix) and a constant: below 19 p; its
 * S-box gives below 1.2 p. A partial round triples the three elements without S-box; every second round their sum is
 * brought back to 1.2 p by multiplying it with one, so that no element passes 86 p. All stay far below R.
 */
import { BN254_R } from "./field.ts";
import { DIAGONAL, FULL_ROUND_CONSTANTS, PARTIAL_ROUND_CONSTANTS } from "./poseidon2Constants.ts";

const LIMBS = 9;
const LIMB_BITS = 29n;
const LIMB_MASK = (1n << LIMB_BITS) - 1n;
const MONTGOMERY = 1n << (LIMB_BITS * BigInt(LIMBS));
/** -1 / p modulo 2^29. */
const NEGATIVE_INVERSE = inverseOfOdd(-BN254_R & LIMB_MASK);

/** Bytes of an element: a limb is an i64. */
const ELEMENT = 8 * LIMBS;
/** Elements in memory: the state, scratch, then constants. */
const [STATE, SUM, SCRATCH, ONE, TO_MONTGOMERY, FROM_MONTGOMERY, CONSTANTS] = [0, 4, 5, 6, 7, 8, 9].map(
  (i) => i * ELEMENT,
) as [number, number, number, number, number, number, number];
const WIDTH = 4;

type Code = number[];

/** Instructions, by their names in the specification. */
const op = {
  end: 0x0b,
  call: (index: number): Code => [0x10, ...unsigned(index)],
  get: (local: number): Code => [0x20, ...unsigned(local)],
  set: (local: number): Code => [0x21, ...unsigned(local)],
  tee: (local: number): Code => [0x22, ...unsigned(local)],
  load: (offset: number): Code => [0x29, 3, ...unsigned(offset)],
  store: (offset: number): Code => [0x37, 3, ...unsigned(offset)],
  i32: (value: number): Code => [0x41, ...signed(BigInt(value))],
  i64: (value: bigint): Code => [0x42, ...signed(value)],
  add: 0x7c,
  multiply: 0x7e,
  and: 0x83,
  shiftRight: 0x88,
};

const MULTIPLY = 0;

/** mul(to, a, b): a b / R, limbs carried. Locals: three addresses, b's limbs, the columns, a's limb, m. */
function multiplyBody(): Code {
  const [to, a, b, bLimb, column] = [0, 1, 2, 3, 3 + LIMBS];
  const aLimb = column + LIMBS;
  const m = aLimb + 1;
  const code: Code = [];
  for (let j = 0; j < LIMBS; j++) code.push(...op.get(b), ...op.load(8 * j), ...op.set(bLimb + j));
  for (let i = 0; i < LIMBS; i++) {
    code.push(...op.get(a), ...op.load(8 * i), ...op.set(aLimb));
    const product = (j: number): Code => [...op.get(aLimb), ...op.get(bLimb + j), op.multiply];
    // m makes the lowest column a multiple of 2^29; the column is then dropped and its carry kept.
    code.push(...op.get(column), ...product(0), op.add, ...op.tee(column));
    code.push(...op.i64(NEGATIVE_INVERSE), op.multiply, ...op.i64(LIMB_MASK), op.and, ...op.set(m));
    const multiple = (j: number): Code => [...op.get(m), ...op.i64(limbOf(BN254_R, j)), op.multiply];
    code.push(...op.get(column), ...multiple(0), op.add, ...op.i64(LIMB_BITS), op.shiftRight);
    for (let j = 1; j < LIMBS; j++) {
      // The carry is on the stack for the first of them.
      code.push(...product(j), ...(j === 1 ? [op.add] : []), ...multiple(j), op.add);
      if (i > 0 || j === 1) code.push(...op.get(column + j), op.add);
      code.push(...op.set(column + j - 1));
    }
    code.push(...op.i64(0n), ...op.set(column + LIMBS - 1));
  }
  for (let j = 0; j < LIMBS - 1; j++) {
    code.push(...op.get(to), ...op.get(column + j), ...op.i64(LIMB_MASK), op.and, ...op.store(8 * j));
    code.push(...op.get(column + j), ...op.i64(LIMB_BITS), op.shiftRight);
    code.push(...op.get(column + j + 1), op.add, ...op.set(column + j + 1));
  }
  return [...code, ...op.get(to), ...op.get(column + LIMBS - 1), ...op.store(8 * (LIMBS - 1)), op.end];
}

/** The whole permutation on the four elements at the start of the memory, canonical before and (up to p) after. */
function permuteBody(): Code {
  const code: Code = [];
  const element = (i: number): number => STATE + i * ELEMENT;
  const mul = (to: number, a: number, b: number): void =>
    void code.push(...op.i32(to), ...op.i32(a), ...op.i32(b), ...op.call(MULTIPLY));
  /** x^5. */
  const sbox = (x: number): void => {
    mul(SCRATCH, x, x);
    mul(SCRATCH, SCRATCH, SCRATCH);
    mul(x, SCRATCH, x);
  };
  /** Adds elements, each so many times. */
  const sum = (to: number, terms: readonly (readonly [number, bigint])[]): void => {
    const carry = 0;
    for (let j = 0; j < LIMBS; j++) {
      for (const [k, [from, times]] of terms.entries()) {
        code.push(...op.i32(0), ...op.load(from + 8 * j));
        if (times !== 1n) code.push(...op.i64(times), op.multiply);
        if (k > 0) code.push(op.add);
      }
      if (j > 0) code.push(...op.get(carry), op.add);
      if (j === LIMBS - 1) {
        code.push(...op.set(carry));
      } else {
        const whole = 1;
        code.push(...op.tee(whole), ...op.i64(LIMB_BITS), op.shiftRight, ...op.set(carry));
        code.push(...op.get(whole), ...op.i64(LIMB_MASK), op.and, ...op.set(whole));
        code.push(...op.i32(0), ...op.get(whole), ...op.store(to + 8 * j));
        continue;
      }
      code.push(...op.i32(0), ...op.get(carry), ...op.store(to + 8 * j));
    }
  };
  const constants = constantTable();
  const constant = (value: bigint): number => CONSTANTS + constants.indexOf(value) * ELEMENT;
  const next = Array.from({ length: WIDTH }, (_, i) => CONSTANTS + (constants.length + i) * ELEMENT);

  const fullMatrix = (): void => {
    for (const [i, row] of FULL_MATRIX.entries()) {
      sum(
        next[i]!,
        row.map((times, k) => [element(k), times]),
      );
    }
    for (let i = 0; i < WIDTH; i++) sum(element(i), [[next[i]!, 1n]]);
  };
  const fullRound = (round: readonly bigint[]): void => {
    for (let i = 0; i < WIDTH; i++) {
      sum(element(i), [
        [element(i), 1n],
        [constant(round[i]!), 1n],
      ]);
      sbox(element(i));
    }
    fullMatrix();
  };
  const partialRound = (added: bigint, reduce: boolean): void => {
    sum(element(0), [
      [element(0), 1n],
      [constant(added), 1n],
    ]);
    sbox(element(0));
    sum(
      SUM,
      Array.from({ length: WIDTH }, (_, i) => [element(i), 1n]),
    );
    if (reduce) mul(SUM, SUM, ONE);
    for (let i = 0; i < WIDTH; i++) {
      mul(element(i), element(i), constant(DIAGONAL[i]!));
      sum(element(i), [
        [element(i), 1n],
        [SUM, 1n],
      ]);
    }
  };

  for (let i = 0; i < WIDTH; i++) mul(element(i), element(i), TO_MONTGOMERY);
  fullMatrix();
  for (const round of FULL_ROUND_CONSTANTS.slice(0, 4)) fullRound(round);
  for (const [i, added] of PARTIAL_ROUND_CONSTANTS.entries()) partialRound(added, i % 2 === 0);
  for (const round of FULL_ROUND_CONSTANTS.slice(4)) fullRound(round);
  for (let i = 0; i < WIDTH; i++) mul(element(i), element(i), FROM_MONTGOMERY);
  return [...code, op.end];
}

/** Weights of the four elements in each element after a full round. */
const FULL_MATRIX: readonly (readonly bigint[])[] = [
  [5n, 7n, 1n, 3n],
  [4n, 6n, 1n, 1n],
  [1n, 3n, 5n, 7n],
  [1n, 1n, 4n, 6n],
];

function constantTable(): bigint[] {
  return [...new Set([...FULL_ROUND_CONSTANTS.flat(), ...PARTIAL_ROUND_CONSTANTS, ...DIAGONAL])];
}

/** The binary module: a memory and two functions, of which the second is exported. */
function assemble(): Uint8Array {
  const [I32, I64] = [0x7f, 0x7e];
  const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
  const list = (...items: Code[]): Code => [...unsigned(items.length), ...items.flat()];
  const name = (text: string): Code => list(...[...new TextEncoder().encode(text)].map((byte) => [byte]));
  const body = (locals: number, code: Code): Code => {
    const content = [...list([...unsigned(locals), I64]), ...code];
    return [...unsigned(content.length), ...content];
  };
  const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const types = section(1, list([0x60, ...list([I32], [I32], [I32]), 0], [0x60, 0, 0]));
  const functions = section(3, list([0], [1]));
  const memory = section(5, list([0, 1]));
  const exports = section(7, list([...name("memory"), 2, 0], [...name("permute"), 0, 1]));
  const code = section(10, list(body(2 * LIMBS + 2, multiplyBody()), body(2, permuteBody())));
  return Uint8Array.from([...header, ...types, ...functions, ...memory, ...exports, ...code]);
}

/** What is used of the engine's API; the type library that declares it is the browsers'. */
interface Engine {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: { readonly memory: { readonly buffer: ArrayBuffer }; readonly permute: () => void };
  };
}

function instantiate(): { limbs: BigUint64Array; run: () => void } {
  const { Module, Instance } = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly;
  const { memory, permute } = new Instance(new Module(assemble())).exports;
  const limbs = new BigUint64Array(memory.buffer);
  writeElement(limbs, ONE, MONTGOMERY % BN254_R);
  writeElement(limbs, TO_MONTGOMERY, (MONTGOMERY * MONTGOMERY) % BN254_R);
  writeElement(limbs, FROM_MONTGOMERY, 1n);
  for (const [i, value] of constantTable().entries()) {
    writeElement(limbs, CONSTANTS + i * ELEMENT, (value * MONTGOMERY) % BN254_R);
  }
  return { limbs, run: permute };
}

const { limbs, run } = instantiate();

/** The permutation of four canonical elements. */
export function permuteInWasm(
  state: readonly [bigint, bigint, bigint, bigint],
): [bigint, bigint, bigint, bigint] {
  for (let i = 0; i < WIDTH; i++) writeElement(limbs, STATE + i * ELEMENT, state[i as 0]);
  run();
  return [0, 1, 2, 3].map((i) => readElement(STATE + i * ELEMENT)) as [bigint, bigint, bigint, bigint];
}

function writeElement(memory: BigUint64Array, address: number, value: bigint): void {
  let rest = value;
  for (let j = 0; j < LIMBS; j++, rest >>= LIMB_BITS) memory[address / 8 + j] = rest & LIMB_MASK;
}

function readElement(address: number): bigint {
  let value = 0n;
  for (let j = LIMBS - 1; j >= 0; j--) value = (value << LIMB_BITS) | limbs[address / 8 + j]!;
  // Zero comes out as p.
  return value < BN254_R ? value : value - BN254_R;
}

function limbOf(value: bigint, j: number): bigint {
  return (value >> (LIMB_BITS * BigInt(j))) & LIMB_MASK;
}

/** 1 / x modulo 2^29: each step doubles the number of right bits. */
function inverseOfOdd(x: bigint): bigint {
  let inverse = 1n;
  for (let step = 0; step < 5; step++) inverse = (inverse * (2n - x * inverse)) & LIMB_MASK;
  return inverse;
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(Math.floor(value / 0x80))];
}

function signed(value: bigint): Code {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  const last = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40);
  return last ? [low] : [low | 0x80, ...signed(rest)];
}

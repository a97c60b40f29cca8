/**
 * Worker thread: points τ^i·G of BN254 for ranges of i.
 *
 * Multiples of G by all digits of a window of 14 bits stand in a table, so a point is 19 additions; additions of a
 * whole range share one field inversion. (No secrets here: τ of the development string is a published constant.)
 */
import { parentPort } from "node:worker_threads";

import { BN254_BASE, BN254_SCALAR, TAU } from "./developmentTau.ts";

export interface Range {
  first: number;
  count: number;
}

/** Affine coordinates; undefined is the point at infinity. */
type Point = readonly [x: bigint, y: bigint] | undefined;

const WINDOW = 14n;
const HALF = 1n << (WINDOW - 1n);
const WINDOWS = Math.ceil(255 / Number(WINDOW));

/** 64 bytes a point, big-endian x and y. */
export function powers({ first, count }: Range, table: Point[][]): Uint8Array<ArrayBuffer> {
  const digits: number[][] = [];
  let scalar = power(TAU, BigInt(first));
  for (let i = 0; i < count; i++) {
    digits.push(signedDigits(scalar));
    scalar = (scalar * TAU) % BN254_SCALAR;
  }
  let sums = new Array<Point>(count).fill(undefined);
  for (let window = 0; window < WINDOWS; window++) {
    sums = addAll(
      sums,
      digits.map((of) => lookUp(table[window]!, of[window]!)),
    );
  }
  const bytes = new Uint8Array(count * 64);
  const view = Buffer.from(bytes.buffer);
  sums.forEach((point, i) => {
    const [x, y] = point!;
    view.write(x.toString(16).padStart(64, "0") + y.toString(16).padStart(64, "0"), i * 64, "hex");
  });
  return bytes;
}

/** `table[window][digit]` = digit · 2^(14 window) · G, for digits 0 … 2^13. */
export function makeTable(): Point[][] {
  const table: Point[][] = [];
  let base: Point = [1n, 2n];
  for (let window = 0; window < WINDOWS; window++) {
    const multiples: Point[] = [undefined, base];
    while (multiples.length <= HALF) {
      const last = multiples.length - 1;
      const sums = addAll(new Array<Point>(last - 1).fill(multiples[last]), multiples.slice(1, last));
      multiples.push(...sums, double(multiples[last]));
    }
    table.push(multiples);
    base = double(multiples.at(-1));
  }
  return table;
}

function lookUp(multiples: Point[], digit: number): Point {
  const point = multiples[Math.abs(digit)];
  return point && digit < 0 ? [point[0], BN254_BASE - point[1]] : point;
}

/** Digits in [−2^13, 2^13], lowest first. */
function signedDigits(scalar: bigint): number[] {
  const digits: number[] = [];
  let rest = scalar;
  for (let window = 0; window < WINDOWS; window++) {
    let digit = rest & (2n * HALF - 1n);
    if (digit > HALF) digit -= 2n * HALF;
    digits.push(Number(digit));
    rest = (rest - digit) >> WINDOW;
  }
  return digits;
}

/** Sums of pairs that are neither equal nor opposite, with one inversion for all. */
function addAll(left: Point[], right: Point[]): Point[] {
  const p = BN254_BASE;
  const partial: bigint[] = [];
  let product = 1n;
  for (let i = 0; i < left.length; i++) {
    partial.push(product);
    const a = left[i];
    const b = right[i];
    if (a && b) product = (product * (b[0] - a[0])) % p;
  }
  let inverse = invert(product);
  const sums = new Array<Point>(left.length);
  for (let i = left.length - 1; i >= 0; i--) {
    const a = left[i];
    const b = right[i];
    if (!a || !b) {
      sums[i] = a ?? b;
      continue;
    }
    const difference = b[0] - a[0];
    const slope = ((((b[1] - a[1]) * partial[i]!) % p) * inverse) % p;
    inverse = (inverse * difference) % p;
    const x = modulo(slope * slope - a[0] - b[0]);
    sums[i] = [x, modulo(slope * (a[0] - x) - a[1])];
  }
  return sums;
}

function double(point: Point): Point {
  const [x, y] = point!;
  const slope = (3n * x * x * invert(2n * y)) % BN254_BASE;
  const doubled = modulo(slope * slope - 2n * x);
  return [doubled, modulo(slope * (x - doubled) - y)];
}

function invert(x: bigint): bigint {
  let [r0, r1, t0, t1] = [BN254_BASE, modulo(x), 0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1, t0, t1] = [r1, r0 - quotient * r1, t1, t0 - quotient * t1];
  }
  return modulo(t0);
}

function modulo(x: bigint): bigint {
  const rest = x % BN254_BASE;
  return rest < 0n ? rest + BN254_BASE : rest;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % BN254_SCALAR;
    square = (square * square) % BN254_SCALAR;
  }
  return result;
}

if (parentPort) {
  const port = parentPort;
  const table = makeTable();
  port.on("message", (range: Range) => {
    const bytes = powers(range, table);
    port.postMessage({ first: range.first, bytes }, [bytes.buffer]);
  });
}

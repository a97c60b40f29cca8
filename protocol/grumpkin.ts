import { weierstrass, type WeierstrassPoint } from "@noble/curves/abstract/weierstrass.js";

import { ProtocolError } from "./errors.ts";
import { BN254_Q, BN254_R, type Field } from "./field.ts";

/** A point of Grumpkin, y^2 = x^3 - 17 over the native field; (0, 0) stands for the point at infinity. */
export interface GrumpkinPoint {
  readonly x: Field;
  readonly y: Field;
}

export const GRUMPKIN_ORDER = BN254_Q;

export const GRUMPKIN_GENERATOR: GrumpkinPoint = {
  x: 1n as Field,
  y: 17631683881184975370165255887551781615748388533673675138860n as Field,
};

/** The curve in the arithmetic library's form. */
export const Grumpkin = weierstrass({
  p: BN254_R,
  n: BN254_Q,
  h: 1n,
  a: 0n,
  b: BN254_R - 17n,
  Gx: GRUMPKIN_GENERATOR.x,
  Gy: GRUMPKIN_GENERATOR.y,
});

/** Whether the coordinates are canonical and lie on the curve; false for (0, 0). The curve has prime order. */
export function isOnCurve({ x, y }: { x: bigint; y: bigint }): boolean {
  if (x < 0n || y < 0n || x >= BN254_R || y >= BN254_R) return false;
  return (y * y - (x * x * x - 17n)) % BN254_R === 0n;
}

/**
 * The point with a given x whose y has the given lowest bit.
 *
 * @throws {ProtocolError} `invalid-key` when no point has this x.
 */
export function recoverPoint({ x, parity }: { x: bigint; parity: number }): GrumpkinPoint {
  const square = Grumpkin.Fp.create(x * x * x - 17n);
  let root: bigint | undefined;
  try {
    root = Grumpkin.Fp.sqrt(square);
  } catch {
    root = undefined;
  }
  if (root === undefined || x < 0n || x >= BN254_R) {
    throw new ProtocolError({
      code: "invalid-key",
      message: `no point of Grumpkin has x = ${x}`,
      remedy: "Use the x coordinate of a public key",
    });
  }
  // y is never 0: the order is odd, so no point is its own inverse.
  const y = Number(root & 1n) === parity ? root : BN254_R - root;
  return { x: x as Field, y: y as Field };
}

/** @throws {ProtocolError} `invalid-key` when the point is not on the curve. */
export function toLibraryPoint(point: GrumpkinPoint): WeierstrassPoint<bigint> {
  if (!isOnCurve(point)) {
    throw new ProtocolError({
      code: "invalid-key",
      message: `(${point.x}, ${point.y}) is not a point of Grumpkin`,
      remedy: "Use a public key made by `schnorrKeyPair`",
    });
  }
  return Grumpkin.fromAffine(point);
}

export function fromLibraryPoint(point: WeierstrassPoint<bigint>): GrumpkinPoint {
  const { x, y } = point.toAffine();
  return { x: x as Field, y: y as Field };
}

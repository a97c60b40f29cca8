/** Alters a circuit's inputs at one place, leaving the rest as it is. */
import type { CircuitInput, EpochInputs } from "../../../protocol/epochInputs.ts";

export const FIELD = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;

type Place = readonly (string | number)[];
type Inputs = EpochInputs["inputs"];

/** Inputs with the number at `place` changed, modulo the field; a flag is inverted. */
export function altered(
  inputs: Inputs,
  place: Place,
  change: (value: bigint) => bigint = (x) => x + 1n,
): Inputs {
  return replace(inputs, place, (value) => {
    if (typeof value === "boolean") return !value;
    if (typeof value !== "string") throw new Error(`${place.join(".")} is no number`);
    return hex(change(BigInt(value)));
  });
}

/** Inputs with `value` at `place`. */
export function withValue(inputs: Inputs, place: Place, value: CircuitInput): Inputs {
  return replace(inputs, place, () => value);
}

/** The number at `place`. */
export function numberAt(inputs: Inputs, place: Place): bigint {
  let value: unknown = inputs;
  for (const key of place) value = (value as Record<string | number, unknown>)[key];
  return BigInt(value as string);
}

export function hex(value: bigint): string {
  return `0x${(((value % FIELD) + FIELD) % FIELD).toString(16)}`;
}

function replace(inputs: Inputs, place: Place, change: (value: CircuitInput) => CircuitInput): Inputs {
  const step = (value: CircuitInput, rest: Place): CircuitInput => {
    const [key, ...deeper] = rest;
    if (key === undefined) return change(value);
    if (Array.isArray(value)) {
      const items = value as readonly CircuitInput[];
      return items.map((item, i) => (i === key ? step(item, deeper) : item));
    }
    const fields = value as Record<string, CircuitInput>;
    if (!Object.hasOwn(fields, key)) throw new Error(`there is no ${place.join(".")}`);
    return { ...fields, [key]: step(fields[key]!, deeper) };
  };
  return step(inputs, place) as Inputs;
}

/** Alters a circuit's inputs at one place, leaving the rest as it is. */
import type { CircuitInput, EpochInputs } from "../../../protocol/epochInputs.ts";

export const FIELD = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;

export type Place = readonly (string | number)[];
export type Inputs = EpochInputs["inputs"];

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

/** What stands at `place`. */
export function valueAt(inputs: Inputs, place: Place): CircuitInput {
  let value: CircuitInput = inputs;
  for (const key of place) value = (value as Record<string | number, CircuitInput>)[key]!;
  return value;
}

/** The number at `place`. */
export function numberAt(inputs: Inputs, place: Place): bigint {
  return BigInt(valueAt(inputs, place) as string);
}

/** The first and the last place of every kind of number or flag: kinds are places with their indices left out. */
export function placesByKind(inputs: Inputs): ReadonlyMap<string, readonly Place[]> {
  const places = new Map<string, Place[]>();
  const walk = (value: CircuitInput, place: Place): void => {
    if (typeof value === "object") {
      const parts: [string | number, CircuitInput][] = Array.isArray(value)
        ? [...(value as readonly CircuitInput[]).entries()]
        : Object.entries(value);
      for (const [key, part] of parts) walk(part, [...place, key]);
      return;
    }
    const kind = place.filter((key) => typeof key === "string").join(" ");
    places.set(kind, [(places.get(kind) ?? [place])[0]!, place]);
  };
  walk(inputs, []);
  return places;
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

/** Constructor arguments by the names that the ABI gives them. */
import { Interface, type InterfaceAbi, type ParamType } from "ethers";

import { unitOf, withUnit, type Unit } from "./units.ts";

/** One value; a struct or list has as many as it has parts. */
export interface NamedArgument {
  /** Path, such as `c.fees.proofGas` or `members[0].proposer`. */
  name: string;
  /** Solidity type. */
  type: string;
  /** Decimal or hexadecimal text. */
  value: string;
  /** Absent for what is no number. */
  unit: Unit | undefined;
}

/** Every value that a constructor gets, in the order of its parameters; structs and lists are taken apart. */
export function namedArguments(abi: InterfaceAbi, values: readonly unknown[]): NamedArgument[] {
  return new Interface(abi).deploy.inputs.flatMap((input, i) => flatten(input, input.name, values[i]));
}

/** A value as people read it. */
export function readable({ value, type, unit }: NamedArgument): string {
  return type.startsWith("uint") ? withUnit(BigInt(value), unit) : value;
}

function flatten(type: ParamType, name: string, value: unknown): NamedArgument[] {
  if (type.isArray())
    return (value as unknown[]).flatMap((item, i) => flatten(type.arrayChildren, `${name}[${i}]`, item));
  if (type.isTuple()) {
    const struct = value as Record<string, unknown>;
    return type.components.flatMap((part) => flatten(part, `${name}.${part.name}`, struct[part.name]));
  }
  const unit = type.type.startsWith("uint") ? unitOf(type.name) : undefined;
  return [{ name, type: type.type, value: String(value), unit }];
}

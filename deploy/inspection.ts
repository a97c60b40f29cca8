/** What a check of a deployment reads from the chain, and every assertion it makes on the way. */
import { Contract, Interface, isAddress, isCallException, isError, type Provider } from "ethers";

import type { Artifact } from "./artifact.ts";

/** One thing that a deployment must be. */
export interface Assertion {
  /** What is looked at, such as `Rollup.config.slotDuration`. */
  what: string;
  expected: string;
  actual: string;
  holds: boolean;
  /**
   * True for what the owner may change after the deployment, such as a rate or the list of members: a difference is a
   * fault right after a deployment, and a change to know about later.
   */
  changeable: boolean;
}

/** What is read where nothing can be. */
const UNREADABLE = "not readable";

/** How an assertion is meant. */
export interface AssertionOptions {
  changeable?: boolean;
}

/** Parameters of {@link Inspection}. */
export interface InspectionParameters {
  provider: Provider;
  readArtifact: (name: string) => Promise<Artifact>;
}

/** Reads contracts and collects assertions. Texts and addresses are compared without regard to case. */
export class Inspection {
  readonly assertions: Assertion[] = [];
  readonly provider: Provider;
  readonly #readArtifact: InspectionParameters["readArtifact"];
  /** By name: an artifact is a large file, and its ABI takes time to parse. */
  readonly #artifacts = new Map<string, Promise<Artifact>>();
  readonly #interfaces = new Map<string, Interface>();

  constructor({ provider, readArtifact }: InspectionParameters) {
    this.provider = provider;
    this.#readArtifact = readArtifact;
  }

  /** What the compiler made of a contract. */
  artifact(name: string): Promise<Artifact> {
    const known = this.#artifacts.get(name) ?? this.#readArtifact(name);
    this.#artifacts.set(name, known);
    return known;
  }

  /** What does not hold, one sentence each. */
  get faults(): string[] {
    return this.assertions.filter(({ holds }) => !holds).map(sentenceOf);
  }

  same(
    what: string,
    actual: unknown,
    expected: unknown,
    { changeable = false }: AssertionOptions = {},
  ): void {
    const [is, wanted] = [String(actual), String(expected)];
    this.assertions.push({
      what,
      expected: wanted,
      actual: is,
      holds: is.toLowerCase() === wanted.toLowerCase(),
      changeable,
    });
  }

  /**
   * What a view of a contract returns; a text that no value equals where the address has no such view, so that a check
   * of the wrong chain names everything that is missing there.
   */
  async read(name: string, address: string, view: string, ...values: unknown[]): Promise<unknown> {
    // A portal's address is read from the Rollup, which may not be there.
    if (!isAddress(address)) return UNREADABLE;
    const contract = new Contract(address, await this.#interfaceOf(name), this.provider);
    try {
      return (await contract.getFunction(view)(...values)) as unknown;
    } catch (error) {
      if (isCallException(error) || isError(error, "BAD_DATA")) return UNREADABLE;
      throw error;
    }
  }

  async #interfaceOf(name: string): Promise<Interface> {
    const { abi } = await this.artifact(name);
    const known = this.#interfaces.get(name) ?? Interface.from(abi);
    this.#interfaces.set(name, known);
    return known;
  }

  /** The same for a view that returns a struct: its fields by name. */
  async readStruct(
    name: string,
    address: string,
    view: string,
    ...values: unknown[]
  ): Promise<Record<string, unknown>> {
    const value = await this.read(name, address, view, ...values);
    return typeof value === "object" ? (value as Record<string, unknown>) : {};
  }

  /** Asserts what views without parameters return; `changeable` names those that the owner may change. */
  async views(
    name: string,
    address: string,
    expected: Record<string, unknown>,
    changeable: readonly string[] = [],
  ): Promise<void> {
    const views = Object.keys(expected);
    const values = await Promise.all(views.map((view) => this.read(name, address, view)));
    for (const [i, view] of views.entries())
      this.same(`${name}.${view}`, values[i], expected[view], { changeable: changeable.includes(view) });
  }

  /** Asserts the fields of a struct; `changeable` names those that the owner may change. */
  fields(
    what: string,
    actual: Record<string, unknown>,
    expected: Record<string, unknown>,
    changeable: readonly string[] = [],
  ): void {
    for (const [field, value] of Object.entries(expected))
      this.same(`${what}.${field}`, fieldOf(actual, field), value, {
        changeable: changeable.includes(field),
      });
  }
}

/** ethers decodes a field when it is asked for, and another contract's answer may not be of its type. */
function fieldOf(struct: Record<string, unknown>, field: string): unknown {
  try {
    return struct[field];
  } catch {
    return UNREADABLE;
  }
}

/** An assertion that does not hold, as a sentence. */
export function sentenceOf({ what, actual, expected }: Assertion): string {
  return `${what} is ${actual}, not ${expected}`;
}

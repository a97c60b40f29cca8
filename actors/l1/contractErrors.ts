import { Interface } from "ethers";

/** A custom error of a contract, decoded. */
export interface ContractError {
  /** For example `Rollup__WrongSlot`. */
  name: string;
  args: Record<string, unknown>;
  /** Name and arguments in one line. */
  text: string;
}

const BUILT_IN = new Interface(["error Error(string reason)", "error Panic(uint256 code)"]);

/** Decodes revert data against the interfaces of the contracts that a call can reach. */
export class ContractErrorDecoder {
  readonly #interfaces: readonly Interface[];

  constructor(interfaces: readonly Interface[]) {
    this.#interfaces = [...interfaces, BUILT_IN];
  }

  /** The error in `data`; its selector alone when no interface knows it; undefined without data. */
  decode(data: string | undefined): ContractError | undefined {
    if (data === undefined || data.length < 10) return undefined;
    for (const abi of this.#interfaces) {
      const error = abi.parseError(data);
      if (!error) continue;
      const args = Object.fromEntries(
        error.fragment.inputs.map((input, i) => [input.name || String(i), error.args[i]]),
      );
      const list = Object.entries(args).map(([name, value]) => `${name}: ${String(value)}`);
      return { name: error.name, args, text: `${error.name}(${list.join(", ")})` };
    }
    return { name: data.slice(0, 10), args: {}, text: `unknown error ${data.slice(0, 10)}` };
  }

  /** The error inside whatever a provider threw. */
  decodeThrown(thrown: unknown): ContractError | undefined {
    return this.decode(revertData(thrown));
  }
}

/** Finds revert data in the errors of ethers and of raw JSON-RPC, wherever they nest it. */
function revertData(thrown: unknown, depth = 0): string | undefined {
  if (typeof thrown !== "object" || thrown === null || depth > 5) return undefined;
  const data = (thrown as { data?: unknown }).data;
  if (typeof data === "string" && /^0x[0-9a-f]*$/i.test(data)) return data;
  for (const key of ["data", "error", "info", "cause"] as const) {
    const found = revertData((thrown as Record<string, unknown>)[key], depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

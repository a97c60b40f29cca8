/** Noir to program JSON, through noir_wasm. */
import { createRequire } from "node:module";

/** What a compiled circuit is, as far as we look into it. */
export interface Program {
  readonly bytecode: string;
  readonly abi: { readonly parameters: readonly unknown[] };
}

interface Diagnostic {
  readonly message: string;
  readonly file?: string;
  readonly secondaries?: readonly { readonly line?: number }[];
}

interface NoirWasm {
  createFileManager(directory: string): unknown;
  compile_program(
    files: unknown,
    projectPath: string | undefined,
    log: (line: string) => void,
    debug: (line: string) => void,
  ): Promise<{ program: Program; warnings?: readonly Diagnostic[] }>;
}

export class CompileError extends Error {
  override readonly name = "CompileError";
}

/** Compiles the crate in `directory`. @throws {CompileError} with every diagnostic; warnings count as errors. */
export async function compileCircuit(directory: string): Promise<Program> {
  // The package's types name an entry point that its Node build does not have.
  const noir = createRequire(import.meta.url)("@noir-lang/noir_wasm") as NoirWasm;
  const { log } = console;
  // The compiler announces itself on the console, whatever log functions it is given.
  console.log = (...line: unknown[]) => {
    if (!/^(Compiling at|Adding source)/.test(String(line[0]))) log(...line);
  };
  try {
    const { program, warnings = [] } = await noir.compile_program(
      noir.createFileManager(directory),
      undefined,
      () => {},
      () => {},
    );
    if (warnings.length > 0) throw new CompileError(describe(directory, warnings));
    return program;
  } catch (error) {
    const { diagnostics } = error as { diagnostics?: readonly Diagnostic[] };
    throw diagnostics ? new CompileError(describe(directory, diagnostics)) : error;
  } finally {
    console.log = log;
  }
}

function describe(directory: string, diagnostics: readonly Diagnostic[]): string {
  const lines = diagnostics.map(
    ({ message, file, secondaries }) => `${file ?? "?"}:${secondaries?.[0]?.line ?? "?"}: ${message}`,
  );
  return [`${directory} does not compile`, ...lines].join("\n  ");
}

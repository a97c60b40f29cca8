/** Small circuits around single pieces of the library, for gate counts and for tests. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { compileCircuit, type Program } from "./compile.ts";

const root = resolve(fileURLToPath(import.meta.url), "../../..");
const directory = join(root, ".cache/probes");

/** Compiles a `main.nr` that uses the library crate. @throws {CompileError} */
export async function compileProbe(source: string): Promise<Program> {
  await mkdir(directory, { recursive: true });
  const crate = await mkdtemp(join(directory, "probe-"));
  try {
    const library = relative(crate, join(root, "circuits/calpulli"));
    const manifest = [
      "[package]",
      'name = "probe"',
      'type = "bin"',
      'authors = ["Calpulli contributors"]',
      "",
      "[dependencies]",
      `calpulli = { path = "${library}" }`,
    ];
    await mkdir(join(crate, "src"));
    await writeFile(join(crate, "Nargo.toml"), manifest.join("\n"));
    await writeFile(join(crate, "src/main.nr"), source);
    return await compileCircuit(crate);
  } finally {
    await rm(crate, { recursive: true, force: true });
  }
}

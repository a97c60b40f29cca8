/** Compiles what was submitted to an explorer, as the explorer would. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { Submission } from "./fakeExplorer.ts";

const solc = fileURLToPath(new URL("../../../scripts/solc.mjs", import.meta.url));

/** Init code of the submitted contract with its arguments, and what of its code the constructor leaves open. */
export async function compileSubmission({
  contract,
  input,
  constructorArguments,
}: Submission): Promise<{ creation: string }> {
  const outputSelection = { "*": { "*": ["evm.bytecode.object"] } };
  const settings = { ...input.settings, outputSelection };
  const output = JSON.parse(await run(JSON.stringify({ ...input, settings }))) as {
    contracts?: Record<string, Record<string, { evm: { bytecode: { object: string } } }>>;
    errors?: unknown;
  };
  const [source, name] = [contract.slice(0, contract.lastIndexOf(":")), contract.split(":").at(-1)!];
  const compiled = output.contracts?.[source]?.[name];
  if (!compiled) throw new Error(`${contract} does not compile: ${JSON.stringify(output.errors)}`);
  return { creation: `0x${compiled.evm.bytecode.object}${constructorArguments}` };
}

function run(input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [solc, "--standard-json"], { stdio: ["pipe", "pipe", "inherit"] });
    const parts: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => parts.push(part));
    child.on("error", reject);
    child.on("close", () => resolve(Buffer.concat(parts).toString()));
    child.stdin.end(input);
  });
}

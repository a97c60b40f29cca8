import { runBb, VERIFIER_TARGET } from "../../actors/prover/proving.ts";

/** Gates of a program. */
export async function countGates(programFile: string): Promise<number> {
  const report = await runBb(["gates", "-t", VERIFIER_TARGET, "-b", programFile]);
  const { functions } = JSON.parse(report) as { functions: readonly { circuit_size: number }[] };
  return functions[0]!.circuit_size;
}

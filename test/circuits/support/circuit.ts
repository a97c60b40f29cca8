/** The local circuit, built once a test run, and what a test asks of it. */
import { EpochProver, ProvingError } from "../../../actors/prover/proving.ts";
import { buildCircuit, type BuiltCircuit } from "../../../scripts/circuits/build.ts";
import type { EpochInputs } from "../../../protocol/epochInputs.ts";
import type { SizeName } from "../../../protocol/sizes.ts";

export interface Circuit {
  readonly built: BuiltCircuit;
  readonly prover: EpochProver;
}

const opened = new Map<SizeName, Promise<Circuit>>();

export function openCircuit(size: SizeName = "local"): Promise<Circuit> {
  const known = opened.get(size) ?? open(size);
  opened.set(size, known);
  return known;
}

async function open(size: SizeName): Promise<Circuit> {
  const built = await buildCircuit({ size });
  return { built, prover: await EpochProver.open(built) };
}

/** Undefined when the circuit takes the inputs, else why it does not. */
export async function refusal({ inputs }: Pick<EpochInputs, "inputs">): Promise<string | undefined> {
  const { prover } = await openCircuit();
  try {
    await prover.solve(inputs);
    return undefined;
  } catch (error) {
    if (error instanceof ProvingError && error.code === "unsatisfied") return error.message;
    throw error;
  }
}

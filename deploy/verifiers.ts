/** The generated verifier of each circuit size. */
import { readFileSync } from "node:fs";
import { z } from "zod";

import type { SizeName } from "../protocol/sizes.ts";
import { verifierContract } from "../scripts/circuits/verifierContract.ts";
import type { VerifierSource } from "./deploySuite.ts";
import { DeployError } from "./errors.ts";

const file = new URL("../contracts/verifier/generated/verifiers.json", import.meta.url);

const schema = z.record(z.string(), z.looseObject({ vkHash: z.string(), contract: z.string().optional() }));

/** @throws DeployError VERIFIER_MISSING for a size without a generated verifier */
export function verifierOf(size: SizeName): VerifierSource {
  const entry = schema.parse(JSON.parse(readFileSync(file, "utf8")))[size];
  if (!entry) {
    throw new DeployError(
      "VERIFIER_MISSING",
      `the circuit "${size}" has no verifier`,
      `make it: npm run circuits -- --size ${size}`,
    );
  }
  const name = verifierContract(size);
  return { contract: `contracts/verifier/generated/${name}.sol:${name}`, verificationKeyHash: entry.vkHash };
}

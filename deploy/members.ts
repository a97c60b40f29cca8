/** The list of members of a permissioned set, from its file. */
import { readFileSync } from "node:fs";
import { isAddress } from "ethers";
import { z } from "zod";

import { DeployError } from "./errors.ts";
import { localMembers } from "./localAccounts.ts";
import type { Preset } from "./presets.ts";
import type { Member } from "./validatorSet.ts";
import { LOCAL_CHAIN_IDS } from "./verifierGuard.ts";

const membersSchema = z
  .array(
    z.strictObject({
      proposer: z
        .string()
        .refine((text) => text.startsWith("0x") && isAddress(text), "no address, or a wrong checksum"),
      keyHash: z.string().regex(/^0x[0-9a-fA-F]{64}$/),
    }),
  )
  .nonempty();

/** Those of `file`; without one none for a staked set, and those of a local network. @throws DeployError MEMBERS_INVALID */
export function readMembers(file: string | undefined, { validators }: Preset, chainId: number): Member[] {
  if (file === undefined) {
    if (validators.kind === "staked") return [];
    if (LOCAL_CHAIN_IDS.includes(chainId)) return localMembers();
    throw new DeployError(
      "MEMBERS_INVALID",
      "no members of the validator set were named",
      "add --members FILE",
    );
  }
  try {
    return membersSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    const cause = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new DeployError(
      "MEMBERS_INVALID",
      `${file} is no list of members: ${cause}`,
      "see docs/deploy.md for the form",
    );
  }
}

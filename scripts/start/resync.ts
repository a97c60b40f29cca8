import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";

import { StartError } from "./startError.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const hardhat = "node_modules/hardhat/dist/src/cli.js";

const resultSchema = z.object({
  provenRoot: z.string(),
  proven: z.number(),
  pending: z.number(),
  invalidBlocks: z.number(),
  seconds: z.number(),
});

/** What the fresh process found. */
export type ResyncResult = z.infer<typeof resultSchema>;

/** Runs `node:sync` in a process of its own with an empty folder. @throws StartError when it does not end well */
export async function resync(parameters: {
  url: string;
  network: string;
  folder: string;
  signal: AbortSignal;
}): Promise<ResyncResult> {
  const { url, network, folder, signal } = parameters;
  const args = [hardhat, "node:sync", "--network", network, "--rpc", url, "--folder", folder, "--json"];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, signal });
    return resultSchema.parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
  } catch (error) {
    throw new StartError(
      `the fresh sync failed: ${(error as Error).message}`,
      "see the log under .data/local",
    );
  }
}

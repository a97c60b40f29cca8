import { execFileSync } from "node:child_process";

import { temporaryFolder } from "./temporaryFolder.ts";

/** A folder on a disk of its own of so many KiB; undefined where this process may not mount one. */
export function smallDisk(size: number): { path: string; remove: () => void } | undefined {
  if (process.platform !== "linux") return undefined;
  const folder = temporaryFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}k`, "tmpfs", folder.path], { stdio: "ignore" });
  } catch {
    folder.remove();
    return undefined;
  }
  return {
    path: folder.path,
    remove: () => {
      execFileSync("umount", ["-l", folder.path], { stdio: "ignore" });
      folder.remove();
    },
  };
}

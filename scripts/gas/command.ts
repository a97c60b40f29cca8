import { readFile, writeFile } from "node:fs/promises";

import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { measureGas } from "./measure.ts";
import { formatReport, type GasReport, regressions, TARGETS } from "./operations.ts";

export const BASELINE = new URL("../../baselines/gas.json", import.meta.url);

export interface GasOptions {
  json: string | undefined;
  update: boolean;
}

/** Builds, measures, prints; returns false when a figure is over its target or worse than its baseline. */
export async function gasCommand(options: GasOptions, hre: HardhatRuntimeEnvironment): Promise<boolean> {
  await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
  const report = await measureGas(await hre.network.create(), (name) => hre.artifacts.readArtifact(name));
  const baseline = await readBaseline();
  console.log(formatReport(report, baseline));

  if (options.json !== undefined) await writeReport(options.json, report);
  if (options.update) {
    await writeReport(BASELINE, report);
    console.log("\nbaseline rewritten");
    return true;
  }

  const worse = baseline === undefined ? [] : regressions(baseline, report);
  for (const { operation, measure, before, after } of worse) {
    console.error(`regression: ${operation} ${measure} was ${before}, is ${after}`);
  }
  const missed = Object.entries(TARGETS).filter(
    ([name, target]) => (report.operations[name]?.avg ?? 0) > target,
  );
  for (const [name, target] of missed) {
    console.error(`target missed: ${name} is ${report.operations[name]!.avg}, should be at most ${target}`);
  }
  return worse.length === 0 && missed.length === 0;
}

async function readBaseline(): Promise<GasReport | undefined> {
  try {
    return JSON.parse(await readFile(BASELINE, "utf8")) as GasReport;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function writeReport(file: string | URL, report: GasReport): Promise<void> {
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

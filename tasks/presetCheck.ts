import { task } from "hardhat/config";

import { showKnownErrors } from "./known.ts";
import { JSON_FLAG, required, show, text } from "./ledgerOptions.ts";

export const presetCheckTask = task(
  "preset:check",
  "Says whether a preset can work, with every fault and its path; exit code 1 when it cannot",
)
  .addOption(text("preset", "Parameters of a network: a file in deploy/presets"))
  .addFlag(JSON_FLAG)
  .setInlineAction(({ preset: name, json }) =>
    showKnownErrors(async () => {
      const { loadPreset } = await import("../deploy/presets.ts");
      const { description, chainIds, circuit, validators } = loadPreset(required("preset", name));
      show(json, { preset: name, valid: true, description, chainIds, circuit, validators });
    }),
  )
  .build();

import { existsSync, readFileSync } from "node:fs";
import { task } from "hardhat/config";

import { showKnownErrors } from "./known.ts";
import { JSON_FLAG, OptionError, required, show, text } from "./ledgerOptions.ts";

export const stakeProtectionTask = task(
  "stake:protection",
  "Moves a validator's slashing protection between machines: what its committee keys have signed",
)
  .addOption(text("journal", "The validator's journal, such as .data/NAME/validator-0.journal"))
  .addOption(text("export", "File to write; one that exists is never overwritten"))
  .addOption(text("import", "File to add to the journal; only what forbids more is taken"))
  .addFlag(JSON_FLAG)
  .setInlineAction((options) => showKnownErrors(() => stakeProtection(options)))
  .build();

interface StakeProtectionOptions {
  journal: string | undefined;
  export: string | undefined;
  import: string | undefined;
  json: boolean;
}

async function stakeProtection(options: StakeProtectionOptions): Promise<void> {
  const { openActorJournal } = await import("../actors/journal/actorJournal.ts");
  const { exportProtection, importProtection } = await import("../actors/journal/interchange.ts");
  const { writeNewFile } = await import("../actors/support/newFile.ts");
  const { logger } = await import("./ledgerContext.ts");
  const path = required("journal", options.journal);
  if ((options.export === undefined) === (options.import === undefined)) {
    throw new OptionError("it is not said what to do", "give one of --export and --import");
  }
  const content = options.import === undefined ? undefined : contentOf(options.import);
  if (content === undefined && !existsSync(path)) {
    throw new OptionError(`there is no journal ${path}`, "check the name");
  }
  const journal = openActorJournal({ path, logger });
  try {
    if (content === undefined) {
      if (!writeNewFile(options.export!, exportProtection(journal))) {
        throw new OptionError(`${options.export} exists`, "name a new file");
      }
      const lines = journal.entries.filter(({ type }) => type === "signed").length;
      show(options.json, { file: options.export, exported: lines });
    } else {
      show(options.json, { journal: path, imported: importProtection(journal, content) });
    }
  } finally {
    journal.close();
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new OptionError(`--import ${file} cannot be read`, "check the name");
  }
}

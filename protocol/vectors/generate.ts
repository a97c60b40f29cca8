/** Writes the vectors beside this file: `node_modules/.bin/node protocol/vectors/generate.ts`. */
import { writeFileSync } from "node:fs";

import { allVectors } from "./vectors.ts";

for (const [name, content] of Object.entries(allVectors())) {
  writeFileSync(new URL(`${name}.json`, import.meta.url), `${JSON.stringify(content, null, 2)}\n`);
}

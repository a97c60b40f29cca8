/**
 * The project's configuration for `npm run coverage`. Instrumented contracts are twice as large and dearer, so they
 * get folders of their own: nothing else may ever load them.
 */
import { defineConfig } from "hardhat/config";

import config from "../hardhat.config.ts";

export default defineConfig({
  ...config,
  paths: { artifacts: "cache/coverage/artifacts", cache: "cache/coverage/cache" },
  coverage: { skipFiles: ["contracts/verifier/generated/**", "contracts/test/**"] },
});

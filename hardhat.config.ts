import { globSync } from "node:fs";
import { createRequire } from "node:module";

import hardhatToolboxMochaEthers from "@nomicfoundation/hardhat-toolbox-mocha-ethers";
import { configVariable, defineConfig } from "hardhat/config";

import solcRules from "./scripts/solc.json" with { type: "json" };
import { bridgeDepositTask } from "./tasks/bridgeDeposit.ts";
import { bridgeForceTask } from "./tasks/bridgeForce.ts";
import { bridgeWithdrawTask } from "./tasks/bridgeWithdraw.ts";
import { deployTask } from "./tasks/deploy.ts";
import { deployCheckTask } from "./tasks/deployCheck.ts";
import { deployVerifyTask } from "./tasks/deployVerify.ts";
import { feesEstimateTask } from "./tasks/feesEstimate.ts";
import { feesStatusTask } from "./tasks/feesStatus.ts";
import { ledgerAccountTask } from "./tasks/ledgerAccount.ts";
import { ledgerKeyTask } from "./tasks/ledgerKey.ts";
import { ledgerStatusTask } from "./tasks/ledgerStatus.ts";
import { ledgerTransferTask } from "./tasks/ledgerTransfer.ts";
import { ledgerWithdrawTask } from "./tasks/ledgerWithdraw.ts";
import { marketBondTask } from "./tasks/marketBond.ts";
import { marketClaimTask } from "./tasks/marketClaim.ts";
import { marketQuoteTask } from "./tasks/marketQuote.ts";
import { marketSlashTask } from "./tasks/marketSlash.ts";
import { marketStatusTask } from "./tasks/marketStatus.ts";
import { nodeRunTask } from "./tasks/nodeRun.ts";
import { nodeSyncTask } from "./tasks/nodeSync.ts";
import { presetCheckTask } from "./tasks/presetCheck.ts";
import { rewardsClaimTask } from "./tasks/rewardsClaim.ts";
import { rewardsStatusTask } from "./tasks/rewardsStatus.ts";
import { proverTask } from "./tasks/prover.ts";
import { sequencerTask } from "./tasks/sequencer.ts";
import { stakeDepositTask } from "./tasks/stakeDeposit.ts";
import { stakeExitTask } from "./tasks/stakeExit.ts";
import { stakeKeysTask } from "./tasks/stakeKeys.ts";
import { stakePinTask } from "./tasks/stakePin.ts";
import { stakeProtectionTask } from "./tasks/stakeProtection.ts";
import { stakeStatusTask } from "./tasks/stakeStatus.ts";
import { stakeWithdrawTask } from "./tasks/stakeWithdraw.ts";
import { startTask } from "./tasks/start.ts";
import { validatorTask } from "./tasks/validator.ts";
import { watcherTask } from "./tasks/watcher.ts";
import { gasTask } from "./tasks/gas.ts";

const soljson = createRequire(import.meta.url).resolve("solc/soljson.js");

/** solc from npm; its version must equal the pinned `solc` of package.json, which Hardhat does not compare. */
const SOLC = "0.8.37";

const viaIr = {
  evmVersion: "prague",
  viaIR: true,
  optimizer: { enabled: true, runs: 1_000_000 },
} as const;

/** solc crashes on the generated verifiers with viaIR, and the rollup needs viaIR: they are compiled apart. */
const GENERATED_VERIFIERS = globSync("contracts/verifier/generated/*.sol", { cwd: import.meta.dirname });

/**
 * How often a contract's code is taken to run, where it is not as often as can be: Rollup and ValidatorRegistry would
 * outgrow the limit of 24,576 bytes, the others run too seldom to be worth the gas of deploying them at full length. The
 * Rollup creates its portals, so their code is what its own settings make of them: an explorer is told the same.
 */
const RUNS: Readonly<Record<string, number>> = solcRules.runs;

const compilation = {
  compilers: [{ version: SOLC, path: soljson, settings: viaIr }],
  overrides: {
    ...Object.fromEntries(
      GENERATED_VERIFIERS.map((file) => [
        file,
        { version: SOLC, path: soljson, settings: { ...viaIr, viaIR: false } },
      ]),
    ),
    ...Object.fromEntries(
      Object.entries(RUNS).map(([file, runs]) => [
        file,
        { version: SOLC, path: soljson, settings: { ...viaIr, optimizer: { enabled: true, runs } } },
      ]),
    ),
  },
};

export default defineConfig({
  plugins: [hardhatToolboxMochaEthers],
  tasks: [
    deployTask,
    deployCheckTask,
    deployVerifyTask,
    presetCheckTask,
    gasTask,
    nodeSyncTask,
    nodeRunTask,
    sequencerTask,
    validatorTask,
    watcherTask,
    proverTask,
    startTask,
    feesStatusTask,
    feesEstimateTask,
    ledgerKeyTask,
    ledgerStatusTask,
    ledgerAccountTask,
    ledgerTransferTask,
    ledgerWithdrawTask,
    rewardsClaimTask,
    rewardsStatusTask,
    bridgeDepositTask,
    bridgeWithdrawTask,
    bridgeForceTask,
    marketBondTask,
    marketStatusTask,
    marketQuoteTask,
    marketClaimTask,
    marketSlashTask,
    stakeKeysTask,
    stakeDepositTask,
    stakeStatusTask,
    stakeExitTask,
    stakePinTask,
    stakeProtectionTask,
    stakeWithdrawTask,
  ],
  // hardhat-verify tells explorers the production profile, which is otherwise one of Hardhat's own.
  solidity: { profiles: { default: compilation, production: compilation } },
  verify: { etherscan: { apiKey: configVariable("ETHERSCAN_API_KEY") } },
  networks: {
    default: { type: "edr-simulated", chainType: "l1", hardfork: "osaka", chainId: 31337 },
    /** An L1 on this machine, such as the one `npm start` runs. */
    local: { type: "http", chainType: "l1", url: "http://127.0.0.1:8545" },
    sepolia: {
      type: "http",
      chainType: "l1",
      url: configVariable("SEPOLIA_RPC_URL"),
      accounts: [configVariable("SEPOLIA_PRIVATE_KEY")],
    },
  },
});

import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { OptionError, RECORD, RPC } from "./ledgerOptions.ts";
import {
  ACCOUNT_INDEX,
  ARCHIVE,
  BEACON,
  DATA,
  JSON_LOGS,
  KEY_FILE,
  L1_BLOCK_TIME,
  PASSPHRASE_FILE,
  REORG_DEPTH,
  l1BlockTimeOf,
  l1KeyOf,
  runProcess,
  type KeyOptions,
  type ProcessOptions,
} from "./processOptions.ts";

export const proverTask = task("prover", "Proves every complete epoch and submits it, until it is stopped")
  .addOption(DATA)
  .addOption(RPC)
  .addOption(BEACON)
  .addOption(ARCHIVE)
  .addOption(RECORD)
  .addOption(KEY_FILE)
  .addOption(ACCOUNT_INDEX)
  .addOption(PASSPHRASE_FILE)
  .addOption(L1_BLOCK_TIME)
  .addOption(REORG_DEPTH)
  .addFlag(JSON_LOGS)
  .setInlineAction((options, hre) => showKnownErrors(() => prover(options, hre)))
  .build();

interface ProverOptions extends ProcessOptions, KeyOptions {
  blockTime: number;
}

async function prover(options: ProverOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openProverProcess } = await import("../actors/process/proverProcess.ts");
  const { openLocalProofMaker } = await import("../actors/prover/localProofMaker.ts");
  const { LOCAL_ACCOUNTS } = await import("../deploy/localAccounts.ts");
  const { buildCircuit } = await import("../scripts/circuits/build.ts");
  await runProcess("prover", options, hre, async (follow, deployment) => {
    const circuit = await buildCircuit({ size: deployment.circuit });
    if (circuit.entry.vkHash !== deployment.verificationKeyHash) {
      throw new OptionError(
        `the deployment has the verification key ${deployment.verificationKeyHash}, this code makes proofs for ${circuit.entry.vkHash}`,
        "use the code of its release",
      );
    }
    return openProverProcess({
      ...follow,
      privateKey: await l1KeyOf(options, deployment, hre, LOCAL_ACCOUNTS.prover),
      maker: await openLocalProofMaker(circuit),
      l1BlockTime: await l1BlockTimeOf(options.blockTime, deployment),
    });
  });
}

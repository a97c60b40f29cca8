import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import {
  ACCOUNT,
  AMOUNT,
  amountOption,
  BEACON,
  FROM_L1,
  JSON_FLAG,
  KEY,
  NODE,
  OptionError,
  RECORD,
  required,
  RPC,
  show,
  WAIT,
} from "./ledgerOptions.ts";

export const bridgeDepositTask = task(
  "bridge:deposit",
  "Moves tokens from L1 to the key's account, and opens the account when there is none",
)
  .addOption({ ...KEY, description: "Key file of the account; no passphrase is needed" })
  .addOption({
    name: "token",
    description: "asset: what the ledger moves; fee: what pays for its gas",
    type: ArgumentType.STRING,
    defaultValue: "asset",
  })
  .addOption(AMOUNT)
  .addOption(ACCOUNT)
  .addOption(RPC)
  .addOption(RECORD)
  .addOption(NODE)
  .addFlag(FROM_L1)
  .addOption(BEACON)
  .addFlag(WAIT)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => bridgeDeposit(options, hre)))
  .build();

interface BridgeDepositOptions {
  key: string | undefined;
  token: string;
  amount: string | undefined;
  account: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  node: string;
  fromL1: boolean;
  beacon: string | undefined;
  wait: boolean;
  json: boolean;
}

async function bridgeDeposit(options: BridgeDepositOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { logger, openDeployment, openLedger, withL1 } = await import("./ledgerContext.ts");
  const { Bridge } = await import("../actors/wallet/bridge.ts");
  const { inspectKeyFile } = await import("../actors/wallet/keyFile.ts");
  const { waitForMessage } = await import("../actors/wallet/ledgerWallet.ts");
  const { openWalletJournals } = await import("../actors/wallet/walletJournal.ts");

  const { token, json } = options;
  if (token !== "asset" && token !== "fee")
    throw new OptionError(`--token ${token} is none`, "give asset or fee");
  const keyFile = required("key", options.key);
  const amount = amountOption(required("amount", options.amount));
  if (options.wait && options.fromL1) throw new OptionError("--wait needs a node", "leave out --from-l1");
  const { publicKey: key } = inspectKeyFile(keyFile);
  const deployment = openDeployment(options, hre);
  const ledger = await openLedger(options, deployment, hre);
  const journals = openWalletJournals({ keyFile, rollup: deployment, logger });
  try {
    await withL1(options, deployment, hre, async ({ provider, rollup, account }) => {
      const bridge = new Bridge({
        provider,
        rollup,
        account: await account(journals.l1),
        journal: journals.l1,
      });
      const sent = await bridge.deposit({ token, key, ledger, amount });
      const status = options.wait ? await waitForMessage(sent.message, { ledger }) : undefined;
      show(json, { ...sent, ...status });
    });
  } finally {
    journals.close();
  }
}

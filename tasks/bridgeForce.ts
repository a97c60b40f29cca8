import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { Payment } from "../actors/wallet/ledgerWallet.ts";
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
  PASSPHRASE_FILE,
  RECORD,
  required,
  RPC,
  show,
  WAIT,
  wholeOption,
} from "./ledgerOptions.ts";

export const bridgeForceTask = task(
  "bridge:force",
  "Posts a transfer or withdrawal on L1, against its fee: no sequencer can leave it out",
)
  .addOption(KEY)
  .addOption({
    name: "to",
    description: "Index of the receiver's account (a transfer), or an address on L1 (a withdrawal)",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption(AMOUNT)
  .addOption(PASSPHRASE_FILE)
  .addOption(ACCOUNT)
  .addOption(RPC)
  .addOption(RECORD)
  .addOption(NODE)
  .addFlag(FROM_L1)
  .addOption(BEACON)
  .addFlag(WAIT)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => bridgeForce(options, hre)))
  .build();

interface BridgeForceOptions {
  key: string | undefined;
  to: string | undefined;
  amount: string | undefined;
  passphraseFile: string | undefined;
  account: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  node: string;
  fromL1: boolean;
  beacon: string | undefined;
  wait: boolean;
  json: boolean;
}

async function bridgeForce(options: BridgeForceOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { logger, openDeployment, openKey, openLedger, withL1 } = await import("./ledgerContext.ts");
  const { Bridge } = await import("../actors/wallet/bridge.ts");
  const { LedgerWallet, waitForMessage } = await import("../actors/wallet/ledgerWallet.ts");
  const { openWalletJournals } = await import("../actors/wallet/walletJournal.ts");
  const { truncatedToField } = await import("../protocol/hash.ts");

  const payment = await paymentOf(options);
  if (options.wait && options.fromL1) throw new OptionError("--wait needs a node", "leave out --from-l1");
  const deployment = openDeployment(options, hre);
  const ledger = await openLedger(options, deployment, hre);
  const keyPair = await openKey(options, deployment, hre);
  const journals = openWalletJournals({ keyFile: required("key", options.key), rollup: deployment, logger });
  try {
    await withL1(options, deployment, hre, async ({ provider, rollup, account }) => {
      const domain = truncatedToField(rollup.parameters.genesisHash);
      const wallet = new LedgerWallet({ ledger, keyPair, domain, journal: journals.ledger });
      const { leaf: from, nextForcedNonce: nonce } = await wallet.account();
      const bridge = new Bridge({
        provider,
        rollup,
        account: await account(journals.l1),
        journal: journals.l1,
      });
      const sent = await bridge.force({ keyPair, from, nonce, payment });
      const status = options.wait ? await waitForMessage(sent.message, { ledger }) : undefined;
      show(options.json, { ...sent, from, ...status });
      if (status?.state === "skipped") process.exitCode = 1;
    });
  } finally {
    journals.close();
  }
}

/** An address on L1 receives a withdrawal, an index a transfer. */
async function paymentOf({ to, amount }: BridgeForceOptions): Promise<Payment> {
  const { toAddress } = await import("../protocol/address.ts");
  const { KIND_TRANSFER, KIND_WITHDRAW } = await import("../protocol/transaction.ts");
  const receiver = required("to", to);
  const units = amountOption(required("amount", amount));
  return receiver.startsWith("0x")
    ? { kind: KIND_WITHDRAW, to: toAddress(receiver), amount: units }
    : { kind: KIND_TRANSFER, to: BigInt(wholeOption("to", receiver)), amount: units };
}

/** What `ledger:transfer` and `ledger:withdraw` share: sign, submit, wait. */
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { openWalletJournals } from "../actors/wallet/walletJournal.ts";
import {
  LedgerWallet,
  type PayRules,
  waitForTransaction,
  type Payment,
} from "../actors/wallet/ledgerWallet.ts";
import type { TransactionStatus } from "../actors/rpc/ledgerApi.ts";
import { truncatedToField, type TruncatedHash } from "../protocol/hash.ts";
import { logger, openDeployment, openKey, openLedger } from "./ledgerContext.ts";
import { maxFeeOption, required, show, withinOption } from "./ledgerOptions.ts";

export interface PayOptions {
  key: string | undefined;
  passphraseFile: string | undefined;
  node: string;
  record: string | undefined;
  within: string;
  maxFeePerL2Gas: string | undefined;
  maxFeePerDaGas: string | undefined;
  again: boolean;
  wait: boolean;
  json: boolean;
}

/** Pays, prints what became of it, and sets the exit code when a block skipped it. */
export async function pay(
  payment: Payment,
  options: PayOptions,
  hre: HardhatRuntimeEnvironment,
): Promise<void> {
  const rules = rulesOf(options);
  const deployment = openDeployment(options, hre);
  const ledger = await openLedger(options, deployment, hre);
  const keyPair = await openKey(options, deployment, hre);
  const journals = openWalletJournals({ keyFile: required("key", options.key), rollup: deployment, logger });
  try {
    // Bound to the rollup of the record, whatever the node says.
    const domain = truncatedToField(BigInt(deployment.genesisHash) as TruncatedHash);
    const wallet = new LedgerWallet({ ledger, keyPair, domain, journal: journals.ledger });
    const sent = await wallet.pay(payment, rules);
    const status: TransactionStatus = options.wait
      ? await waitForTransaction(sent.id, { ledger })
      : await ledger.transaction(sent.id);
    show(options.json, { ...sent, ...status });
    if (status.state === "skipped") process.exitCode = 1;
  } finally {
    journals.close();
  }
}

function rulesOf({ again, within, maxFeePerL2Gas, maxFeePerDaGas }: PayOptions): PayRules {
  const l2 = maxFeeOption("max-fee-per-l2-gas", maxFeePerL2Gas);
  const da = maxFeeOption("max-fee-per-da-gas", maxFeePerDaGas);
  return {
    again,
    within: withinOption("within", within),
    maxFees: {
      ...(l2 === undefined ? {} : { maxFeePerL2Gas: l2 }),
      ...(da === undefined ? {} : { maxFeePerDaGas: da }),
    },
  };
}

import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import { ArgumentType } from "hardhat/types/arguments";

import { showKnownErrors } from "./known.ts";
import {
  BEACON,
  FROM_L1,
  JSON_FLAG,
  NODE,
  OptionError,
  RECORD,
  RPC,
  show,
  wholeOption,
} from "./ledgerOptions.ts";

export const ledgerStatusTask = task(
  "ledger:status",
  "Shows the ledger's tips and prices, or what became of a transaction",
)
  .addOption({
    name: "transaction",
    description: "Id of a transaction to show instead",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption({
    name: "message",
    description: "Number of a message from L1 to show instead",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption(NODE)
  .addFlag(FROM_L1)
  .addOption(RPC)
  .addOption(BEACON)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => ledgerStatus(options, hre)))
  .build();

interface LedgerStatusOptions {
  transaction: string | undefined;
  message: string | undefined;
  node: string;
  fromL1: boolean;
  rpc: string | undefined;
  beacon: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function ledgerStatus(options: LedgerStatusOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { transaction, message, json } = options;
  const { openDeployment, openLedger } = await import("./ledgerContext.ts");
  const { toHex } = await import("../protocol/bytes.ts");

  if (transaction !== undefined && !/^0x[0-9a-fA-F]{64}$/.test(transaction)) {
    throw new OptionError(`--transaction ${transaction} is no id`, "give 0x and 64 hexadecimal digits");
  }
  const ledger = await openLedger(options, openDeployment(options, hre), hre);
  if (transaction !== undefined) return show(json, await ledger.transaction(transaction.toLowerCase()));
  if (message !== undefined) return show(json, await ledger.message(wholeOption("message", message)));

  const { genesisHash, pending, proven, ...rest } = await ledger.status();
  const readable = ({ stateRoot, ...tip }: typeof pending): object => ({
    ...tip,
    stateRoot: toHex(stateRoot),
  });
  show(json, {
    genesisHash: toHex(genesisHash),
    pending: readable(pending),
    proven: readable(proven),
    ...rest,
  });
}

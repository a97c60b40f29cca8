import { task } from "hardhat/config";
import { ArgumentType } from "hardhat/types/arguments";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { ProvenWithdrawal } from "../actors/wallet/withdrawals.ts";
import { showKnownErrors } from "./known.ts";
import {
  ACCOUNT,
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

export const bridgeWithdrawTask = task(
  "bridge:withdraw",
  "Pays withdrawals of proven epochs on L1; without --epoch or --all it lists the open ones",
)
  .addOption({
    name: "epoch",
    description: "Epoch of the withdrawal to pay",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addOption({
    name: "index",
    description: "Its place in the epoch's list; default: all of the epoch",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addFlag({ name: "all", description: "Pay all open ones to --recipient" })
  .addOption({
    name: "recipient",
    description: "List or pay only those to this address on L1; default: everybody's",
    type: ArgumentType.STRING_WITHOUT_DEFAULT,
    defaultValue: undefined,
  })
  .addFlag({ name: "wait", description: "Wait for the end of the delay" })
  .addOption(ACCOUNT)
  .addOption(RPC)
  .addOption(RECORD)
  .addOption({ ...NODE, description: "Node to ask for what L1 does not tell directly" })
  .addFlag({ ...FROM_L1, description: "Ask no node for that: rebuild the ledger from L1 events and blobs" })
  .addOption(BEACON)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => bridgeWithdraw(options, hre)))
  .build();

interface BridgeWithdrawOptions {
  epoch: string | undefined;
  index: string | undefined;
  all: boolean;
  recipient: string | undefined;
  wait: boolean;
  account: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  node: string;
  fromL1: boolean;
  beacon: string | undefined;
  json: boolean;
}

async function bridgeWithdraw(options: BridgeWithdrawOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, openLedger, withL1 } = await import("./ledgerContext.ts");
  const { RpcClient } = await import("../actors/rpc/rpcClient.ts");
  const { OutboxCache } = await import("../actors/wallet/outboxCache.ts");
  const { Withdrawals } = await import("../actors/wallet/withdrawals.ts");
  const { toAddress } = await import("../protocol/address.ts");

  const { all, recipient, wait, json } = options;
  const epoch = options.epoch === undefined ? undefined : wholeOption("epoch", options.epoch);
  const index = options.index === undefined ? undefined : wholeOption("index", options.index);
  if (index !== undefined && epoch === undefined)
    throw new OptionError("--index without --epoch", "add --epoch");
  if (recipient !== undefined) toAddress(recipient);
  const deployment = openDeployment(options, hre);

  await withL1(options, deployment, hre, async ({ provider, rollup, account }) => {
    // Found once, looked up afterwards: an old network has many epochs.
    const cache = new OutboxCache({
      path: `.data/${deployment.network}-withdrawals.json`,
      identity: deployment.genesisHash,
    });
    const ledger = options.fromL1
      ? await openLedger(options, deployment, hre)
      : new RpcClient({ url: options.node });
    const withdrawals = new Withdrawals({ provider, rollup, ledger, cache });
    const found = await withdrawals.list({
      ...(epoch === undefined ? {} : { epoch }),
      ...(recipient === undefined ? {} : { recipient }),
    });
    if (!all && epoch === undefined)
      return list(
        json,
        found.filter(({ paid }) => !paid),
      );

    // One that is paid is named when it was asked for, and passed over otherwise.
    const wanted = found.filter((one) => (index === undefined ? !one.paid : one.index === index));
    const places = index === undefined ? wanted.map((one) => one.index) : [index];
    const payer = await account();
    const finished = [];
    for (const [i, place] of places.entries()) {
      finished.push(
        await withdrawals.finish({ epoch: wanted[i]?.epoch ?? epoch!, index: place, account: payer, wait }),
      );
    }
    if (json) show(json, finished);
    else if (finished.length === 0) console.log("There is nothing to pay.");
    else for (const one of finished) console.log(`${line(one)}  ${one.hash ?? "was paid before"}`);
  });
}

function list(json: boolean, open: readonly ProvenWithdrawal[]): void {
  if (json) show(json, open);
  else if (open.length === 0) console.log("There are no open withdrawals in proven epochs.");
  else
    for (const one of open)
      console.log(`${line(one)}  payable ${new Date(one.payableAt * 1000).toISOString()}`);
}

function line({ epoch, index, amount, token, recipient }: ProvenWithdrawal): string {
  return `epoch ${epoch}, ${index}: ${amount} of the ${token} token to ${recipient}`;
}

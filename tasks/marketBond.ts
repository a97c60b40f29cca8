import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import {
  ACCOUNT,
  AMOUNT,
  amountOption,
  JSON_FLAG,
  OptionError,
  RECORD,
  RPC,
  show,
  text,
} from "./ledgerOptions.ts";
import { dated } from "./stakeOptions.ts";

export const marketBondTask = task(
  "market:bond",
  "Adds to a prover's bond, or takes free bond out in two steps: --withdraw, and after the delay --finalise",
)
  .addOption(AMOUNT)
  .addOption(text("prover", "Prover that the bond is for; default: the account that pays"))
  .addFlag({ name: "withdraw", description: "Put --amount of free bond on its way out; starts the delay" })
  .addFlag({ name: "finalise", description: "Pay what is on its way out, after the delay" })
  .addOption(text("to", "Address that --finalise pays; default: the account"))
  .addOption(ACCOUNT)
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => marketBond(options, hre)))
  .build();

interface MarketBondOptions {
  amount: string | undefined;
  prover: string | undefined;
  withdraw: boolean;
  finalise: boolean;
  to: string | undefined;
  account: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function marketBond(options: MarketBondOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, withL1 } = await import("./ledgerContext.ts");
  const { Bonding } = await import("../actors/market/bonding.ts");
  const { toAddress } = await import("../protocol/address.ts");

  const { json, withdraw, finalise } = options;
  if (withdraw && finalise) throw new OptionError("--withdraw and --finalise are two steps", "give one");
  if (!finalise && options.amount === undefined) throw new OptionError("--amount is missing", "add it");
  const amount = finalise ? 0n : amountOption(options.amount!);
  const address = (given: string | undefined) => (given === undefined ? undefined : toAddress(given));
  const [prover, to] = [address(options.prover), address(options.to)];
  const deployment = openDeployment(options, hre);

  await withL1(options, deployment, hre, async ({ provider, account }) => {
    const bonding = new Bonding({ provider, deployment, account: await account() });
    const sent = withdraw
      ? await bonding.initiate(amount)
      : finalise
        ? await bonding.finalise(to)
        : await bonding.deposit(amount, prover);
    const { withdrawableAt, ...bond } = sent.bond;
    show(json, {
      ...bond,
      withdrawableAt: dated(json, withdrawableAt),
      hash: sent.hash,
      gasUsed: sent.gasUsed,
    });
  });
}

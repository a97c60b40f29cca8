import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import {
  ACCOUNT,
  AMOUNT,
  amountOption,
  JSON_FLAG,
  RECORD,
  required,
  RPC,
  show,
  text,
  wholeOption,
} from "./ledgerOptions.ts";

export const marketQuoteTask = task(
  "market:quote",
  "Signs a quote of a prover; sends it to a node with --node, otherwise prints it",
)
  .addOption(text("epoch", "Epoch to be proven"))
  .addOption(text("fee", "Basis points of the epoch's pot"))
  .addOption({
    ...AMOUNT,
    description: "Most bond that a claim may reserve, in base units; default: all that is free",
  })
  .addOption(text("seconds", "Seconds for which the quote is valid; default 600"))
  .addOption(text("node", "Address of a node's JSON API that takes quotes"))
  .addOption({ ...ACCOUNT, description: "Which L1 account of the network is the prover" })
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => marketQuote(options, hre)))
  .build();

interface MarketQuoteOptions {
  epoch: string | undefined;
  fee: string | undefined;
  amount: string | undefined;
  seconds: string | undefined;
  node: string | undefined;
  account: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function marketQuote(options: MarketQuoteOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openDeployment, privateKeyOf, withL1 } = await import("./ledgerContext.ts");
  const { MarketContract } = await import("../actors/market/marketContract.ts");
  const { quoteToJson } = await import("../actors/market/quoteApi.ts");
  const { postQuote } = await import("../actors/market/quoteClient.ts");
  const { hexToBytes } = await import("../protocol/bytes.ts");
  const { addressOfKey, signQuote } = await import("../protocol/quote.ts");
  const { toEpoch } = await import("../protocol/time.ts");

  const epoch = toEpoch(wholeOption("epoch", required("epoch", options.epoch)));
  const fee = wholeOption("fee", required("fee", options.fee));
  const seconds = wholeOption("seconds", options.seconds ?? "600");
  const deployment = openDeployment(options, hre);
  await withL1(options, deployment, hre, async ({ provider }) => {
    const market = new MarketContract({ provider, deployment });
    const key = hexToBytes(await privateKeyOf(options.account, deployment.chainId, hre));
    const prover = addressOfKey(key);
    const { free, withdrawing, nonce } = await market.bond(prover);
    const bond = options.amount === undefined ? free + withdrawing : amountOption(options.amount);
    const { timestamp } = (await provider.getBlock("latest"))!;
    const quote = { prover, epoch, fee, bond, validUntil: timestamp + seconds, nonce };
    const signed = signQuote({ domain: market.domain, quote, key });
    if (options.node !== undefined) await postQuote(options.node, signed);
    show(options.json, { ...quoteToJson(signed), sentTo: options.node ?? null });
  });
}

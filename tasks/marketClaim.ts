import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { showKnownErrors } from "./known.ts";
import { ACCOUNT, JSON_FLAG, NODE, OptionError, RECORD, RPC, show, text } from "./ledgerOptions.ts";

export const marketClaimTask = task(
  "market:claim",
  "Brings the best quote that a node knows for the oldest unproven epoch to L1, or the one in --quote",
)
  .addOption(text("quote", "File with a signed quote, as market:quote --json prints it"))
  .addOption(NODE)
  .addOption(ACCOUNT)
  .addOption(RPC)
  .addOption(RECORD)
  .addFlag(JSON_FLAG)
  .setInlineAction((options, hre) => showKnownErrors(() => marketClaim(options, hre)))
  .build();

interface MarketClaimOptions {
  quote: string | undefined;
  node: string;
  account: string | undefined;
  rpc: string | undefined;
  record: string | undefined;
  json: boolean;
}

async function marketClaim(options: MarketClaimOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { readFileSync } = await import("node:fs");
  const { openDeployment, withL1 } = await import("./ledgerContext.ts");
  const { ClaimBringer } = await import("../actors/market/claimBringer.ts");
  const { quoteFromJson, quoteSchema } = await import("../actors/market/quoteApi.ts");
  const { fetchQuotes } = await import("../actors/market/quoteClient.ts");

  const fromFile = (file: string) => {
    try {
      const { sentTo: _, ...json } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
      return quoteFromJson(quoteSchema.parse(json));
    } catch {
      throw new OptionError(`--quote ${file} holds no quote`, "make one with market:quote --json");
    }
  };
  const given = options.quote === undefined ? undefined : fromFile(options.quote);
  const deployment = openDeployment(options, hre);
  await withL1(options, deployment, hre, async ({ provider, account }) => {
    const bringer = new ClaimBringer({ provider, deployment, account: await account() });
    const { epoch } = await bringer.market.oldestEpoch();
    const quotes = given ? [given] : await fetchQuotes(options.node, epoch);
    const { claim, hash, gasUsed } = await bringer.claim(quotes);
    show(options.json, { ...claim, hash, gasUsed });
  });
}

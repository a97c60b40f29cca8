import { task } from "hardhat/config";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import type { ProverMarketOptions } from "../actors/process/proverProcess.ts";
import type { CeilingRange } from "../actors/prover/proofCeiling.ts";
import { showKnownErrors } from "./known.ts";
import { OptionError, RECORD, RPC, text } from "./ledgerOptions.ts";
import {
  ACCOUNT_INDEX,
  ARCHIVE,
  BEACON,
  DATA,
  FEE_CEILING,
  JSON_LOGS,
  KEY_FILE,
  L1_BLOCK_TIME,
  P2P_LISTEN,
  P2P_PEERS,
  METRICS,
  PASSPHRASE_FILE,
  REORG_DEPTH,
  l1BlockTimeOf,
  l1KeyOf,
  p2pOf,
  runProcess,
  weiOf,
  type GossipOptions,
  type KeyOptions,
  type ProcessOptions,
} from "./processOptions.ts";

const STRATEGY_NAMES = "cost-plus, undercut or idle-capacity";

export const proverTask = task("prover", "Proves every complete epoch and submits it, until it is stopped")
  .addOption(DATA)
  .addOption(RPC)
  .addOption(BEACON)
  .addOption(ARCHIVE)
  .addOption(RECORD)
  .addOption(KEY_FILE)
  .addOption(ACCOUNT_INDEX)
  .addOption(PASSPHRASE_FILE)
  .addOption(FEE_CEILING)
  .addOption(
    text(
      "firstFeeCeiling",
      "The same at the end of an epoch: it rises to --fee-ceiling until the proof is due; default: 60",
    ),
  )
  .addOption(
    text("strategy", `Sells its proofs in the proof market, by ${STRATEGY_NAMES}; default: no market`),
  )
  .addOption(text("machineHour", "What an hour of proving costs, in TST; default: 1"))
  .addOption(text("margin", "Wanted over costs, in basis points; default: 1000"))
  .addOption(text("bondCost", "What the bond of one claim costs, in basis points of it; default: 1"))
  .addOption(text("quoteNodes", "APIs of nodes that quotes are exchanged with, by commas"))
  .addOption(P2P_LISTEN)
  .addOption(P2P_PEERS)
  .addOption(L1_BLOCK_TIME)
  .addOption(REORG_DEPTH)
  .addOption(METRICS)
  .addFlag(JSON_LOGS)
  .setInlineAction((options, hre) => showKnownErrors(() => prover(options, hre)))
  .build();

interface ProverOptions extends ProcessOptions, KeyOptions, GossipOptions {
  feeCeiling: string | undefined;
  firstFeeCeiling: string | undefined;
  strategy: string | undefined;
  machineHour: string | undefined;
  margin: string | undefined;
  bondCost: string | undefined;
  quoteNodes: string | undefined;
  blockTime: number;
}

async function prover(options: ProverOptions, hre: HardhatRuntimeEnvironment): Promise<void> {
  const { openProverProcess } = await import("../actors/process/proverProcess.ts");
  const { openLocalProofMaker } = await import("../actors/prover/localProofMaker.ts");
  const { LOCAL_ACCOUNTS } = await import("../deploy/localAccounts.ts");
  const { buildCircuit } = await import("../scripts/circuits/build.ts");
  const feeCeiling = await ceilingOf(options);
  const market = await marketOf(options);
  await runProcess("prover", options, hre, async (follow, deployment) => {
    const circuit = await buildCircuit({ size: deployment.circuit });
    if (circuit.entry.vkHash !== deployment.verificationKeyHash) {
      throw new OptionError(
        `the deployment has the verification key ${deployment.verificationKeyHash}, this code makes proofs for ${circuit.entry.vkHash}`,
        "use the code of its release, with its contracts/verifier/generated",
      );
    }
    return openProverProcess({
      ...follow,
      privateKey: await l1KeyOf(options, deployment, hre, LOCAL_ACCOUNTS.prover),
      maker: await openLocalProofMaker(circuit),
      feeCeiling,
      p2p: p2pOf(options),
      ...(market ? { market: { ...market, deployment } } : {}),
      l1BlockTime: await l1BlockTimeOf(options.blockTime, deployment),
    });
  });
}

/** From the first ceiling to the last; one that is not given is the default's, or the other where that is past it. */
async function ceilingOf({ feeCeiling, firstFeeCeiling }: ProverOptions): Promise<CeilingRange> {
  const { DEFAULT_PROOF_CEILING } = await import("../actors/prover/proofCeiling.ts");
  const { start, end } = DEFAULT_PROOF_CEILING;
  const last = feeCeiling === undefined ? end.maxFeePerGas : weiOf(feeCeiling);
  const first = firstFeeCeiling === undefined ? start.maxFeePerGas : weiOf(firstFeeCeiling);
  if (firstFeeCeiling !== undefined && first > last) {
    throw new OptionError(
      "--first-fee-ceiling is above --fee-ceiling",
      "give a first ceiling that can rise to the last",
    );
  }
  const ceiling = (price: bigint) => ({ maxFeePerGas: price, maxFeePerBlobGas: price });
  return { start: ceiling(first < last ? first : last), end: ceiling(last) };
}

/** Prices, when the prover is to take part in the market. @throws OptionError */
async function marketOf(
  options: ProverOptions,
): Promise<Omit<ProverMarketOptions, "deployment"> | undefined> {
  const { MARKET_GAS, STRATEGIES } = await import("../actors/prover/pricingOptions.ts");
  const { strategy: name, machineHour = "1", margin = "1000", bondCost = "1", quoteNodes } = options;
  if (name === undefined) return undefined;
  const strategy = STRATEGIES.find((known) => known === name);
  if (!strategy) throw new OptionError(`--strategy ${name} is unknown`, `give ${STRATEGY_NAMES}`);
  return {
    pricing: {
      strategy,
      machineHour: tokensOf(machineHour),
      marginBps: basisPointsOf("--margin", margin),
      gas: MARKET_GAS,
      bondCostBps: basisPointsOf("--bond-cost", bondCost),
    },
    ...(quoteNodes === undefined ? {} : { quoteNodes: quoteNodes.split(",").map(nodeOf) }),
  };
}

/** Without a slash at its end. @throws OptionError */
function nodeOf(text: string): string {
  const address = text.trim().replace(/\/+$/, "");
  if (URL.canParse(address) && /^https?:$/.test(new URL(address).protocol)) return address;
  throw new OptionError(
    `--quote-nodes has "${address}", which is no web address`,
    "give such as http://127.0.0.1:8560",
  );
}

function tokensOf(text: string): bigint {
  const [, whole = "", decimals = ""] = /^(\d{1,12})(?:\.(\d{1,18}))?$/.exec(text) ?? [];
  if (whole === "") throw new OptionError(`${text} is no amount`, "give TST, such as 2 or 0.25");
  return BigInt(whole + decimals.padEnd(18, "0"));
}

function basisPointsOf(name: string, text: string): bigint {
  if (/^\d{1,6}$/.test(text)) return BigInt(text);
  throw new OptionError(`${name} ${text} is no share`, "give basis points, such as 500");
}

/** The closing summary of `npm start`: values for `--json`, and text for people. */
import type { AbsenceResult } from "../../actors/network/localNetwork.ts";
import type { GasSummary } from "../../actors/network/statistics.ts";
import type { Deployment } from "../../deploy/deployment.ts";
import { VALIDATORS } from "./accounts.ts";
import { shortTokens } from "./amounts.ts";
import { type BooksSummary, summariseBooks } from "./booksSummary.ts";
import { count, type Group, layOut, type Row, table } from "./layout.ts";
import type { MarketSummary } from "./marketSummary.ts";
import type { NetworkResult } from "./networkRun.ts";
import type { RewardsSummary } from "./payments.ts";
import { PROVERS } from "./provers.ts";
import { STORY_EPOCHS } from "./storyEpochs.ts";

/** Gas of one operation, whole transactions. */
export interface OperationGas {
  count: number;
  min: number;
  avg: number;
  max: number;
}

/** What `--json` writes. */
export interface Summary {
  epochsProven: number;
  blocks: number;
  transactions: number;
  messages: number;
  withdrawals: number;
  /** Paid on L1, behind proof and delay. */
  withdrawalsFinished: number;
  /** Transactions that a sequencer refused and a block had to include. */
  forcedIncluded: number;
  blobs: number;
  committeeSize: number;
  /** Members that attested, by block. */
  attestations: number[];
  /** Of the validator that was offline for an epoch, as proven on L1; null when that epoch was not proven. */
  offline: AbsenceResult | null;
  /** Seeds that the watcher fixed since nobody else had. */
  seedsPoked: number;
  wrongAggregates: number;
  missedSlots: number;
  proofs: number;
  /** Claims of epochs, and how they ended, for the epochs that the run was to prove. */
  market: MarketSummary;
  rewards: RewardsSummary;
  books: BooksSummary;
  /** Parts of the story that did not happen, in sentences. */
  missing: string[];
  /** Witness and proof, by epoch. */
  provingSeconds: number[];
  gasUsed: Record<string, OperationGas>;
  /** Root of the proven state: read on L1, and computed by a fresh process. */
  stateRootL1: string;
  stateRootResynced: string;
  /** From the start of the network. */
  secondsToFirstProof: number;
  /** From the start of the command. */
  secondsToFirstProofInAll: number;
  /** Of the whole command. */
  seconds: number;
}

/** Parameters of {@link summarise}. */
export interface SummaryParts {
  result: NetworkResult;
  deployment: Deployment;
  roots: { l1: string; resynced: string };
  /** On the clock of `performance`. */
  began: number;
  ended: number;
  /** Of the terminal. */
  columns?: number | undefined;
}

/** The closing summary as values and as text. */
export function summarise(parts: SummaryParts): { values: Summary; text: string } {
  const { result, deployment, roots, began, ended, columns } = parts;
  const { statistics, told, market, rewards, absence, books, firstProofAt } = result;
  const { values: bookValues, group: booksGroup } = summariseBooks(books, VALIDATORS);
  const operations = Object.entries(statistics.gas).filter(
    (entry): entry is [string, GasSummary] => entry[1] !== undefined,
  );
  const deployTotal = deployment.transactions.reduce((sum, { gasUsed }) => sum + gasUsed, 0);
  const values: Summary = {
    epochsProven: statistics.proofs,
    blocks: statistics.blocks,
    transactions: statistics.transactions,
    messages: statistics.messages,
    withdrawals: statistics.withdrawals,
    withdrawalsFinished: told.withdrawal ? 1 : 0,
    forcedIncluded: told.forced ? 1 : 0,
    blobs: statistics.blobs,
    committeeSize: statistics.committeeSize,
    attestations: statistics.attestations,
    offline: absence ?? null,
    seedsPoked: statistics.seedsPoked,
    wrongAggregates: statistics.wrongAggregates,
    missedSlots: statistics.missedSlots,
    proofs: statistics.proofs,
    market,
    rewards,
    books: bookValues,
    missing: missingOf(result),
    provingSeconds: statistics.provingSeconds.map(rounded),
    gasUsed: {
      ...Object.fromEntries(operations.map(([name, gas]) => [name, operationGas(gas)])),
      deploy: { count: 1, min: deployTotal, avg: deployTotal, max: deployTotal },
    },
    stateRootL1: roots.l1,
    stateRootResynced: roots.resynced,
    secondsToFirstProof: rounded(statistics.secondsToFirstProof ?? Number.NaN),
    secondsToFirstProofInAll: rounded((firstProofAt - began) / 1_000),
    seconds: rounded((ended - began) / 1_000),
  };
  const groups = [
    chainGroup(values, result),
    committeeGroup(values),
    marketGroup(values.market),
    rewardsGroup(values.rewards),
    booksGroup,
    gasGroup(values),
    ...missingGroup(values),
  ];
  return { values, text: layOut(groups, columns) };
}

/** What of the story did not happen. */
export function missingOf({
  told,
  market,
  rewards,
}: Pick<NetworkResult, "told" | "market" | "rewards">): string[] {
  const missing: [boolean, string][] = [
    [told.withdrawal !== undefined, "no withdrawal was paid on L1"],
    [told.forced !== undefined, "no forced transfer was included"],
    [market.rescue !== null, "no prover crashed with its claim and was rescued"],
    [market.settlements >= market.epochs.length, "not every prover was paid for its epochs"],
    [
      rewards.sequencer !== null && rewards.attester !== null,
      "no sequencer and attester claimed their rewards",
    ],
  ];
  return missing.filter(([happened]) => !happened).map(([, sentence]) => sentence);
}

function chainGroup(values: Summary, { told: { withdrawal, forced } }: NetworkResult): Group {
  const same = values.stateRootL1 === values.stateRootResynced;
  return {
    title: "Chain",
    rows: [
      ["epochs proven", String(values.epochsProven)],
      [
        "first proof",
        `${values.secondsToFirstProof} s after the network's start, ${values.secondsToFirstProofInAll} s after the command`,
      ],
      ["proving", `${values.provingSeconds.join(", ")} s`],
      [
        "blocks",
        `${values.blocks}, one blob each; ${values.transactions} transactions, ${values.messages} messages from L1`,
      ],
      ["missed slots", String(values.missedSlots)],
      [
        "withdrawal",
        withdrawal
          ? `${shortTokens(withdrawal.amount)} of the asset, proven with epoch ${withdrawal.epoch}, paid on L1 to ${withdrawal.recipient}`
          : "none was paid on L1",
      ],
      [
        "forced transfer",
        forced
          ? `refused by every sequencer; block ${forced.block} had to include it, ${forced.slots} slots after message ${forced.message}`
          : "none was included",
      ],
      ["state root", same ? "the same on L1 and in a fresh process that synced anew:" : "DIFFERENT. On L1:"],
      values.stateRootL1,
      ...(same ? [] : ["In a fresh process that synced anew:", values.stateRootResynced]),
      ["time", `${values.seconds} s`],
    ],
  };
}

function committeeGroup(values: Summary): Group {
  const { attestations, committeeSize, offline } = values;
  const full = attestations.filter((number) => number === committeeSize).length;
  const least = Math.min(...attestations);
  return {
    title: "Committee",
    rows: [
      ["validators", `${VALIDATORS} staked, ${committeeSize} of them in every epoch's committee`],
      [
        "attestations",
        `${attestations.length} aggregates verified: ${full} of all members${full < attestations.length ? `, the others of at least ${least}` : ""}`,
      ],
      ["wrong aggregates", String(values.wrongAggregates)],
      [
        "offline",
        offline
          ? `validator ${offline.index} in epoch ${offline.epoch}: ${offline.attested} of ${offline.of} attestations proven`
          : "nobody in an epoch that was proven",
      ],
      ["seeds", `${values.seedsPoked} fixed by the watcher since no block had`],
    ],
  };
}

function marketGroup({ epochs, wins, paid, rescue }: MarketSummary): Group {
  const byPrice = PROVERS.map(({ name }) => name).sort(
    (a, b) => lowest(epochs, a) - lowest(epochs, b) || a.localeCompare(b),
  );
  const titles = [" epoch", ...byPrice.map((name) => ` ${name}`), "claimed by", "proven by", " paid TST", ""];
  const rows = epochs.map(({ epoch, quotes, claimant, prover, paid: fee, isRescue }) => [
    String(epoch),
    ...byPrice.map((name) => percent(quotes[name])),
    claimant ?? "nobody",
    prover,
    fee === null ? "not yet" : shortTokens(fee),
    isRescue ? "rescue" : "",
  ]);
  const list = byPrice.map((name) => `${name} ${wins[name]}, ${shortTokens(paid[name] ?? "0")} TST`);
  return {
    title: "Market: three provers, their prices in percent of an epoch's pot",
    rows: [
      ...table(titles, rows),
      ["epochs won", list.join("; ")],
      [
        "rescue",
        rescue
          ? `epoch ${rescue.epoch}: the ${rescue.defaulter} prover crashed with its claim, the ${rescue.rescuer} one proved it`
          : "none",
      ],
      [
        "bond",
        rescue
          ? `${shortTokens(rescue.share)} TST of it to the ${rescue.rescuer} prover, ${shortTokens(rescue.burned)} TST burned`
          : "none was lost",
      ],
    ],
  };
}

function rewardsGroup({ minted, sequencer, attester, burned }: RewardsSummary): Group {
  return {
    title: "Rewards",
    rows: [
      ["minted", `${shortTokens(minted)} TST for the present window, into the distributor`],
      [
        "sequencer",
        sequencer
          ? `${count(sequencer.blocks, "block")} of ${count(sequencer.epochs, "epoch")}: ${shortTokens(sequencer.fees)} TST of fees, ${shortTokens(sequencer.reward)} TST of rewards, to ${sequencer.coinbase}`
          : "none claimed",
      ],
      [
        "attester",
        attester
          ? `duties in ${count(attester.epochs, "epoch")}: ${shortTokens(attester.reward)} TST, to ${attester.withdrawer}`
          : "none claimed",
      ],
      ["congestion fees", `${shortTokens(burned.amount)} TST of ${count(burned.epochs, "epoch")} burned`],
    ],
  };
}

function gasGroup({ gasUsed }: Summary): Group {
  const titles = ["operation", " average", " least", " most", " times"];
  const rows = Object.entries(gasUsed).map(([name, { count: times, min, avg, max }]) => [
    name,
    ...[avg, min, max, times].map((value) => value.toLocaleString("en")),
  ]);
  // A word of a ring that was never written costs 17,100 more than one that was.
  return { title: "Gas of whole transactions, rings in their first lap", rows: table(titles, rows) };
}

function missingGroup({ missing, market }: Summary): Group[] {
  if (missing.length === 0) return [];
  const hint: Row[] =
    market.epochs.length < STORY_EPOCHS
      ? [`(${STORY_EPOCHS} epochs, the default, tell the whole story)`]
      : [];
  return [{ title: "Did not happen in this run", rows: [...missing, ...hint] }];
}

function lowest(epochs: MarketSummary["epochs"], name: string): number {
  return Math.min(...epochs.map(({ quotes }) => quotes[name] ?? Infinity));
}

function percent(basisPoints: number | undefined): string {
  return basisPoints === undefined ? "-" : `${(basisPoints / 100).toFixed(2)} %`;
}

function operationGas({ count: times, min, max, total }: GasSummary): OperationGas {
  return { count: times, min: Number(min), avg: Number(total / BigInt(times)), max: Number(max) };
}

function rounded(seconds: number): number {
  return Math.round(10 * seconds) / 10;
}

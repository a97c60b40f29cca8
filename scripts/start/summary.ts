import type { AbsenceResult } from "../../actors/network/localNetwork.ts";
import type { GasSummary, Statistics } from "../../actors/network/statistics.ts";
import type { Deployment } from "../../deploy/deployment.ts";
import { describeMarket, type MarketSummary } from "./market.ts";
import type { StoryResult } from "./story.ts";

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
  /** Claims of epochs, and how they ended; null without `--market`. */
  market: MarketSummary | null;
  /** Witness and proof, by epoch. */
  provingSeconds: number[];
  gasUsed: Record<string, OperationGas>;
  /** Root of the proven state: read on L1, and computed by a fresh process. */
  stateRootL1: string;
  stateRootResynced: string;
  /** From the start of the network. */
  secondsToFirstProof: number;
  /** Of the whole command. */
  seconds: number;
}

/** The closing summary as values and as text. */
export function summarise(parts: {
  statistics: Statistics;
  deployment: Deployment;
  roots: { l1: string; resynced: string };
  told: StoryResult;
  market?: MarketSummary | undefined;
  absence?: AbsenceResult | undefined;
  seconds: number;
}): { values: Summary; text: string } {
  const { statistics, deployment, roots, told, market, absence, seconds } = parts;
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
    market: market ?? null,
    provingSeconds: statistics.provingSeconds.map(rounded),
    gasUsed: {
      ...Object.fromEntries(operations.map(([name, gas]) => [name, operationGas(gas)])),
      deploy: { count: 1, min: deployTotal, avg: deployTotal, max: deployTotal },
    },
    stateRootL1: roots.l1,
    stateRootResynced: roots.resynced,
    secondsToFirstProof: rounded(statistics.secondsToFirstProof ?? Number.NaN),
    seconds: rounded(seconds),
  };
  return { values, text: describe(values, told) };
}

function describe(values: Summary, { withdrawal, forced }: StoryResult): string {
  const rows: [string, string][] = [
    ["epochs proven", `${values.epochsProven}, the first after ${values.secondsToFirstProof} s`],
    [
      "blocks",
      `${values.blocks}, with ${values.transactions} transactions and ${values.messages} messages from L1`,
    ],
    ["blobs", `${values.blobs}`],
    ["withdrawals", `${values.withdrawals}`],
    [
      "paid on L1",
      withdrawal
        ? `${withdrawal.amount} of the asset to ${withdrawal.recipient}, proven with epoch ${withdrawal.epoch}`
        : "NONE",
    ],
    [
      "forced",
      forced
        ? `message ${forced.message}, refused by the sequencer, in block ${forced.block} ${forced.slots} slots later`
        : "NONE",
    ],
    ["attestations", `${values.attestations.join(", ")} of ${values.committeeSize}, each aggregate verified`],
    ["offline", describeAbsence(values.offline)],
    ["seeds poked", `${values.seedsPoked}`],
    ...(values.market ? [["market", describeMarket(values.market)] as [string, string]] : []),
    ["proving", `${values.provingSeconds.join(", ")} s`],
    ...Object.entries(values.gasUsed).map(([name, { count, min, avg, max }]): [string, string] => [
      `gas: ${name}`,
      count === 1 ? number(avg) : `${number(avg)} on average of ${count} (${number(min)} to ${number(max)})`,
    ]),
    ["state root on L1", values.stateRootL1],
    [
      "synced again",
      `${values.stateRootResynced}${values.stateRootL1 === values.stateRootResynced ? "  (the same)" : "  (DIFFERENT)"}`,
    ],
    ["time", `${values.seconds} s`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return ["", ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`), ""].join("\n");
}

function describeAbsence(offline: AbsenceResult | null): string {
  if (!offline) return "none in an epoch that was proven";
  const { index, epoch, attested, of } = offline;
  return `validator ${index} in epoch ${epoch}: ${attested} of ${of} attestations proven`;
}

function operationGas({ count, min, max, total }: GasSummary): OperationGas {
  return { count, min: Number(min), avg: Number(total / BigInt(count)), max: Number(max) };
}

function rounded(seconds: number): number {
  return Math.round(10 * seconds) / 10;
}

function number(value: number): string {
  return value.toLocaleString("en");
}

/** How often an estimated offer was enough, and how far above need it was, over replayed paths of L1's fees. */
import { CERTAIN, estimateFees, LIKELY, type FeeCaution } from "../../protocol/feeEstimator.ts";
import type { L1Fees } from "../../protocol/fees.ts";
import type { GasPrices } from "../../protocol/gas.ts";
import { seededRandom } from "../../protocol/vectors/random.ts";
import { l1FeePath, type L1FeePath } from "./l1Fees.ts";
import { FEE_CONFIG, GENESIS, L1_BLOCKS_PER_SLOT, LIMITS, MAX_MODIFIER } from "./network.ts";
import { elasticDemand, replayFees, type FeeRow } from "./replay.ts";

const CAUTIONS = { likely: LIKELY, certain: CERTAIN } as const satisfies Record<string, FeeCaution>;
type CautionName = keyof typeof CAUTIONS;

/** Result for one horizon and one assumption about L1. */
export interface EstimatorError {
  readonly path: string;
  readonly caution: CautionName;
  readonly blocks: number;
  readonly estimates: number;
  /** Share of the estimates that were under one of the prices within `blocks` slots. */
  readonly tooLow: number;
  /** Offer over greatest price within `blocks` slots, for L2 gas: median and 95th percentile. */
  readonly medianOver: number;
  readonly highOver: number;
}

export const HORIZONS = [1, 2, 4, 8, 16, 32] as const;
const SLOTS = 2_000;
const BLOCKS = SLOTS * L1_BLOCKS_PER_SLOT + L1_BLOCKS_PER_SLOT;

/** A calm year's days, and days with spikes: of the base fee ×50, of the blob base fee ×1,000, each up within a slot or two. */
export const PATHS: readonly (L1FeePath & { readonly name: string })[] = [
  { name: "calm", seed: "calm", blocks: BLOCKS, meanBase: 1e9, meanBlob: 1e6, spikes: [] },
  {
    name: "spikes",
    seed: "spikes",
    blocks: BLOCKS,
    meanBase: 1e9,
    meanBlob: 1e6,
    spikes: Array.from({ length: 10 }, (_, i) => ({
      from: 600 + 1_200 * i,
      to: 750 + 1_200 * i,
      base: i % 2 === 0 ? 50 : 1,
      blob: i % 2 === 0 ? 1 : 1_000,
    })),
  },
];

/** A replay over such a path: demand a little over target, with noise, and an exchange rate that wanders. */
export function replayPath(path: L1FeePath): FeeRow[] {
  const fees = l1FeePath(path);
  const random = seededRandom(`demand/${path.seed}`);
  const market = marketPath(path.seed);
  return replayFees({
    config: FEE_CONFIG,
    limits: LIMITS,
    genesis: GENESIS,
    maxModifier: MAX_MODIFIER,
    slots: SLOTS,
    l1Fees: (slot) => at(fees, slot),
    market: (slot) => market[slot]!,
    demand: elasticDemand(
      () => {
        const noise = 50n + BigInt(random.below(150));
        return { l2: (LIMITS.l2 * noise) / 100n, da: (LIMITS.da * noise) / 100n };
      },
      { fair: 2e17, elasticity: 1.5 },
    ),
  });
}

/** Errors of the estimates made in every slot of a path. */
export function estimatorErrors(path: L1FeePath & { readonly name: string }): EstimatorError[] {
  const rows = replayPath(path);
  return (["likely", "certain"] as const).flatMap((caution) =>
    HORIZONS.map((blocks) => errorOf({ name: path.name, rows, caution, blocks })),
  );
}

function errorOf({
  name,
  rows,
  caution,
  blocks,
}: {
  name: string;
  rows: readonly FeeRow[];
  caution: CautionName;
  blocks: number;
}): EstimatorError {
  const over: number[] = [];
  let tooLow = 0;
  for (let i = 1; i + blocks <= rows.length; i++) {
    const { parent, slot } = rows[i]!;
    // L1's fees as they were when the newest block was accepted.
    const offer = estimateFees({
      ...{
        config: FEE_CONFIG,
        limits: LIMITS,
        maxModifier: MAX_MODIFIER,
        l1BlocksPerSlot: L1_BLOCKS_PER_SLOT,
      },
      ...{ parent, slot, blocks, caution: CAUTIONS[caution], l1Fees: rows[i - 1]!.l1Fees },
    });
    const needed = rows.slice(i, i + blocks).map(({ prices }) => prices);
    if (!needed.every((prices) => covers(offer, prices))) tooLow++;
    const dearest = Math.max(...needed.map(({ feePerL2Gas }) => Number(feePerL2Gas)));
    over.push(Number(offer.feePerL2Gas) / dearest);
  }
  over.sort((a, b) => a - b);
  return {
    path: name,
    caution,
    blocks,
    estimates: over.length,
    tooLow: tooLow / over.length,
    medianOver: over[Math.floor(over.length / 2)]!,
    highOver: over[Math.floor(over.length * 0.95)]!,
  };
}

function covers(offer: GasPrices, prices: GasPrices): boolean {
  return offer.feePerL2Gas >= prices.feePerL2Gas && offer.feePerDaGas >= prices.feePerDaGas;
}

/** A block lands in the third L1 block of its slot. */
function at(fees: readonly L1Fees[], slot: number): L1Fees {
  return fees[slot * L1_BLOCKS_PER_SLOT + 2]!;
}

/** Random walk of half a per cent a slot. */
function marketPath(seed: string): bigint[] {
  const random = seededRandom(`market/${seed}`);
  let price = Number(GENESIS.oracle.price);
  return Array.from({ length: SLOTS + 1 }, () => {
    price *= 1 + (random.below(2_001) - 1_000) / 100_000;
    return BigInt(Math.round(price));
  });
}

// Run by itself it prints the table of docs/fees.md.
if (import.meta.main) {
  console.log("| L1 path | caution | within blocks | too low | median over | 95 % over |");
  console.log("| --- | --- | --- | --- | --- | --- |");
  for (const path of PATHS) {
    for (const e of estimatorErrors(path)) {
      const cells = [
        e.path,
        e.caution,
        e.blocks,
        `${(100 * e.tooLow).toFixed(1)} %`,
        `×${e.medianOver.toFixed(2)}`,
        `×${e.highOver.toFixed(2)}`,
      ];
      console.log(`| ${cells.join(" | ")} |`);
    }
  }
}

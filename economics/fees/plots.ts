/** Plots of the fee replays into docs/plots, as SVG: `npm run fees:plots`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import * as echarts from "echarts";

import { FEE_CONFIG } from "./network.ts";
import { PATHS, replayPath } from "./estimatorError.ts";
import type { FeeRow } from "./replay.ts";
import { allScenarios } from "./scenarios.ts";

const FOLDER = fileURLToPath(new URL("../../docs/plots/", import.meta.url));
/** Base units of a TST. */
const TOKEN = 1e18;
const TRANSFER = { l2: 10_000, da: 128 };

interface Line {
  readonly name: string;
  readonly color: string;
  readonly value: (row: FeeRow) => number;
}

/** Fee of a transfer, by what it pays for. */
const FEES: readonly Line[] = [
  {
    name: "fee of a transfer",
    color: "#1f2937",
    value: ({ prices }) =>
      (TRANSFER.l2 * Number(prices.feePerL2Gas) + TRANSFER.da * Number(prices.feePerDaGas)) / TOKEN,
  },
  {
    name: "L1 gas and proof",
    color: "#2563eb",
    value: ({ parts }) => (TRANSFER.l2 * Number(parts.sequencer + parts.prover)) / TOKEN,
  },
  { name: "blob", color: "#059669", value: ({ parts }) => (TRANSFER.da * Number(parts.data)) / TOKEN },
  {
    name: "congestion (burns)",
    color: "#dc2626",
    value: ({ parts }) =>
      (TRANSFER.l2 * Number(parts.congestionL2) + TRANSFER.da * Number(parts.congestionDa)) / TOKEN,
  },
];

mkdirSync(FOLDER, { recursive: true });
for (const { name, title, rows } of allScenarios()) write(name, title, rows);
for (const path of PATHS) write(`path-${path.name}`, `Replay over L1 fees: ${path.name}`, replayPath(path));

function write(name: string, title: string, rows: readonly FeeRow[]): void {
  writeFileSync(`${FOLDER}fees-${name}.svg`, render(title, rows));
}

/** Above: what a transfer costs, logarithmic. Below: how full blocks are, and L1's fees. */
function render(title: string, rows: readonly FeeRow[]): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 960, height: 620 });
  const target = Number(FEE_CONFIG.targetL2);
  const data = (value: (row: FeeRow) => number): [number, number | null][] =>
    // A logarithmic axis has no zero.
    rows.map((row) => [row.slot, value(row) > 0 ? value(row) : null]);
  const line = (name: string, color: string, axis: number, points: [number, number | null][]): object => ({
    name,
    type: "line",
    step: "start",
    showSymbol: false,
    lineStyle: { width: 1.5, color },
    itemStyle: { color },
    xAxisIndex: axis === 0 ? 0 : 1,
    yAxisIndex: axis,
    data: points,
  });
  const last = rows.at(-1)!.slot;
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: { text: title, left: 16, top: 8, textStyle: { fontSize: 16 } },
    legend: { top: 36, left: 16, itemGap: 28, itemWidth: 18, icon: "roundRect" },
    textStyle: { fontFamily: "Helvetica, Arial, sans-serif" },
    grid: [
      { left: 80, right: 80, top: 80, height: 290 },
      { left: 80, right: 80, top: 420, height: 140 },
    ],
    xAxis: [
      { type: "value", min: 0, max: last, gridIndex: 0, axisLabel: { show: false } },
      { type: "value", min: 0, max: last, gridIndex: 1, name: "slot", nameLocation: "middle", nameGap: 28 },
    ],
    yAxis: [
      { type: "log", gridIndex: 0, name: "TST", axisLabel: { formatter: exponent } },
      { type: "value", gridIndex: 1, name: "gas / target", min: 0, max: 2 },
      {
        type: "log",
        gridIndex: 1,
        name: "wei",
        position: "right",
        splitLine: { show: false },
        axisLabel: { formatter: exponent },
      },
    ],
    series: [
      ...FEES.map(({ name, color, value }) => line(name, color, 0, data(value))),
      line(
        "use of a block",
        "#6b7280",
        1,
        rows.map((row) => [row.slot, Number(row.gas.l2) / target]),
      ),
      line(
        "L1 base fee",
        "#2563eb",
        2,
        data(({ l1Fees }) => Number(l1Fees.base)),
      ),
      line(
        "L1 blob base fee",
        "#059669",
        2,
        data(({ l1Fees }) => Number(l1Fees.blob)),
      ),
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function exponent(value: number): string {
  const power = Math.log10(value);
  return Number.isInteger(Math.round(power * 1e6) / 1e6) ? `1e${Math.round(power)}` : "";
}

/** Gas of one operation over its samples, whole transactions, blob gas apart. */
export interface Operation {
  min: number;
  avg: number;
  max: number;
  /** Length of the transaction's data. */
  calldataBytes: number;
  note: string;
}

export interface GasReport {
  hardfork: string;
  verifier: string;
  operations: Record<string, Operation>;
}

export interface Sample {
  gas: number;
  calldataBytes: number;
}

export function summarize(samples: readonly Sample[], note: string): Operation {
  const gas = samples.map((sample) => sample.gas);
  return {
    min: Math.min(...gas),
    avg: Math.round(gas.reduce((sum, value) => sum + value, 0) / gas.length),
    max: Math.max(...gas),
    calldataBytes: Math.max(...samples.map((sample) => sample.calldataBytes)),
    note,
  };
}

/** Most gas an operation may take: the figures the project promises. */
export const TARGETS: Readonly<Record<string, number>> = {
  propose: 64_000,
  proposeFirstOfEpoch: 70_000,
  submitEpochProof32Mock: 500_000,
  submitEpochProof32MockInWindow: 860_000,
  submitEpochProofReal: 1_200_000,
  epochTotal32: 3_250_000,
  invalidate: 500_000,
  validatorDeposit: 320_000,
  exitInitiate: 90_000,
  exitFinalise: 80_000,
  inboxSend: 45_000,
  inboxForce: 60_000,
  outboxConsume: 60_000,
  claimSequencer32: 400_000,
  claimAttester32: 150_000,
  marketClaim: 100_000,
  marketSettle: 60_000,
  marketSlash: 70_000,
  deployTotal: 30_000_000,
  deployMaxTransaction: 2 ** 24,
};

/** Regression that fails a comparison, relative. */
const TOLERANCE = 0.01;

export interface Regression {
  operation: string;
  measure: "avg" | "max" | "missing";
  before: number;
  after: number;
}

/** What got worse than the baseline by more than 1 %, or is no longer measured. */
export function regressions(baseline: GasReport, report: GasReport): Regression[] {
  const worse: Regression[] = [];
  for (const [operation, before] of Object.entries(baseline.operations)) {
    const after = report.operations[operation];
    if (after === undefined) {
      worse.push({ operation, measure: "missing", before: before.avg, after: 0 });
      continue;
    }
    for (const measure of ["avg", "max"] as const) {
      if (after[measure] > before[measure] * (1 + TOLERANCE)) {
        worse.push({ operation, measure, before: before[measure], after: after[measure] });
      }
    }
  }
  return worse;
}

export function formatReport(report: GasReport, baseline?: GasReport): string {
  const header = ["operation", "min", "avg", "max", "target", "vs baseline", "calldata", "note"];
  const rows = Object.entries(report.operations).map(([name, operation]) => {
    const before = baseline?.operations[name]?.avg;
    const change = before === undefined ? "" : `${(((operation.avg - before) / before) * 100).toFixed(2)} %`;
    const target = TARGETS[name];
    return [
      name,
      ...[operation.min, operation.avg, operation.max].map(thousands),
      target === undefined ? "" : thousands(target),
      change,
      thousands(operation.calldataBytes),
      operation.note,
    ];
  });
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (row: string[]) =>
    row
      .map((cell, i) => (i === 0 || i === 7 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join("  ")
      .trimEnd();
  return [
    `hardfork ${report.hardfork}, verifier ${report.verifier}`,
    "",
    line(header),
    ...rows.map(line),
  ].join("\n");
}

function thousands(value: number): string {
  return value.toLocaleString("en-US");
}

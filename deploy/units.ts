/** Units of the numbers that constructors take, and how people read them. Amounts and times are whole numbers on L1. */
import { formatUnits } from "ethers";

/** `time`: seconds since 1970. `tst`: 10^-18 TST. `tokens`: 10^-18 of the token at hand.
 * `units`: base units of fee token or asset. `word`: packed or a hash. */
export type Unit =
  | "seconds"
  | "time"
  | "slots"
  | "epochs"
  | "blocks"
  | "messages"
  | "words"
  | "validators"
  | "gas"
  | "wei"
  | "tst"
  | "tokens"
  | "units"
  | "bps"
  | "millionths"
  | "number"
  | "word";

/** By the parameter's name in the constructor, without a trailing underscore; one name means one thing in the suite. */
const UNITS: Readonly<Record<string, Unit>> = {
  supply: "tokens",
  minimumStake: "tst",
  exitDelay: "seconds",
  evidenceWindow: "seconds",
  committeeSize: "validators",
  seedRing: "epochs",
  churnWindow: "seconds",
  bootstrapSize: "validators",
  growthSize: "validators",
  growthRate: "validators",
  churnQuotient: "number",
  minChurn: "validators",
  maxChurn: "validators",
  genesis: "time",
  genesisTime: "time",
  epochDuration: "seconds",
  delay: "seconds",
  slashAmount: "tst",
  reward: "tst",
  reserve: "tst",
  window: "seconds",
  maxRate: "millionths",
  rate: "millionths",
  slotsPerEpoch: "slots",
  epochRing: "words",
  recordRing: "words",
  inboxRing: "words",
  claimDelay: "seconds",
  claimWindow: "epochs",
  blockReward: "tst",
  attestationBonus: "tst",
  attesterReward: "tst",
  proverReward: "tst",
  version: "number",
  genesisRoot: "word",
  slotDuration: "seconds",
  proofSubmissionEpochs: "epochs",
  maxMessages: "messages",
  maxL2Gas: "gas",
  maxDaGas: "gas",
  targetL2: "gas",
  targetDa: "gas",
  fractionL2: "gas",
  fractionDa: "gas",
  proposeGas: "gas",
  proofGas: "gas",
  provingCost: "wei",
  maxFeePerL2Gas: "units",
  maxFeePerDaGas: "units",
  oracleLag: "slots",
  oracleLifetime: "slots",
  initialOracle: "word",
  maxModifier: "bps",
  messageDeadline: "seconds",
  outboxDelay: "seconds",
  forcedFeePerL2Gas: "wei",
  minimumFeeRegistration: "units",
  minimumAssetRegistration: "units",
  pauseMax: "seconds",
  pauseCooldown: "seconds",
  attestationChallengeWindow: "seconds",
  reserveStart: "bps",
  reserveMax: "bps",
  reserveRamp: "seconds",
  improvementWindow: "seconds",
  improvementStep: "bps",
  exclusivePeriod: "seconds",
  grace: "seconds",
  raceWindow: "seconds",
  bondFloor: "tst",
  bondMultiple: "bps",
  rescueShare: "bps",
  withdrawalDelay: "seconds",
};

/** Unit of a constructor's parameter; undefined for what is no number, and for a number that nobody described. */
export function unitOf(parameter: string): Unit | undefined {
  return UNITS[parameter.replace(/_$/, "")];
}

/** A number with its unit, as people read it. */
export function withUnit(value: bigint, unit: Unit | undefined): string {
  const digits = value.toLocaleString("en");
  switch (unit) {
    case "seconds":
      return `${digits} s${inWords(value)}`;
    case "time":
      return dateOf(Number(value));
    case "tokens":
      return `${grouped(formatUnits(value, 18))} tokens`;
    case "tst":
      return `${grouped(formatUnits(value, 18))} TST`;
    case "wei":
      return `${digits} wei`;
    case "units":
      return `${digits} base units`;
    case "bps":
      return `${digits} bps (${formatUnits(value, 2).replace(/\.0$/, "")} %)`;
    case "millionths":
      return `${digits} millionths (${formatUnits(value, 4).replace(/\.0$/, "")} %)`;
    case "word":
      return `0x${value.toString(16).padStart(64, "0")}`;
    case undefined:
    case "number":
      return digits;
    default:
      return `${digits} ${unit}`;
  }
}

/** A time in UTC, to the second. */
export function dateOf(time: number): string {
  return new Date(time * 1000).toISOString().replace(".000Z", "Z");
}

/** From a minute on: seconds in the largest unit that fits, rounded to a tenth. */
export function durationOf(seconds: number): string {
  for (const [name, length] of [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ] as const) {
    if (seconds < length) continue;
    const count = Number((seconds / length).toFixed(1));
    return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return `${seconds} s`;
}

function inWords(seconds: bigint): string {
  return seconds < 60n ? "" : ` (${durationOf(Number(seconds))})`;
}

/** Decimal text with groups of three before the point, and no `.0` after it. */
function grouped(decimal: string): string {
  const [whole = "", fraction = "0"] = decimal.split(".");
  return `${BigInt(whole).toLocaleString("en")}${fraction === "0" ? "" : `.${fraction}`}`;
}

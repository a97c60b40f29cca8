/**
 * The market's arithmetic and rules, unit for unit as contracts/market does them: reserve, bond, who is paid, and which
 * parameters keep a default from paying.
 */
import type { Address } from "./address.ts";

export const BASIS_POINTS = 10_000n;

/** Parameters of a market. Times in seconds, shares in basis points, amounts in token units. */
export interface MarketParameters {
  /** Reserve in basis points of the pot: at the start of the epoch's turn, and `reserveRamp` later for good. */
  readonly reserveStart: bigint;
  readonly reserveMax: bigint;
  readonly reserveRamp: bigint;
  /** After the first claim, how long a better quote may replace it, and by how much it must be cheaper. */
  readonly improvementWindow: bigint;
  readonly improvementStep: bigint;
  readonly exclusivePeriod: bigint;
  /** After exclusivity, how long the bond cannot be slashed yet. */
  readonly grace: bigint;
  /** Least time between the end of exclusivity and the proof deadline. */
  readonly raceWindow: bigint;
  readonly bondFloor: bigint;
  /** Of what an open race pays at the highest reserve. */
  readonly bondMultiple: bigint;
  /** Of a defaulted bond; the rest burns. */
  readonly rescueShare: bigint;
  readonly withdrawalDelay: bigint;
  /** Most that a block adds to the pot. */
  readonly blockReward: bigint;
  readonly permissioned: boolean;
}

/** A pause in L1 seconds; the end is the first second after it. */
export interface PauseTime {
  readonly start: number;
  readonly end: number;
}

/** Parameters of {@link reserveAt}. */
export interface ReserveRequest {
  readonly parameters: Pick<MarketParameters, "reserveStart" | "reserveMax" | "reserveRamp">;
  /** When the epoch's turn began; undefined while its clock does not run. */
  readonly since: number | undefined;
  readonly time: number;
  readonly pause?: PauseTime | undefined;
}

/** The reserve in basis points of the pot. Seconds of the pause do not count. */
export function reserveAt({ parameters, since, time, pause }: ReserveRequest): bigint {
  const { reserveStart, reserveMax, reserveRamp } = parameters;
  if (since === undefined || time <= since) return reserveStart;
  const paused =
    pause === undefined ? 0 : Math.max(0, Math.min(pause.end, time) - Math.max(pause.start, since));
  const elapsed = BigInt(time - since - paused);
  if (elapsed >= reserveRamp) return reserveMax;
  return reserveStart + ((reserveMax - reserveStart) * elapsed) / reserveRamp;
}

/** Bond that a claim on a pot reserves. */
export function bondOf(
  parameters: Pick<MarketParameters, "reserveMax" | "bondMultiple" | "bondFloor">,
  pot: bigint,
): bigint {
  const square = BASIS_POINTS ** 2n;
  const scaled = (pot * parameters.reserveMax * parameters.bondMultiple + square - 1n) / square;
  return scaled < parameters.bondFloor ? parameters.bondFloor : scaled;
}

/** Token units that a fee in basis points comes to. */
export function payOf(pot: bigint, fee: bigint): bigint {
  return (pot * fee) / BASIS_POINTS;
}

/** Most an epoch's pot can hold. */
export function largestPot(
  parameters: Pick<MarketParameters, "blockReward">,
  { proverFees, blocks }: { proverFees: bigint; blocks: bigint },
): bigint {
  return proverFees + blocks * parameters.blockReward;
}

/** A rescuer's part of a defaulted bond; the rest burns. */
export function rescueShareOf(parameters: Pick<MarketParameters, "rescueShare">, bond: bigint): bigint {
  return (bond * parameters.rescueShare) / BASIS_POINTS;
}

/** Profit of a fee, before what the proof costs, and the bond it needs. */
export function quoteProfit({
  parameters,
  proverFees,
  blocks,
  fee,
}: {
  parameters: MarketParameters;
  proverFees: bigint;
  blocks: bigint;
  fee: bigint;
}): { pay: bigint; bond: bigint } {
  const pot = largestPot(parameters, { proverFees, blocks });
  return { pay: payOf(pot, fee), bond: bondOf(parameters, pot) };
}

/** Stages of an epoch in the market, in the contract's order. */
export const STAGES = [
  "open",
  "claimed",
  "defaulted",
  "released",
  "delivered",
  "forestalled",
  "rescued",
  "lost",
] as const;
export type Stage = (typeof STAGES)[number];

/** What the market knows of an epoch. Times in L1 seconds. */
export interface MarketClaim {
  readonly stage: Stage;
  readonly since: number | undefined;
  readonly prover: Address;
  /** Basis points of the pot. */
  readonly fee: bigint;
  readonly claimedAt: number;
  /** Last second of exclusivity. */
  readonly exclusiveUntil: number;
  readonly deadline: number;
  /** As claimed; once defaulted, only the rescuer's share of it is left. */
  readonly bond: bigint;
  readonly endRecordHash: bigint;
}

/** A proof, accepted or imagined. */
export interface ProofFacts {
  readonly prover: Address;
  readonly provenAt: number;
  readonly endRecordHash: bigint;
}

/** Who is paid for a proof. */
export interface Payment {
  /** Stage in which the claim ends, or stays. */
  readonly stage: Stage;
  /** Undefined when nobody is. */
  readonly payee: Address | undefined;
  /** Basis points of the pot. */
  readonly fee: bigint;
  /** What the payee gets of a defaulted bond, and what of the bond burns. */
  readonly bondShare: bigint;
  readonly burned: bigint;
}

/** The rule of contracts/market/SettlementLib.sol. `claim` undefined: nobody ever opened the epoch. */
export function whoIsPaid({
  parameters,
  claim,
  proof,
  pause,
}: {
  parameters: MarketParameters;
  claim: MarketClaim | undefined;
  proof: ProofFacts;
  pause?: PauseTime | undefined;
}): Payment {
  const race = (stage: Stage, bondShare = 0n, burned = 0n): Payment => ({
    stage,
    payee: proof.prover === 0n ? undefined : proof.prover,
    fee:
      proof.prover === 0n ? 0n : reserveAt({ parameters, since: claim?.since, time: proof.provenAt, pause }),
    bondShare,
    burned,
  });
  if (claim === undefined) return race("open");

  let stage = claim.stage;
  if (stage === "claimed" || stage === "defaulted") stage = outcomeOf({ parameters, claim, proof, pause });
  if (stage === "delivered") return { stage, payee: claim.prover, fee: claim.fee, bondShare: 0n, burned: 0n };
  if (stage === "forestalled") return { stage, payee: undefined, fee: 0n, bondShare: 0n, burned: 0n };
  if (stage !== "rescued" || claim.stage === "rescued") return race(stage);

  const kept = rescueShareOf(parameters, claim.bond);
  const left = claim.stage === "defaulted" ? kept : claim.bond;
  const share = proof.prover === 0n ? 0n : kept;
  return race(stage, share, left - share);
}

function outcomeOf({
  parameters,
  claim,
  proof,
  pause,
}: {
  parameters: MarketParameters;
  claim: MarketClaim;
  proof: ProofFacts;
  pause?: PauseTime | undefined;
}): Stage {
  if (claim.stage === "defaulted") return "rescued";
  const paused =
    pause !== undefined &&
    pause.start <= proof.provenAt &&
    pause.start <= claim.exclusiveUntil &&
    pause.end > claim.claimedAt;
  if (paused || claim.endRecordHash !== proof.endRecordHash) return "released";

  const own = proof.prover === claim.prover;
  if (proof.provenAt <= claim.exclusiveUntil) return own ? "delivered" : "forestalled";
  if (own && proof.provenAt <= claim.exclusiveUntil + Number(parameters.grace)) return "delivered";
  return "rescued";
}

/** The instance's clock as far as the market's rules need it, in seconds. */
export interface MarketClock {
  readonly epochSeconds: bigint;
  readonly proofSubmissionEpochs: bigint;
  readonly pauseMax: bigint;
}

/** Why parameters are refused: the field, and the rule it breaks. */
export interface MarketFault {
  readonly parameter: keyof MarketParameters;
  readonly rule: string;
}

/** Every rule that the constructor checks, and those of which only people can judge; empty when all hold. */
export function marketFaults(p: MarketParameters, clock: MarketClock): MarketFault[] {
  const term = clock.epochSeconds * clock.proofSubmissionEpochs;
  const rules: [boolean, keyof MarketParameters, string][] = [
    [p.reserveMax > 0n && p.reserveMax <= BASIS_POINTS, "reserveMax", "from 1 to 10,000 basis points"],
    [p.reserveStart <= p.reserveMax, "reserveStart", "at most reserveMax"],
    [p.reserveRamp > 0n && p.reserveRamp < 1n << 32n, "reserveRamp", "from 1 second to 2^32 - 1"],
    [
      p.improvementStep > 0n && p.improvementStep <= BASIS_POINTS,
      "improvementStep",
      "from 1 to 10,000 basis points",
    ],
    [p.exclusivePeriod > 0n, "exclusivePeriod", "not 0"],
    [p.rescueShare <= BASIS_POINTS, "rescueShare", "at most 10,000 basis points"],
    [p.bondMultiple <= 100n * BASIS_POINTS, "bondMultiple", "at most 100-fold"],
    [p.bondFloor < 1n << 88n, "bondFloor", "below 2^88"],
    [p.blockReward < 1n << 72n, "blockReward", "below 2^72"],
    [
      p.permissioned || p.bondFloor > 0n,
      "bondFloor",
      "not 0 where anyone may claim: a pot may be empty, and a default must cost something",
    ],
    [
      p.permissioned || (BASIS_POINTS - p.rescueShare) * p.bondMultiple > BASIS_POINTS ** 2n,
      "bondMultiple",
      "what a default burns, (10,000 - rescueShare) × bondMultiple, must exceed what an open race pays, 10^8",
    ],
    [
      p.improvementWindow + p.exclusivePeriod + p.raceWindow <= term,
      "exclusivePeriod",
      `with improvementWindow and raceWindow at most the ${term} seconds in which an epoch must be proven`,
    ],
    [
      p.grace < p.raceWindow,
      "grace",
      "less than raceWindow: a default is slashable while a rescue is possible",
    ],
    [
      p.withdrawalDelay >= term + clock.epochSeconds + clock.pauseMax && p.withdrawalDelay < 1n << 32n,
      "withdrawalDelay",
      `at least ${term + clock.epochSeconds + clock.pauseMax} seconds: longer than any claim can last`,
    ],
  ];
  return rules.filter(([holds]) => !holds).map(([, parameter, rule]) => ({ parameter, rule }));
}

/**
 * What somebody gains who claims, lets the claim default and then proves with another identity, against not having
 * claimed at all, costs left out. Negative for all parameters that {@link marketFaults} accepts.
 */
export function defaultAndRescueGain(p: MarketParameters, pot: bigint, fee = p.reserveMax): bigint {
  const bond = bondOf(p, pot);
  return payOf(pot, fee) + rescueShareOf(p, bond) - bond;
}

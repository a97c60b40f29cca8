/**
 * Parameter sets that a schema accepts and that cannot work: what is too short for what it must outlast, too small for
 * what it must hold. The contracts refuse many of them too, but after money was spent.
 */
import { FREEZE_LEAD } from "../protocol/staking.ts";
import { largestEpochReward, yearlyGrowth } from "../protocol/rewards.ts";
import { COMMITTEE_SIZE, SIZES } from "../protocol/sizes.ts";
import { marketPresetFaults } from "./market.ts";
import type { PresetFields, StakedValidators } from "./presets.ts";
import { LOCAL_CHAIN_IDS } from "./verifierGuard.ts";

/** What is wrong, and where. */
export interface PresetFault {
  /** Path of a field, such as `rings.records`. */
  path: string;
  message: string;
}

/** Seconds between two blocks of Ethereum. */
const L1_SLOT = 12;
/** Unit of stakes. */
const GWEI = 10n ** 9n;
/** Epochs from the freeze of a set to the end of its epoch. */
const FREEZE_TO_END = FREEZE_LEAD + 1;
/** The registry's bound, in seconds. */
const MAX_EXIT_DELAY = 365 * 86_400;

/** Every fault at once. */
export function presetFaults(preset: PresetFields): PresetFault[] {
  const faults: PresetFault[] = [];
  const refuse = (path: string, faulty: boolean, message: string): void => {
    if (faulty) faults.push({ path, message });
  };
  const { slotSeconds, epochSlots, proofSubmissionEpochs, pause, outboxDelaySeconds, validators } = preset;
  const size = SIZES[preset.circuit];
  const epoch = slotSeconds * epochSlots;
  const term = epoch * (proofSubmissionEpochs + 1);

  const isPublic = preset.chainIds.some((chainId) => !LOCAL_CHAIN_IDS.includes(chainId));
  refuse("slotSeconds", isPublic && slotSeconds % L1_SLOT !== 0, `a multiple of ${L1_SLOT} on a public L1`);
  refuse(
    "epochSlots",
    epochSlots > size.blocks,
    `the circuit ${preset.circuit} proves at most ${size.blocks} blocks an epoch`,
  );
  const unproven = epochSlots * (proofSubmissionEpochs + 1) + 1;
  refuse("rings.records", preset.rings.records < unproven, `${unproven} records can be in use at once`);
  const messages = size.messages * epochSlots * (proofSubmissionEpochs + 2);
  refuse(
    "rings.inbox",
    preset.rings.inbox < messages,
    `at least ${messages}: the messages that two epochs more than the proving delay can consume`,
  );
  const cooldown = pause.maxSeconds + Math.max(term, outboxDelaySeconds);
  refuse(
    "pause.cooldownSeconds",
    pause.cooldownSeconds < cooldown,
    `at least ${cooldown}: what a pause holds up must be over before the next`,
  );
  refuse(
    "fees.oracleLagSlots",
    preset.fees.oracleLagSlots > preset.fees.oracleLifetimeSlots,
    "a sample must count before the next replaces it: at most oracleLifetimeSlots",
  );
  faults.push(...rewardFaults(preset));
  for (const { parameter, rule } of marketPresetFaults(preset))
    refuse("market", true, `${parameter}: ${rule}`);
  if (validators.kind === "permissioned") {
    // A list is forgotten once the next one but one is in effect: until then its unproven blocks can be challenged.
    const longest = term + wholeEpochs(pause.maxSeconds, epoch);
    refuse(
      "validators.listDelaySeconds",
      validators.listDelaySeconds < longest,
      `at least ${longest}: a list answers for its blocks as long as they may be unproven`,
    );
    return faults;
  }

  // An unproven block can be rolled back for its aggregate, and its proposer slashed, as long as it may be proven.
  const unpunished = proofSubmissionEpochs * epoch + wholeEpochs(pause.maxSeconds, epoch);
  const { evidenceWindowSeconds, exitDelaySeconds, seedRing, churn } = validators;
  refuse(
    "validators.evidenceWindowSeconds",
    evidenceWindowSeconds < unpunished,
    `at least ${unpunished}: a block is unproven for up to ${proofSubmissionEpochs} epochs after its own, and the whole epochs of a pause more`,
  );
  const answerable = evidenceWindowSeconds + FREEZE_TO_END * epoch;
  refuse(
    "validators.exitDelaySeconds",
    exitDelaySeconds <= answerable,
    `more than ${answerable}: who left answers for sets frozen before, until their evidence is too old`,
  );
  // Evidence of a wrong aggregate is the block's record, and the ring keeps one for as many blocks as it has words.
  const younger = Math.ceil((evidenceWindowSeconds + epoch) / slotSeconds) + 1;
  refuse(
    "rings.records",
    preset.rings.records < younger,
    `${younger} blocks can be young enough for their proposers to be slashed`,
  );
  refuse("validators.exitDelaySeconds", exitDelaySeconds > MAX_EXIT_DELAY, `at most ${MAX_EXIT_DELAY}`);
  refuse(
    "validators.seedRing",
    seedRing <= FREEZE_LEAD || seedRing * epoch <= answerable,
    `more than ${Math.max(FREEZE_LEAD, Math.floor(answerable / epoch))}: seeds stand as long as a committee answers for its epoch`,
  );
  refuse(
    "validators.minimumStake",
    validators.minimumStake === 0n || validators.minimumStake % GWEI !== 0n,
    "whole Gwei, and not 0",
  );
  refuse(
    "validators.challenge.rewardBps",
    2 * validators.challenge.rewardBps > validators.challenge.slashBps,
    "at most half of slashBps: who challenges himself must lose by it",
  );
  refuse("validators.churn.growthRate", churn.growthRate < churn.minRate, "at least minRate");
  refuse("validators.churn.maxRate", churn.maxRate < churn.minRate, "at least minRate");
  const genesis = shortestGenesisDelay(validators, epoch);
  refuse(
    "validators.genesisDelaySeconds",
    validators.genesisDelaySeconds < genesis,
    `at least ${genesis}: the bootstrap set must be active when that of epoch 0 is frozen`,
  );
  return faults;
}

/** Seconds that a pause adds to a proof's deadline, which is always the end of an epoch. */
function wholeEpochs(pause: number, epoch: number): number {
  return Math.ceil(pause / epoch) * epoch;
}

/** Epochs that must be left to claim in at the worst, and to sweep in. */
const CLAIM_ROOM = 16;
/** Supply after a year of minting stays below this part of what it was, in 10^-18. */
const YEARLY_LIMIT = 12n * 10n ** 17n;

/**
 * Rewards that cannot be claimed in time, that outgrow what is minted, or that pay a proposer for leaving attestations
 * out: directly, or by leaving more of a short distributor to it.
 */
function rewardFaults(preset: PresetFields): PresetFault[] {
  const faults: PresetFault[] = [];
  const refuse = (path: string, faulty: boolean, message: string): void => {
    if (faulty) faults.push({ path, message });
  };
  const { rewards, rings, validators, pause, outboxDelaySeconds } = preset;
  const { mint, claimWindowEpochs } = rewards;
  const epoch = preset.slotSeconds * preset.epochSlots;

  // A pause can hold up the proof, and the next one the delay after it.
  const late =
    preset.proofSubmissionEpochs + Math.ceil((2 * pause.maxSeconds + outboxDelaySeconds) / epoch) + 1;
  refuse(
    "rewards.claimWindowEpochs",
    claimWindowEpochs < late + CLAIM_ROOM,
    `at least ${late + CLAIM_ROOM}: an epoch may become claimable ${late} epochs after its own`,
  );
  refuse(
    "rewards.claimWindowEpochs",
    claimWindowEpochs + CLAIM_ROOM > rings.epochs,
    `at most ${rings.epochs - CLAIM_ROOM}: what is left must be swept before the ring of epochs comes round`,
  );
  refuse(
    "rewards.attestationBonus",
    rewards.attestationBonus === 0n,
    "not 0: a proposer that leaves out an attestation it saw must earn less",
  );
  refuse(
    "rewards.attesterReward",
    validators.kind === "permissioned" && rewards.attesterReward !== 0n,
    "0 for a permissioned set, whose attesters have no stake to be paid to",
  );
  refuse("rewards.mint.rate", mint.rate > mint.maxRate, "at most maxRate");
  refuse(
    "rewards.mint.maxRate",
    yearlyGrowth(mint.windowSeconds, mint.maxRate) >= YEARLY_LIMIT,
    "a year of such windows would add a fifth or more to the supply",
  );
  const committee = validators.kind === "staked" ? validators.committeeSize : COMMITTEE_SIZE;
  const epochs = BigInt(Math.ceil(mint.windowSeconds / epoch) + 1);
  const most = epochs * largestEpochReward(rewards, preset.epochSlots, committee);
  const minted = (preset.token.initialSupply * BigInt(mint.rate)) / 1_000_000n;
  refuse(
    "rewards.mint.rate",
    minted < most,
    `a window mints ${minted}, and its blocks can earn ${most}: a short distributor would reward those who keep others out`,
  );
  return faults;
}

/**
 * Least seconds from a deployment to genesis: the bootstrap set is active from the window after its last deposit, and
 * the set of epoch 0 is frozen three epochs before genesis.
 * @param epoch seconds of one
 */
export function shortestGenesisDelay({ churn }: StakedValidators, epoch: number): number {
  return churn.windowSeconds + FREEZE_LEAD * epoch;
}

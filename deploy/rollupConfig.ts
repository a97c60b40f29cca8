/** The Rollup's configuration as a preset has it: what a deployment gives its constructor and then reads back. */
import { SIZES } from "../protocol/sizes.ts";
import { feeConfig, gasLimits, initialOracle } from "./feeParameters.ts";
import type { Preset } from "./presets.ts";

/** What a preset does not say. */
export interface RollupSurroundings {
  genesisRoot: string;
  genesisTime: number;
  validatorSet: string;
  verifierPolicy: string;
  token: string;
  asset: string;
  /** Contract that pays and burns the fees of proven epochs; the zero address for none. */
  rewards: string;
  /** The preset's, or the owner. */
  council: string;
  /** Contract that checks aggregates and rolls back; the zero address for none. */
  aggregateChallenge: string;
  /** Seconds for which an epoch's proof must show its last block's aggregate; 0 without a challenge contract. */
  attestationChallengeWindow: bigint;
}

/** Every field of the contract's `RollupConfig`. */
export function rollupConfig(preset: Preset, surroundings: RollupSurroundings): Record<string, unknown> {
  const { genesisRoot, genesisTime, validatorSet, verifierPolicy, token, asset, rewards, council } =
    surroundings;
  const { aggregateChallenge, attestationChallengeWindow } = surroundings;
  const size = SIZES[preset.circuit];
  const limits = gasLimits(preset.circuit);
  return {
    version: preset.version,
    genesisRoot,
    genesisTime,
    slotDuration: preset.slotSeconds,
    slotsPerEpoch: preset.epochSlots,
    proofSubmissionEpochs: preset.proofSubmissionEpochs,
    recordRing: preset.rings.records,
    epochRing: preset.rings.epochs,
    inboxRing: preset.rings.inbox,
    maxMessages: size.messages,
    maxL2Gas: limits.l2,
    maxDaGas: limits.da,
    fees: feeConfig(preset),
    initialOracle: initialOracle(preset),
    maxModifier: preset.price.maxModifierBps,
    messageDeadline: preset.messageDeadlineSeconds,
    outboxDelay: preset.outboxDelaySeconds,
    forcedFeePerL2Gas: preset.fees.forcedFeePerL2Gas,
    minimumFeeRegistration: preset.minimumRegistration.fee,
    minimumAssetRegistration: preset.minimumRegistration.asset,
    pauseMax: preset.pause.maxSeconds,
    pauseCooldown: preset.pause.cooldownSeconds,
    council,
    validatorSet,
    verifierPolicy,
    feeToken: token,
    asset,
    rewards,
    aggregateChallenge,
    attestationChallengeWindow,
  };
}

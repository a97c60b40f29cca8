// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAggregateChallenge} from "../slashing/IAggregateChallenge.sol";
import {BASIS_POINTS, BN254_R, DEPOSIT_CAP} from "../types/Constants.sol";
import {Oracle} from "../types/Record.sol";
import {FeeLib} from "./FeeLib.sol";
import {IRollup, RollupConfig} from "./IRollup.sol";

/// @title Configuration
/// @notice Ranges of the Rollup's parameters, checked when it is created.
library ConfigLib {
    /// @notice Refuses what later arithmetic does not take for granted.
    function validate(RollupConfig memory c) internal view {
        if (c.genesisRoot >= BN254_R) revert IRollup.Rollup__InvalidConfig("genesisRoot");
        if (c.slotDuration == 0) revert IRollup.Rollup__InvalidConfig("slotDuration");
        if (c.slotsPerEpoch == 0 || c.slotsPerEpoch > 255)
            revert IRollup.Rollup__InvalidConfig("slotsPerEpoch");
        if (c.proofSubmissionEpochs == 0 || c.proofSubmissionEpochs > type(uint16).max)
            revert IRollup.Rollup__InvalidConfig("proofSubmissionEpochs");

        // Pending blocks are of the slots of proofSubmissionEpochs + 1 epochs, but for a pause, during which `propose`
        // refuses to lap the ring; the proven tip's record stays with them.
        if (
            c.recordRing < c.slotsPerEpoch * (c.proofSubmissionEpochs + 1) + 1 ||
            c.recordRing > type(uint32).max
        ) revert IRollup.Rollup__InvalidConfig("recordRing");
        if (c.epochRing <= c.proofSubmissionEpochs || c.epochRing > type(uint32).max)
            revert IRollup.Rollup__InvalidConfig("epochRing");
        if (c.maxMessages == 0 || c.maxMessages > type(uint16).max)
            revert IRollup.Rollup__InvalidConfig("maxMessages");
        // Room for the messages that two epochs more than the proving delay can consume.
        if (
            c.inboxRing < c.maxMessages * c.slotsPerEpoch * (c.proofSubmissionEpochs + 2) ||
            c.inboxRing > type(uint32).max
        ) revert IRollup.Rollup__InvalidConfig("inboxRing");

        if (c.maxL2Gas > type(uint32).max || c.maxDaGas > type(uint32).max)
            revert IRollup.Rollup__InvalidConfig("gas limit");
        bytes32 fault = FeeLib.validate(c.fees, c.maxL2Gas, c.maxDaGas, c.slotsPerEpoch);
        if (fault != 0) revert IRollup.Rollup__InvalidConfig(fault);
        if (!FeeLib.isOracle(Oracle.wrap(c.initialOracle)))
            revert IRollup.Rollup__InvalidConfig("initialOracle");
        if (c.maxModifier >= BASIS_POINTS) revert IRollup.Rollup__InvalidConfig("maxModifier");
        if (c.messageDeadline > type(uint32).max) revert IRollup.Rollup__InvalidConfig("messageDeadline");
        if (c.outboxDelay > type(uint32).max) revert IRollup.Rollup__InvalidConfig("outboxDelay");
        if (c.forcedFeePerL2Gas > type(uint64).max) revert IRollup.Rollup__InvalidConfig("forcedFeePerL2Gas");
        if (c.minimumFeeRegistration >= DEPOSIT_CAP)
            revert IRollup.Rollup__InvalidConfig("minimumFeeRegistration");
        if (c.minimumAssetRegistration >= DEPOSIT_CAP)
            revert IRollup.Rollup__InvalidConfig("minimumAssetRegistration");
        // No deadline or delay meets two pauses, and a pause is over before the next.
        if (c.pauseMax > type(uint32).max) revert IRollup.Rollup__InvalidConfig("pauseMax");
        uint256 term = c.slotDuration * c.slotsPerEpoch * (c.proofSubmissionEpochs + 1);
        if (
            c.pauseCooldown < c.pauseMax + (term > c.outboxDelay ? term : c.outboxDelay) ||
            c.pauseCooldown > type(uint64).max
        ) revert IRollup.Rollup__InvalidConfig("pauseCooldown");
        if (c.validatorSet.code.length == 0) revert IRollup.Rollup__InvalidConfig("validatorSet");
        if (c.verifierPolicy.code.length == 0) revert IRollup.Rollup__InvalidConfig("verifierPolicy");
        if (c.feeToken.code.length == 0) revert IRollup.Rollup__InvalidConfig("feeToken");
        if (c.asset.code.length == 0) revert IRollup.Rollup__InvalidConfig("asset");
        if (c.rewards != address(0) && c.rewards.code.length == 0)
            revert IRollup.Rollup__InvalidConfig("rewards");
        if (c.aggregateChallenge == address(0)) {
            if (c.attestationChallengeWindow != 0)
                revert IRollup.Rollup__InvalidConfig("attestationChallengeWindow");
        } else if (
            c.aggregateChallenge.code.length == 0 ||
            IAggregateChallenge(c.aggregateChallenge).rollup() != address(this) ||
            IAggregateChallenge(c.aggregateChallenge).validatorSet() != c.validatorSet
        ) revert IRollup.Rollup__InvalidConfig("aggregateChallenge");
    }
}

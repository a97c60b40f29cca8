// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FeeConfig} from "../../contracts/rollup/FeeLib.sol";
import {RollupConfig} from "../../contracts/rollup/IRollup.sol";

/// @dev A TST at a thousandth of an ETH, L1 at 1 gwei and 1 wei.
uint256 constant INITIAL_ORACLE = (1e9 << 192) | (1e9 << 144) | (1 << 96) | (1e9 << 48) | 1;

/// @notice Parameters of a small Rollup with the smallest rings, without pauses, rewards and challenges. Who deploys it
/// fills in addresses, and changes what its tests are about.
function smallRollup(
    uint256 genesis,
    uint256 slotDuration,
    uint256 slotsPerEpoch,
    uint256 proofSubmissionEpochs
) pure returns (RollupConfig memory c) {
    c.version = 1;
    c.genesisRoot = 7;
    c.genesisTime = genesis;
    c.slotDuration = slotDuration;
    c.slotsPerEpoch = slotsPerEpoch;
    c.proofSubmissionEpochs = proofSubmissionEpochs;
    c.recordRing = slotsPerEpoch * (proofSubmissionEpochs + 1) + 1;
    c.epochRing = proofSubmissionEpochs + 1;
    c.maxMessages = 2;
    c.inboxRing = c.maxMessages * slotsPerEpoch * (proofSubmissionEpochs + 2);
    c.maxL2Gas = 120_000;
    c.maxDaGas = 1_024;
    c.fees = FeeConfig({
        targetL2: 60_000,
        targetDa: 512,
        fractionL2: 512_820,
        fractionDa: 4_376,
        proposeGas: 60_000,
        proofGas: 37_500,
        provingCost: 1e6,
        maxFeePerL2Gas: 1 << 58,
        maxFeePerDaGas: 1 << 62,
        oracleLag: 2,
        oracleLifetime: 5
    });
    c.initialOracle = INITIAL_ORACLE;
    c.maxModifier = 100;
    c.messageDeadline = 1_000_000;
    c.forcedFeePerL2Gas = 1;
    c.minimumFeeRegistration = 1;
    c.minimumAssetRegistration = 1;
    c.pauseCooldown = slotDuration * slotsPerEpoch * (proofSubmissionEpochs + 1);
}

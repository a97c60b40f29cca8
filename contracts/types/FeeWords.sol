// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The words of the fee model: its parameters (see `FeeConfig`) as a contract keeps them, and its state as the
/// lowest fields of a record's `Position` have it.
///
///   FeeControls  targetL2 32 | targetDa 32 | fractionL2 48 | fractionDa 48 | oracleLag16 | oracleLifetime16
///                | proposeGas32 | proofGas32
///   FeeAmounts   spare64 | provingCost64 | maxFeePerL2Gas64 | maxFeePerDaGas64
///   FeeState     spare112 | excessL2 64 | excessDa 64 | oracleAge16
type FeeControls is uint256;
type FeeAmounts is uint256;
type FeeState is uint256;

using {
    targetL2,
    targetDa,
    fractionL2,
    fractionDa,
    oracleLag,
    oracleLifetime,
    proposeGas,
    proofGas
} for FeeControls global;
using {provingCost, maxFeePerL2Gas, maxFeePerDaGas} for FeeAmounts global;
using {excessL2, excessDa, oracleAge} for FeeState global;

function targetL2(FeeControls controls) pure returns (uint256) {
    return FeeControls.unwrap(controls) >> 224;
}

function targetDa(FeeControls controls) pure returns (uint256) {
    return (FeeControls.unwrap(controls) >> 192) & type(uint32).max;
}

function fractionL2(FeeControls controls) pure returns (uint256) {
    return (FeeControls.unwrap(controls) >> 144) & type(uint48).max;
}

function fractionDa(FeeControls controls) pure returns (uint256) {
    return (FeeControls.unwrap(controls) >> 96) & type(uint48).max;
}

function oracleLag(FeeControls controls) pure returns (uint256) {
    return (FeeControls.unwrap(controls) >> 80) & type(uint16).max;
}

function oracleLifetime(FeeControls controls) pure returns (uint256) {
    return (FeeControls.unwrap(controls) >> 64) & type(uint16).max;
}

function proposeGas(FeeControls controls) pure returns (uint256) {
    return (FeeControls.unwrap(controls) >> 32) & type(uint32).max;
}

function proofGas(FeeControls controls) pure returns (uint256) {
    return FeeControls.unwrap(controls) & type(uint32).max;
}

function provingCost(FeeAmounts amounts) pure returns (uint256) {
    return FeeAmounts.unwrap(amounts) >> 128;
}

function maxFeePerL2Gas(FeeAmounts amounts) pure returns (uint256) {
    return (FeeAmounts.unwrap(amounts) >> 64) & type(uint64).max;
}

function maxFeePerDaGas(FeeAmounts amounts) pure returns (uint256) {
    return FeeAmounts.unwrap(amounts) & type(uint64).max;
}

/// @dev Every field fits: the fee rules bound both excesses, and the age.
function packFeeState(uint256 excessL2_, uint256 excessDa_, uint256 oracleAge_) pure returns (FeeState) {
    return FeeState.wrap((excessL2_ << 80) | (excessDa_ << 16) | oracleAge_);
}

function excessL2(FeeState state) pure returns (uint256) {
    return FeeState.unwrap(state) >> 80;
}

function excessDa(FeeState state) pure returns (uint256) {
    return (FeeState.unwrap(state) >> 16) & type(uint64).max;
}

function oracleAge(FeeState state) pure returns (uint256) {
    return FeeState.unwrap(state) & type(uint16).max;
}

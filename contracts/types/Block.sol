// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Slot} from "./Time.sol";

/// @notice What a proposer publishes about its block: six words of calldata.
///
///   0     stateRoot      below the BN254 scalar modulus
///   1     Claims         slot32 | feePerL2Gas64 | feePerDaGas64 | gasL2 32 | gasDa 32 | messages16 | modifier16
///   2     Witness        spare48 | bitmap48 | coinbase160
///   3..5  aggregate      BLS12-381 G2 signature, 96 bytes compressed
///
/// `messages` counts those this block consumes; `modifier` is a signed number of basis points, by which the block moves
/// the ETH/TST price; `bitmap` has bit k set when committee position k attested.
type Claims is uint256;
type Witness is uint256;

using {slot, prices, feePerL2Gas, feePerDaGas, gasL2, gasDa, messages, modifierOf} for Claims global;
using {bitmap, coinbase} for Witness global;

uint256 constant STATE_ROOT = 0;
uint256 constant CLAIMS = 1;
uint256 constant WITNESS = 2;
uint256 constant SIGNATURE = 3;

function slot(Claims claims) pure returns (Slot) {
    return Slot.wrap(Claims.unwrap(claims) >> 224);
}

/// @dev feePerL2Gas64 | feePerDaGas64
function prices(Claims claims) pure returns (uint256) {
    return (Claims.unwrap(claims) >> 96) & type(uint128).max;
}

function feePerL2Gas(Claims claims) pure returns (uint256) {
    return (Claims.unwrap(claims) >> 160) & type(uint64).max;
}

function feePerDaGas(Claims claims) pure returns (uint256) {
    return (Claims.unwrap(claims) >> 96) & type(uint64).max;
}

function gasL2(Claims claims) pure returns (uint256) {
    return (Claims.unwrap(claims) >> 64) & type(uint32).max;
}

function gasDa(Claims claims) pure returns (uint256) {
    return (Claims.unwrap(claims) >> 32) & type(uint32).max;
}

function messages(Claims claims) pure returns (uint256) {
    return (Claims.unwrap(claims) >> 16) & type(uint16).max;
}

function modifierOf(Claims claims) pure returns (int256) {
    return int16(uint16(Claims.unwrap(claims)));
}

/// @dev Not masked: spare bits show up above the 48 and are refused with the bitmap's bound.
function bitmap(Witness witness) pure returns (uint256) {
    return Witness.unwrap(witness) >> 160;
}

function coinbase(Witness witness) pure returns (address) {
    return address(uint160(Witness.unwrap(witness)));
}

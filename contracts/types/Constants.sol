// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Scalar field of BN254: the circuit's native field. State roots and public inputs are below it.
uint256 constant BN254_R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;

/// @dev Scalar field of BLS12-381: blob words, the challenge z and the claimed value y live in it.
uint256 constant BLS12_381_R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

/// @dev Most members a committee can have: the width of the attestation bitmap.
uint256 constant MAX_COMMITTEE = 48;

/// @dev Leaves of the ledger's tree: 4-ary, depth 10.
uint256 constant MAX_ACCOUNTS = 1 << 20;

/// @dev Total of an asset inside the ledger stays below this, so no balance or withdrawal overflows its field.
uint256 constant DEPOSIT_CAP = 1 << 95;

/// @dev Transaction kinds and what they cost in L2 gas.
uint256 constant KIND_TRANSFER = 1;
uint256 constant KIND_WITHDRAW = 2;
uint256 constant GAS_TRANSFER = 10_000;
uint256 constant GAS_WITHDRAW = 15_000;

/// @dev Message types of the Inbox. A forced transaction's type is its kind plus `MESSAGE_FORCED`.
uint256 constant MESSAGE_FEE_DEPOSIT = 1;
uint256 constant MESSAGE_ASSET_DEPOSIT = 2;
uint256 constant MESSAGE_FORCED = 2;

uint256 constant BASIS_POINTS = 10_000;

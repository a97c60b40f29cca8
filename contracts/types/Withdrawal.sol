// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A message from the ledger to L1: asset1 | amount95 | recipient160. Asset 0 is the fee token, 1 the asset.
type Withdrawal is uint256;

using {asset, amount, recipient} for Withdrawal global;

function asset(Withdrawal withdrawal) pure returns (uint256) {
    return Withdrawal.unwrap(withdrawal) >> 255;
}

function amount(Withdrawal withdrawal) pure returns (uint256) {
    return (Withdrawal.unwrap(withdrawal) << 1) >> 161;
}

function recipient(Withdrawal withdrawal) pure returns (address) {
    return address(uint160(Withdrawal.unwrap(withdrawal)));
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Division by a parameter whose range was checked when it was set: Solidity's own looks for zero each time, and the
/// hot path divides by such parameters alone. By zero the result would be zero.
function unsafeDiv(uint256 a, uint256 b) pure returns (uint256 quotient) {
    assembly ("memory-safe") {
        quotient := div(a, b)
    }
}

/// @dev The same of the remainder.
function unsafeMod(uint256 a, uint256 b) pure returns (uint256 remainder) {
    assembly ("memory-safe") {
        remainder := mod(a, b)
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BLS12_381_R} from "../types/Constants.sol";
import {IRollup} from "./IRollup.sol";

/// @title Blob opening
/// @notice All blobs of an epoch, opened at one point by one call.
///
/// The commitments C_i come uncompressed and are bound to the blobs by hash: compressed again, 0x01 ‖ sha256(C_i)[1:]
/// is the versioned hash the record's epoch hash rolled over. With C = Σ gamma^i C_i the point evaluation of C at z
/// gives y = Σ gamma^i p_i(z), which the circuit computes from the data.
///
/// A point is three words, x48 ‖ y48. Compression sets three flags in the top bits of x: 0x80 always, 0x40 for infinity,
/// 0x20 when y > (p - 1) / 2. Flags already set in calldata's x are an x above p, which the curve precompiles refuse; a
/// lone block needs neither, and there only the compressed form counts.
library BlobOpening {
    /// @dev (p - 1) / 2 of BLS12-381's base field, upper 16 and lower 32 bytes.
    uint256 private constant HALF_HIGH = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_LOW = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;

    /// @notice Rolls the epoch hash over the blocks, and lays their commitments out for the curve precompiles:
    /// [C_0 | room for a sum | pair 1 | pair 2 | ...], points of 128 bytes, pairs of a point and its scalar gamma^i.
    /// @return epochHash to compare with the end record's, before anything dear is done
    /// @return combined pointer to C_0
    function load(
        uint256[3][] calldata points,
        uint256[] calldata coinbaseFees,
        uint256 gamma
    ) internal view returns (bytes32 epochHash, uint256 combined) {
        bool valid;

        assembly ("memory-safe") {
            combined := mload(0x40)
            let pair := combined
            let scratch := add(combined, add(0x100, mul(points.length, 0xa0)))
            let scalar := 1
            epochHash := 0
            valid := 1

            let point := points.offset
            let fee := coinbaseFees.offset
            for {
                let end := add(point, mul(points.length, 0x60))
            } lt(point, end) {
                point := add(point, 0x60)
                fee := add(fee, 0x20)
            } {
                let w0 := calldataload(point)
                let w1 := calldataload(add(point, 0x20))
                let w2 := calldataload(add(point, 0x40))
                let yHigh := and(w1, 0xffffffffffffffffffffffffffffffff)

                mstore(pair, shr(128, w0))
                mstore(add(pair, 0x20), or(shl(128, w0), shr(128, w1)))
                mstore(add(pair, 0x40), yHigh)
                mstore(add(pair, 0x60), w2)

                let large := or(gt(yHigh, HALF_HIGH), and(eq(yHigh, HALF_HIGH), gt(w2, HALF_LOW)))
                let flags := add(0x80, shl(5, large))
                if iszero(or(w0, or(w1, w2))) {
                    flags := 0xc0
                }
                mstore(scratch, or(w0, shl(248, flags)))
                mstore(add(scratch, 0x20), w1)
                valid := and(valid, staticcall(gas(), 0x02, scratch, 0x30, add(scratch, 0x20), 0x20))

                mstore(scratch, epochHash)
                mstore8(add(scratch, 0x20), 0x01)
                mstore(add(scratch, 0x40), calldataload(fee))
                epochHash := keccak256(scratch, 0x60)

                // C_0 has the factor 1 and stands apart.
                switch eq(pair, combined)
                case 1 {
                    pair := add(combined, 0x100)
                }
                default {
                    scalar := mulmod(scalar, gamma, BLS12_381_R)
                    mstore(add(pair, 0x80), scalar)
                    pair := add(pair, 0xa0)
                }
            }

            mstore(0x40, scratch)
        }

        // The SHA-256 precompile fails only for want of gas.
        if (!valid) revert IRollup.Rollup__MalformedPoint();
    }

    /// @notice Turns C_0 in memory into C = C_0 + Σ gamma^i C_i. Nothing to do for one block.
    /// @dev A sum over the rest and one addition are cheaper than a sum over all. The addition checks no subgroup, but
    /// every C_i is bound to a blob that consensus validated.
    function combine(uint256 combined, uint256 count) internal view {
        if (count == 1) return;
        bool valid;

        assembly ("memory-safe") {
            let sum := add(combined, 0x80)
            valid := staticcall(gas(), 0x0c, add(combined, 0x100), mul(sub(count, 1), 0xa0), sum, 0x80)
            valid := and(valid, staticcall(gas(), 0x0b, combined, 0x100, combined, 0x80))
        }

        if (!valid) revert IRollup.Rollup__MalformedPoint();
    }

    /// @notice Opens C at z to y with the point-evaluation precompile.
    function open(uint256 combined, uint256 z, uint256 y, uint256[2] calldata opening) internal view {
        bool valid;

        assembly ("memory-safe") {
            let xHigh := mload(add(combined, 0x10))
            let xLow := mload(add(combined, 0x30))
            let yHigh := mload(add(combined, 0x40))
            let yLow := mload(add(combined, 0x60))
            let large := or(gt(yHigh, HALF_HIGH), and(eq(yHigh, HALF_HIGH), gt(yLow, HALF_LOW)))
            let flags := add(0x80, shl(5, large))
            if iszero(or(or(xHigh, xLow), or(yHigh, yLow))) {
                flags := 0xc0
            }

            let input := mload(0x40)
            mstore(add(input, 0x20), z)
            mstore(add(input, 0x40), y)
            mstore(add(input, 0x60), or(xHigh, shl(248, flags)))
            mstore(add(input, 0x80), xLow)
            calldatacopy(add(input, 0x90), opening, 0x30)
            valid := staticcall(gas(), 0x02, add(input, 0x60), 0x30, input, 0x20)
            mstore8(input, 0x01)
            valid := and(valid, staticcall(gas(), 0x0a, input, 0xc0, 0x00, 0x40))
        }

        if (!valid) revert IRollup.Rollup__OpeningRefused();
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Keyed permutation
/// @notice A one-to-one mapping of 0 .. size-1 chosen by a seed, of which any single value is computed alone.
///
/// Mixed-radix Feistel network: with a = ceil(sqrt(size)) and b = ceil(size / a), x < a·b splits into l = x / b and
/// r = x mod b. A pair of rounds i, i+1 adds F(i, r) to l modulo a, then F(i+1, l) to r modulo b; each step can be undone,
/// so the whole is one-to-one on a·b values. F(i, v) = keccak256(seed ‖ i·2^64 + v). Results at or above `size` are walked
/// on until one is below; the walk stays on a cycle that contains x < size, so it ends. It is short: a·b < size + sqrt(size) + 1.
///
/// Below 64 values the halves are so small that 8 rounds show in pairs of positions: 16 are used.
library Permutation {
    /// @param seed 256 bits, of which any number may be fixed
    /// @param size number of values, at least 1, below 2^32
    /// @param side ceil(sqrt(size)), see `sideOf`; passed because it is stored beside the seed
    /// @param x below `size`
    function placeOf(uint256 seed, uint256 size, uint256 side, uint256 x) internal pure returns (uint256 y) {
        assembly ("memory-safe") {
            let b := div(add(size, sub(side, 1)), side)
            y := x
            mstore(0, seed)
            for {} 1 {} {
                let l := div(y, b)
                let r := mod(y, b)
                // The rounds' numbers are constants, times 2^64.
                mstore(0x20, r)
                l := addmod(l, keccak256(0, 0x40), side)
                mstore(0x20, or(0x10000000000000000, l))
                r := addmod(r, keccak256(0, 0x40), b)
                mstore(0x20, or(0x20000000000000000, r))
                l := addmod(l, keccak256(0, 0x40), side)
                mstore(0x20, or(0x30000000000000000, l))
                r := addmod(r, keccak256(0, 0x40), b)
                mstore(0x20, or(0x40000000000000000, r))
                l := addmod(l, keccak256(0, 0x40), side)
                mstore(0x20, or(0x50000000000000000, l))
                r := addmod(r, keccak256(0, 0x40), b)
                mstore(0x20, or(0x60000000000000000, r))
                l := addmod(l, keccak256(0, 0x40), side)
                mstore(0x20, or(0x70000000000000000, l))
                r := addmod(r, keccak256(0, 0x40), b)
                if lt(size, 64) {
                    mstore(0x20, or(0x80000000000000000, r))
                    l := addmod(l, keccak256(0, 0x40), side)
                    mstore(0x20, or(0x90000000000000000, l))
                    r := addmod(r, keccak256(0, 0x40), b)
                    mstore(0x20, or(0xa0000000000000000, r))
                    l := addmod(l, keccak256(0, 0x40), side)
                    mstore(0x20, or(0xb0000000000000000, l))
                    r := addmod(r, keccak256(0, 0x40), b)
                    mstore(0x20, or(0xc0000000000000000, r))
                    l := addmod(l, keccak256(0, 0x40), side)
                    mstore(0x20, or(0xd0000000000000000, l))
                    r := addmod(r, keccak256(0, 0x40), b)
                    mstore(0x20, or(0xe0000000000000000, r))
                    l := addmod(l, keccak256(0, 0x40), side)
                    mstore(0x20, or(0xf0000000000000000, l))
                    r := addmod(r, keccak256(0, 0x40), b)
                }
                y := add(mul(l, b), r)
                if lt(y, size) {
                    break
                }
            }
        }
    }

    /// @notice The values of those x whose bit is set, in the order of x, written one word each from `memory_` on.
    function select(uint256 seed, uint256 size, uint256 side, uint256 bitmap, uint256 memory_) internal pure {
        for (uint256 x = 0; bitmap != 0; bitmap >>= 1) {
            if (bitmap & 1 != 0) {
                uint256 value = placeOf(seed, size, side, x);
                assembly ("memory-safe") {
                    mstore(memory_, value)
                    memory_ := add(memory_, 0x20)
                }
            }
            unchecked {
                ++x;
            }
        }
    }

    /// @notice Whether a number is ceil(sqrt(size)), for positive sizes.
    function isSide(uint256 side, uint256 size) internal pure returns (bool) {
        unchecked {
            return side != 0 && side * side >= size && (side - 1) * (side - 1) < size;
        }
    }

    /// @notice ceil(sqrt(size)) for sizes below 2^32.
    /// @dev Newton's iteration from above: starting at or over the root it falls until it is the floor.
    function sideOf(uint256 size) internal pure returns (uint256 side) {
        unchecked {
            if (size < 2) return size;
            uint256 guess = 1;
            while (guess * guess < size) guess <<= 1;
            while (true) {
                side = guess;
                guess = (side + size / side) >> 1;
                if (guess >= side) break;
            }
            if (side * side < size) ++side;
        }
    }
}

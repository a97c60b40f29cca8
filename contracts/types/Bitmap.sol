// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Attestation bitmaps
/// @notice Bit k is set when committee position k attested; at most 48 bits.
library Bitmap {
    /// @notice Attestations a block needs: more than two thirds of a committee of at most 48.
    function quorum(uint256 committeeSize) internal pure returns (uint256) {
        unchecked {
            return (2 * committeeSize) / 3 + 1;
        }
    }

    /// @notice Bits set in a word of at most 64 bits.
    /// @dev Sums of 2, 4, 8 bits in place; the product adds the eight bytes into the top one.
    function popcount(uint256 bits) internal pure returns (uint256) {
        unchecked {
            bits = bits - ((bits >> 1) & 0x5555555555555555);
            bits = (bits & 0x3333333333333333) + ((bits >> 2) & 0x3333333333333333);
            bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f;
            return ((bits * 0x0101010101010101) >> 56) & 0xff;
        }
    }

    /// @notice Counts one more bitmap into an epoch's participation: positions 0..23 and 24..47 at one byte each, the
    /// number of bitmaps at bit 192 of the second word. An empty bitmap is a block without a committee: not counted.
    /// @dev No byte overflows: an epoch has at most 255 blocks.
    function count(uint256[2] memory participation, uint256 bits) internal pure {
        if (bits == 0) return;

        unchecked {
            participation[0] += spread(bits & 0xffffff);
            participation[1] += spread(bits >> 24) + (1 << 192);
        }
    }

    /// @notice Moves bit k of a word of 32 bits to bit 8k.
    /// @dev Halves move apart, then quarters, and so on down to single bits.
    function spread(uint256 bits) internal pure returns (uint256) {
        bits = (bits | (bits << 112)) & 0x0000000000000000000000000000ffff0000000000000000000000000000ffff;
        bits = (bits | (bits << 56)) & 0x00000000000000ff00000000000000ff00000000000000ff00000000000000ff;
        bits = (bits | (bits << 28)) & 0x0000000f0000000f0000000f0000000f0000000f0000000f0000000f0000000f;
        bits = (bits | (bits << 14)) & 0x0003000300030003000300030003000300030003000300030003000300030003;
        return (bits | (bits << 7)) & 0x0101010101010101010101010101010101010101010101010101010101010101;
    }
}

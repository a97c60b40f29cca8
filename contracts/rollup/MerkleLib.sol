// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Merkle tree over words
/// @notice Binary keccak tree whose leaves are the words themselves, padded with zero words to a power of two. The
/// commitment hashes the root with the number of words: that fixes the depth, so an inner node can never be shown as a
/// leaf, and no leaf hash is needed.
library MerkleLib {
    /// @notice keccak256(root ‖ count) of words in memory. Overwrites them, and up to as many words behind them.
    /// @param words pointer to the first word
    /// @param count number of words, at least 1
    function commit(uint256 words, uint256 count) internal pure returns (bytes32 commitment) {
        assembly ("memory-safe") {
            let width := 1
            for {} lt(width, count) {} {
                width := shl(1, width)
            }
            for {
                let i := add(words, shl(5, count))
                let end := add(words, shl(5, width))
            } lt(i, end) {
                i := add(i, 0x20)
            } {
                mstore(i, 0)
            }

            for {} gt(width, 1) {} {
                let to := words
                for {
                    let from := words
                    let end := add(words, shl(5, width))
                } lt(from, end) {
                    from := add(from, 0x40)
                } {
                    mstore(to, keccak256(from, 0x40))
                    to := add(to, 0x20)
                }
                width := shr(1, width)
            }

            mstore(0x00, mload(words))
            mstore(0x20, count)
            commitment := keccak256(0x00, 0x40)
        }
    }

    /// @notice The commitment that a word at an index under a path belongs to.
    /// @return commitment 0 when the index or the length of the path does not fit the count
    function recompute(
        uint256 word,
        uint256 index,
        uint256 count,
        bytes32[] calldata path
    ) internal pure returns (bytes32 commitment) {
        // The path's length is the depth: the least with 2^depth >= count.
        if (index >= count || path.length > 32) return 0;
        if (1 << path.length < count || (path.length != 0 && 1 << (path.length - 1) >= count)) return 0;

        bytes32 node = bytes32(word);
        for (uint256 i = 0; i < path.length; ++i) {
            node = (index >> i) & 1 == 0 ? _hash(node, path[i]) : _hash(path[i], node);
        }

        return _hash(node, bytes32(count));
    }

    function _hash(bytes32 a, bytes32 b) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(0x00, a)
            mstore(0x20, b)
            hash := keccak256(0x00, 0x40)
        }
    }
}

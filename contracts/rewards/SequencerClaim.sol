// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../rollup/IRollup.sol";
import {BitCursor, BitLayout, Bits, ClaimBitmap} from "./ClaimBitmap.sol";
import {EpochTerms, EpochTermsLib} from "./EpochTerms.sol";
import {EpochWordCall, EpochWords} from "./EpochWords.sol";
import {IRewards} from "./IRewards.sol";

/// @notice Who claims, where its blocks are looked up, and what a committee block earns it.
struct SequencerSources {
    IRollup rollup;
    address coinbase;
    uint256 blockReward;
    uint256 attestationBonus;
}

/// @notice What a claim adds up to.
struct Owed {
    uint256 fees;
    /// Rewards of epochs in the span of the rewards contract, and of others.
    uint256 canonical;
    uint256 other;
    /// What the event names: the blocks, or the epochs.
    bytes list;
}

/// @title Sequencer claims
/// @notice Reads a packed claim (see IRewards), opens its epochs' words and its blocks' leaves, and marks them.
library SequencerClaim {
    using ClaimBitmap for Bits;
    using EpochTermsLib for EpochTerms;
    using EpochWords for EpochWordCall;

    uint256 private constant _HEAD = 75;
    uint256 private constant _LEAF = 12;

    /// @dev An epoch's entry, as read, and what is carried from one to the next: in memory, since the stack has no room.
    struct Entry {
        uint256 when;
        uint256 leaves;
        uint256 blocks;
        uint256 depth;
        bytes32 rewardsRoot;
        /// Bytes of a leaf and its siblings.
        uint256 stride;
        uint256 rewards;
        /// Where the next item of the event's list goes.
        uint256 list;
    }

    /// @return owed its list names every block
    function settle(
        Bits storage self,
        BitLayout memory form,
        EpochTerms memory terms,
        SequencerSources memory sources,
        bytes calldata claims
    ) internal returns (Owed memory owed) {
        BitCursor memory cursor;
        Entry memory entry;
        EpochWordCall call = EpochWords.prepare();
        _startList(owed, entry, claims.length);
        for (uint256 offset = 0; offset < claims.length;) {
            uint256 head = offset;
            offset = _readHead(entry, claims, offset);
            uint256 epoch = entry.when >> 64;
            for (uint256 left = entry.leaves; left != 0;) {
                uint256 index = _readLeaf(entry, owed, sources, claims, offset);
                if (!self.mark(cursor, form, epoch, index)) {
                    revert IRewards.Rewards__AlreadyClaimed(epoch, index);
                }
                unchecked {
                    offset += entry.stride;
                    --left;
                }
            }
            unchecked {
                if (terms.isCanonical(epoch)) owed.canonical += entry.rewards;
                else owed.other += entry.rewards;
            }
            call.requireWord(address(sources.rollup), epoch, _wordOf(entry, claims, head));
            terms.requireClaimable(entry.when);
        }
        self.flush(cursor, form);
        _endList(owed, entry);
    }

    /// @dev epoch32 | provenAt40 | leaves8 | blocks8 | duties256 | settlement256
    function _readHead(
        Entry memory entry,
        bytes calldata claims,
        uint256 offset
    ) private pure returns (uint256 next) {
        unchecked {
            next = offset + _HEAD;
            if (next > claims.length) revert IRewards.Rewards__MalformedClaim(offset);
            uint256 word;
            assembly ("memory-safe") {
                word := calldataload(add(claims.offset, offset))
            }
            uint256 leaves = (word >> 176) & 0xff;
            uint256 blocks = (word >> 168) & 0xff;
            if (blocks != entry.blocks || entry.stride == 0) {
                uint256 depth = 0;
                while (1 << depth < blocks) ++depth;
                (entry.blocks, entry.depth, entry.stride) = (blocks, depth, _LEAF + 32 * depth);
            }
            // The leaves' own length is checked here once for all.
            if (leaves == 0 || next + leaves * entry.stride > claims.length) {
                revert IRewards.Rewards__MalformedClaim(offset);
            }
            entry.when = ((word >> 224) << 64) | ((word >> 184) & 0xffffffffff);
            entry.leaves = leaves;
            entry.rewardsRoot = 0;
            entry.rewards = 0;
        }
    }

    /// @dev index8 | attested8 | fee80 | siblings, of the leaf coinbase160 | attested16 | fee80. Adds up what the block
    /// earned; all leaves of an entry lead to one root.
    function _readLeaf(
        Entry memory entry,
        Owed memory owed,
        SequencerSources memory sources,
        bytes calldata claims,
        uint256 offset
    ) private pure returns (uint256 index) {
        uint256 word;
        assembly ("memory-safe") {
            word := calldataload(add(claims.offset, offset))
        }
        index = word >> 248;
        if (index >= entry.blocks) revert IRewards.Rewards__MalformedClaim(offset);

        unchecked {
            uint256 attested = (word >> 240) & 0xff;
            uint256 fee = (word >> 160) & 0xffffffffffffffffffff;
            uint256 leaf = (uint256(uint160(sources.coinbase)) << 96) | (attested << 80) | fee;
            bytes32 root = _commitment(entry, claims, offset + _LEAF, leaf, index);
            if (entry.rewardsRoot == 0) entry.rewardsRoot = root;
            else if (root != entry.rewardsRoot) revert IRewards.Rewards__WrongLeaf(entry.when >> 64, index);

            owed.fees += fee;
            if (attested != 0) entry.rewards += sources.blockReward + sources.attestationBonus * attested;
        }
        assembly ("memory-safe") {
            // epoch32 | index8; what is written behind them is overwritten or cut.
            let list := mload(add(entry, 0xe0))
            mstore(list, or(shl(160, mload(entry)), shl(216, index)))
            mstore(add(entry, 0xe0), add(list, 5))
        }
    }

    /// @dev keccak256(root ‖ blocks) of the tree in which the leaf stands at the index.
    function _commitment(
        Entry memory entry,
        bytes calldata claims,
        uint256 offset,
        uint256 leaf,
        uint256 index
    ) private pure returns (bytes32 commitment) {
        uint256 blocks = entry.blocks;
        uint256 depth = entry.depth;
        assembly ("memory-safe") {
            let from := add(claims.offset, offset)
            let path := shl(5, index)
            for {
                let end := add(from, shl(5, depth))
            } lt(from, end) {
                from := add(from, 0x20)
            } {
                // The node goes left or right as the lowest bit of the rest of the index says.
                let side := and(path, 0x20)
                mstore(side, leaf)
                mstore(xor(side, 0x20), calldataload(from))
                leaf := keccak256(0, 0x40)
                path := shr(1, path)
            }
            mstore(0, leaf)
            mstore(0x20, blocks)
            commitment := keccak256(0, 0x40)
        }
    }

    /// @dev What the Rollup must have for the epoch.
    function _wordOf(
        Entry memory entry,
        bytes calldata claims,
        uint256 head
    ) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            let from := add(claims.offset, add(head, 11))
            mstore(free, mload(entry))
            mstore(add(free, 0x20), calldataload(add(from, 0x20)))
            mstore(add(free, 0x40), mload(add(entry, 0x80)))
            mstore(0x20, keccak256(free, 0x60))
            mstore(0, calldataload(from))
            word := keccak256(0, 0x40)
        }
    }

    /// @dev The list has at most one item for every shortest leaf.
    function _startList(Owed memory owed, Entry memory entry, uint256 length) private pure {
        bytes memory items = new bytes((length / _LEAF) * 5 + 32);
        owed.list = items;
        assembly ("memory-safe") {
            mstore(add(entry, 0xe0), add(items, 0x20))
        }
    }

    function _endList(Owed memory owed, Entry memory entry) private pure {
        bytes memory items = owed.list;
        uint256 list = entry.list;
        assembly ("memory-safe") {
            mstore(items, sub(list, add(items, 0x20)))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../rollup/IRollup.sol";
import {Epoch} from "../types/Time.sol";
import {BitCursor, BitLayout, Bits, ClaimBitmap} from "./ClaimBitmap.sol";
import {EpochTerms, EpochTermsLib} from "./EpochTerms.sol";
import {IRewards} from "./IRewards.sol";

/// @notice What a committee block earns its coinbase.
struct SequencerRates {
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

    uint256 private constant _HEAD = 75;
    uint256 private constant _LEAF = 12;

    /// @dev An epoch's entry, as read.
    struct Entry {
        uint256 when;
        uint256 leaves;
        uint256 blocks;
        uint256 depth;
        bytes32 rewardsRoot;
    }

    /// @param coinbase in every leaf
    /// @return owed with room in its list for every block
    function settle(
        Bits storage self,
        BitLayout memory form,
        EpochTerms memory terms,
        SequencerRates memory rates,
        IRollup rollup,
        address coinbase,
        bytes calldata claims
    ) internal returns (Owed memory owed) {
        BitCursor memory cursor;
        Entry memory entry;
        uint256 list = _startList(owed, claims.length);
        for (uint256 offset = 0; offset < claims.length;) {
            uint256 head = offset;
            offset = _readHead(entry, claims, offset);
            uint256 epoch = entry.when >> 64;
            uint256 rewards = 0;
            for (uint256 i = 0; i < entry.leaves; ++i) {
                (uint256 leaf, uint256 index) = _readLeaf(claims, offset, coinbase);
                bytes32 root = _root(claims, offset + _LEAF, entry, leaf, index);
                if (i == 0) entry.rewardsRoot = root;
                else if (root != entry.rewardsRoot) revert IRewards.Rewards__WrongLeaf(epoch, index);
                if (!self.mark(cursor, form, epoch, index))
                    revert IRewards.Rewards__AlreadyClaimed(epoch, index);

                unchecked {
                    offset += _LEAF + 32 * entry.depth;
                    owed.fees += leaf & 0xffffffffffffffffffff;
                    uint256 attested = (leaf >> 80) & 0xffff;
                    if (attested != 0) rewards += rates.blockReward + rates.attestationBonus * attested;
                }
                list = _append(list, (epoch << 8) | index);
            }
            _open(entry, claims, head, rollup);
            terms.requireClaimable(entry.when);
            if (terms.isCanonical(epoch)) owed.canonical += rewards;
            else owed.other += rewards;
        }
        self.flush(cursor, form);
        _endList(owed, list);
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
            entry.when = ((word >> 224) << 64) | ((word >> 184) & 0xffffffffff);
            entry.leaves = (word >> 176) & 0xff;
            entry.blocks = (word >> 168) & 0xff;
            uint256 depth = 0;
            while (1 << depth < entry.blocks) ++depth;
            entry.depth = depth;
            // The leaves' own length is checked here once for all.
            if (entry.leaves == 0 || next + entry.leaves * (_LEAF + 32 * depth) > claims.length)
                revert IRewards.Rewards__MalformedClaim(offset);
        }
    }

    /// @dev index8 | attested8 | fee80, as the leaf coinbase160 | attested16 | fee80.
    function _readLeaf(
        bytes calldata claims,
        uint256 offset,
        address coinbase
    ) private pure returns (uint256 leaf, uint256 index) {
        uint256 word;
        assembly ("memory-safe") {
            word := calldataload(add(claims.offset, offset))
        }
        index = word >> 248;
        leaf =
            (uint256(uint160(coinbase)) << 96) |
            (((word >> 240) & 0xff) << 80) |
            ((word >> 160) & 0xffffffffffffffffffff);
    }

    /// @dev keccak256(root ‖ blocks) of the tree in which the leaf stands at the index.
    function _root(
        bytes calldata claims,
        uint256 offset,
        Entry memory entry,
        uint256 leaf,
        uint256 index
    ) private pure returns (bytes32 commitment) {
        uint256 blocks = entry.blocks;
        if (index >= blocks) revert IRewards.Rewards__MalformedClaim(offset);
        uint256 depth = entry.depth;
        assembly ("memory-safe") {
            let node := leaf
            let path := index
            let from := add(claims.offset, offset)
            let end := add(from, shl(5, depth))
            for {} lt(from, end) {
                from := add(from, 0x20)
            } {
                // The node goes left or right as the index's lowest bit says.
                let side := shl(5, and(path, 1))
                mstore(side, node)
                mstore(xor(side, 0x20), calldataload(from))
                node := keccak256(0, 0x40)
                path := shr(1, path)
            }
            mstore(0, node)
            mstore(0x20, blocks)
            commitment := keccak256(0, 0x40)
        }
    }

    /// @dev Compares with the Rollup's word. Words of unproven epochs are 0 or another epoch's.
    function _open(Entry memory entry, bytes calldata claims, uint256 head, IRollup rollup) private view {
        bytes32 word;
        assembly ("memory-safe") {
            let free := mload(0x40)
            let from := add(claims.offset, add(head, 11))
            let when := mload(entry)
            mstore(free, when)
            mstore(add(free, 0x20), calldataload(add(from, 0x20)))
            mstore(add(free, 0x40), mload(add(entry, 0x80)))
            mstore(0x20, keccak256(free, 0x60))
            mstore(0, calldataload(from))
            word := keccak256(0, 0x40)
        }
        uint256 epoch = entry.when >> 64;
        bytes32 expected = rollup.epochWord(Epoch.wrap(epoch));
        if (word != expected) revert IRewards.Rewards__WrongOpening(epoch, expected, word);
    }

    /// @dev The list has at most one item for every shortest leaf.
    function _startList(Owed memory owed, uint256 length) private pure returns (uint256 list) {
        owed.list = new bytes(0);
        bytes memory items = new bytes((length / _LEAF) * 5 + 32);
        owed.list = items;
        assembly ("memory-safe") {
            list := add(items, 0x20)
        }
    }

    /// @dev Five bytes; what is written behind them is overwritten or cut.
    function _append(uint256 list, uint256 item) private pure returns (uint256 next) {
        assembly ("memory-safe") {
            mstore(list, shl(216, item))
            next := add(list, 5)
        }
    }

    function _endList(Owed memory owed, uint256 list) private pure {
        bytes memory items = owed.list;
        assembly ("memory-safe") {
            mstore(items, sub(list, add(items, 0x20)))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../rollup/IRollup.sol";
import {BitCursor, BitLayout, Bits, ClaimBitmap} from "./ClaimBitmap.sol";
import {EpochTerms, EpochTermsLib} from "./EpochTerms.sol";
import {EpochWordCall, EpochWords} from "./EpochWords.sol";
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
    using EpochWords for EpochWordCall;

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
    /// @return owed its list names every block
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
        EpochWordCall call = EpochWords.prepare();
        uint256 list = _startList(owed, claims.length);
        for (uint256 offset = 0; offset < claims.length;) {
            uint256 head = offset;
            offset = _readHead(entry, claims, offset);
            uint256 epoch = entry.when >> 64;
            uint256 rewards = 0;
            unchecked {
                for (uint256 i = 0; i < entry.leaves; ++i) {
                    (uint256 leaf, uint256 index, bytes32 root) = _readLeaf(claims, offset, entry, coinbase);
                    if (i == 0) entry.rewardsRoot = root;
                    else if (root != entry.rewardsRoot) revert IRewards.Rewards__WrongLeaf(epoch, index);
                    if (!self.mark(cursor, form, epoch, index))
                        revert IRewards.Rewards__AlreadyClaimed(epoch, index);

                    offset += _LEAF + 32 * entry.depth;
                    owed.fees += leaf & 0xffffffffffffffffffff;
                    uint256 attested = (leaf >> 80) & 0xffff;
                    if (attested != 0) rewards += rates.blockReward + rates.attestationBonus * attested;
                    assembly ("memory-safe") {
                        // Five bytes; what is written behind them is overwritten or cut.
                        mstore(list, or(shl(224, epoch), shl(216, index)))
                        list := add(list, 5)
                    }
                }
                if (terms.isCanonical(epoch)) owed.canonical += rewards;
                else owed.other += rewards;
            }
            call.requireWord(address(rollup), epoch, _wordOf(entry, claims, head));
            terms.requireClaimable(entry.when);
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
            uint256 blocks = (word >> 168) & 0xff;
            if (blocks != entry.blocks) {
                uint256 depth = 0;
                while (1 << depth < blocks) ++depth;
                (entry.blocks, entry.depth) = (blocks, depth);
            }
            // The leaves' own length is checked here once for all.
            if (entry.leaves == 0 || next + entry.leaves * (_LEAF + 32 * entry.depth) > claims.length)
                revert IRewards.Rewards__MalformedClaim(offset);
        }
    }

    /// @dev index8 | attested8 | fee80 | siblings
    /// @return leaf coinbase160 | attested16 | fee80
    /// @return index its place
    /// @return root keccak256(root ‖ blocks) of the tree it stands in
    function _readLeaf(
        bytes calldata claims,
        uint256 offset,
        Entry memory entry,
        address coinbase
    ) private pure returns (uint256 leaf, uint256 index, bytes32 root) {
        uint256 blocks = entry.blocks;
        uint256 depth = entry.depth;
        uint256 payee = uint160(coinbase);
        assembly ("memory-safe") {
            let from := add(claims.offset, offset)
            let word := calldataload(from)
            index := shr(248, word)
            leaf := or(
                shl(96, payee),
                or(shl(80, and(shr(240, word), 0xff)), and(shr(160, word), 0xffffffffffffffffffff))
            )
            from := add(from, 12)
            let node := leaf
            let path := shl(5, index)
            for {
                let end := add(from, shl(5, depth))
            } lt(from, end) {
                from := add(from, 0x20)
            } {
                // The node goes left or right as the lowest bit of the rest of the index says.
                let side := and(path, 0x20)
                mstore(side, node)
                mstore(xor(side, 0x20), calldataload(from))
                node := keccak256(0, 0x40)
                path := shr(1, path)
            }
            mstore(0, node)
            mstore(0x20, blocks)
            root := keccak256(0, 0x40)
        }
        if (index >= blocks) revert IRewards.Rewards__MalformedClaim(offset);
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
    function _startList(Owed memory owed, uint256 length) private pure returns (uint256 list) {
        bytes memory items = new bytes((length / _LEAF) * 5 + 32);
        owed.list = items;
        assembly ("memory-safe") {
            list := add(items, 0x20)
        }
    }

    function _endList(Owed memory owed, uint256 list) private pure {
        bytes memory items = owed.list;
        assembly ("memory-safe") {
            mstore(items, sub(list, add(items, 0x20)))
        }
    }
}

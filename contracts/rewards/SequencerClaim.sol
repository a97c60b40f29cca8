// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EpochWordLib} from "../rollup/EpochWordLib.sol";
import {IRollup} from "../rollup/IRollup.sol";
import {BitCursor, ClaimBitmap} from "./ClaimBitmap.sol";
import {EpochTerms, EpochTermsLib} from "./EpochTerms.sol";
import {EpochWords} from "./EpochWords.sol";
import {IRewards} from "./IRewards.sol";
import {Owed, OwedLib} from "./Owed.sol";

/// @notice Who claims, where its blocks are looked up, and what a committee block earns it.
struct SequencerSources {
    IRollup rollup;
    address coinbase;
    uint256 blockReward;
    uint256 attestationBonus;
}

/// @title Sequencer claims
/// @notice Reads a packed claim (see IRewards), opens its epochs' words and its blocks' leaves, and marks them.
library SequencerClaim {
    using ClaimBitmap for BitCursor;
    using EpochTermsLib for EpochTerms;
    using EpochWords for IRollup;
    using OwedLib for Owed;

    uint256 private constant _HEAD = 75;
    uint256 private constant _LEAF = 12;
    uint256 private constant _CHAINED = 1 << 223;

    /// @dev An epoch's entry, as read, and what is carried from one to the next: in memory, since the stack has no room.
    /// The first three words are the preimage of its payments; the assembly below knows all places.
    struct Entry {
        uint256 when;
        bytes32 settlement;
        /// That of the leaves read so far, 0 before the first.
        bytes32 rewardsRoot;
        uint256 blocks;
        /// Bytes of a leaf's siblings.
        uint256 siblings;
        /// The claimant's address, where a leaf has it.
        uint256 coinbase;
        /// What a committee block earns, and for every attestation.
        uint256 blockReward;
        uint256 attestationBonus;
        /// Of the entry; and fees of all entries.
        uint256 rewards;
        uint256 fees;
        /// Where the next item of the event's list goes.
        uint256 list;
        bytes32 duties;
        /// Word of the epoch; of the one before until this one is open.
        bytes32 word;
        /// Where the claim is in the calldata.
        uint256 start;
        uint256 end;
    }

    /// @param cursor of the marks, one a block
    /// @return owed its list names every block
    function settle(
        BitCursor memory cursor,
        EpochTerms memory terms,
        SequencerSources memory sources,
        bytes calldata claims
    ) internal returns (Owed memory owed) {
        Entry memory entry;
        uint256 pos = _start(entry, sources, claims);
        // One item for every leaf, of which the shortest has no siblings.
        entry.list = owed.beginList(5 * (claims.length / _LEAF));
        while (pos < entry.end) {
            if (_load(pos) & _CHAINED == 0) sources.rollup.requireWord(entry.when >> 64, entry.word);
            uint256 next;
            (pos, next) = _readHead(entry, pos);
            terms.requireClaimable(entry.when);
            while (pos < next) pos = _settleLeaf(entry, cursor, pos);
            unchecked {
                if (terms.isCanonical(entry.when >> 64)) owed.canonical += entry.rewards;
                else owed.other += entry.rewards;
            }
            entry.word = EpochWordLib.word(entry.duties, EpochWordLib.link(_paymentsOf(entry), entry.word));
        }
        sources.rollup.requireWord(entry.when >> 64, entry.word);
        cursor.flush();
        owed.fees = entry.fees;
        owed.endList(entry.list);
    }

    /// @return pos where the first entry begins in the calldata
    function _start(
        Entry memory entry,
        SequencerSources memory sources,
        bytes calldata claims
    ) private pure returns (uint256 pos) {
        assembly ("memory-safe") {
            pos := claims.offset
        }
        unchecked {
            (entry.start, entry.end) = (pos, pos + claims.length);
        }
        entry.coinbase = uint256(uint160(sources.coinbase)) << 96;
        (entry.blockReward, entry.attestationBonus) = (sources.blockReward, sources.attestationBonus);
    }

    /// @dev epoch32 | chained1 | provenAt39 | leaves8 | blocks8 | duties256 | settlement256 | previous256 if not chained.
    /// @return next where the leaves begin
    /// @return end and end
    function _readHead(Entry memory entry, uint256 pos) private pure returns (uint256 next, uint256 end) {
        unchecked {
            uint256 head = _load(pos);
            next = pos + _HEAD;
            if (head & _CHAINED == 0) {
                entry.word = bytes32(_load(next));
                next += 32;
            }
            uint256 blocks = (head >> 168) & 0xff;
            if (blocks != entry.blocks) {
                uint256 siblings = 0;
                while (1 << (siblings >> 5) < blocks) siblings += 32;
                (entry.blocks, entry.siblings) = (blocks, siblings);
            }
            end = next + ((head >> 176) & 0xff) * (_LEAF + entry.siblings);
            // The leaves' own length is checked here once for all.
            if (end > entry.end || end == next) revert IRewards.Rewards__MalformedClaim(pos - entry.start);

            entry.when = ((head >> 224) << 64) | ((head >> 184) & 0x7fffffffff);
            (entry.duties, entry.settlement) = (bytes32(_load(pos + 11)), bytes32(_load(pos + 43)));
            (entry.rewardsRoot, entry.rewards) = (0, 0);
        }
    }

    /// @dev Reads a leaf and marks its block.
    /// @return next where the leaf after it begins
    function _settleLeaf(
        Entry memory entry,
        BitCursor memory cursor,
        uint256 pos
    ) private returns (uint256 next) {
        uint256 index = _load(pos) >> 248;
        unchecked {
            if (index >= entry.blocks) revert IRewards.Rewards__MalformedClaim(pos - entry.start);
        }
        bytes32 root;
        (next, root) = _readLeaf(entry, pos);
        if (entry.rewardsRoot == 0) entry.rewardsRoot = root;
        else if (root != entry.rewardsRoot) revert IRewards.Rewards__WrongLeaf(entry.when >> 64, index);
        if (!cursor.mark(entry.when >> 64, index))
            revert IRewards.Rewards__AlreadyClaimed(entry.when >> 64, index);
    }

    /// @dev index8 | attested8 | fee80 | siblings, of the leaf coinbase160 | attested16 | fee80. Adds up what the block
    /// earned.
    /// @return next where the leaf after it begins
    /// @return root commitment of the epoch's leaves to which it leads
    function _readLeaf(Entry memory entry, uint256 pos) private pure returns (uint256 next, bytes32 root) {
        assembly ("memory-safe") {
            let word := calldataload(pos)
            let index := byte(0, word)
            let attested := byte(1, word)
            let fee := and(shr(160, word), 0xffffffffffffffffffff)
            mstore(add(entry, 0x120), add(mload(add(entry, 0x120)), fee))
            if attested {
                let reward := add(mload(add(entry, 0xc0)), mul(attested, mload(add(entry, 0xe0))))
                mstore(add(entry, 0x100), add(mload(add(entry, 0x100)), reward))
            }
            // epoch32 | index8; what is written behind them is overwritten or cut.
            let list := mload(add(entry, 0x140))
            mstore(list, or(shl(160, mload(entry)), shl(216, index)))
            mstore(add(entry, 0x140), add(list, 5))

            // Up to the root: the node goes left or right as the lowest bit of the rest of the index says.
            let node := or(or(mload(add(entry, 0xa0)), shl(80, attested)), fee)
            let path := shl(5, index)
            pos := add(pos, _LEAF)
            next := add(pos, mload(add(entry, 0x80)))
            for {} lt(pos, next) {
                pos := add(pos, 0x20)
            } {
                let side := and(path, 0x20)
                mstore(side, node)
                mstore(xor(side, 0x20), calldataload(pos))
                node := keccak256(0, 0x40)
                path := shr(1, path)
            }
            // keccak256(root ‖ blocks)
            mstore(0, node)
            mstore(0x20, mload(add(entry, 0x60)))
            root := keccak256(0, 0x40)
        }
    }

    function _paymentsOf(Entry memory entry) private pure returns (bytes32 payments) {
        assembly ("memory-safe") {
            payments := keccak256(entry, 0x60)
        }
    }

    /// @dev A word of the calldata; zeros beyond its end.
    function _load(uint256 pos) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(pos)
        }
    }
}

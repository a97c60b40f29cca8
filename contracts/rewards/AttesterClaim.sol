// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Permutation} from "../crypto/Permutation.sol";
import {IRollup} from "../rollup/IRollup.sol";
import {IValidatorRegistry} from "../staking/IValidatorRegistry.sol";
import {SeedWord} from "../staking/StakingWords.sol";
import {Timestamp} from "../types/Time.sol";
import {BitCursor, ClaimBitmap} from "./ClaimBitmap.sol";
import {EpochTerms, EpochTermsLib} from "./EpochTerms.sol";
import {EpochWords} from "./EpochWords.sol";
import {IRewards} from "./IRewards.sol";
import {Owed, OwedLib} from "./Owed.sol";

/// @notice Where claims of attesters are looked up.
struct AttesterSources {
    IRollup rollup;
    IValidatorRegistry registry;
    uint256 committeeSize;
    uint256 reward;
}

/// @title Attester claims
/// @notice Reads a packed claim (see IRewards), opens its epochs' words, finds who held the committee's position, and
/// marks the epochs for that validator.
///
/// A validator stands at one place of a set, and the committee has every place at most once, so one bit for validator and
/// epoch is enough. Epochs ascend. So what changes rarely (the word of marks, the side of the canonical span, who stood at
/// a place) is worked out for as long as it holds, and an entry that meets nothing of it costs little more than its hashes.
library AttesterClaim {
    using ClaimBitmap for BitCursor;
    using EpochTermsLib for EpochTerms;
    using EpochWords for IRollup;
    using OwedLib for Owed;

    uint256 private constant _HEAD = 12;
    uint256 private constant _ENTRY = 55;
    uint256 private constant _HALF = 24;
    uint256 private constant _FREEZE_LEAD = 3;
    uint256 private constant _SEED = (1 << 132) - 1;
    /// @dev followers20 | size20 | side12 | set8, at their places in the seed word.
    uint256 private constant _SIZES = ((1 << 60) - 1) << 132;

    /// @dev Flags of an entry's mode, beside the form of its participation.
    uint256 private constant _WITH_SIZES = 4;
    uint256 private constant _WITH_POSITION = 8;
    uint256 private constant _WITH_SKIP = 16;
    uint256 private constant _FIRST = 32;

    /// @dev One, three and fifteen in each byte of 24.
    uint256 private constant _ONES = 0x010101010101010101010101010101010101010101010101;
    uint256 private constant _PAIRS = 0x030303030303030303030303030303030303030303030303;
    uint256 private constant _NIBBLES = 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;

    /// @dev An epoch's entry, as read, and what reading needs. The first four words are the preimage of its duties; the
    /// assembly below knows all places up to `until`.
    struct Entry {
        uint256 when;
        uint256 participation0;
        uint256 participation1;
        uint256 seedWord;
        /// The seed word without the seed; of the epoch before until this one is open. And what an epoch adds to it.
        uint256 base;
        uint256 step;
        /// Word of the epoch, likewise.
        bytes32 word;
        /// A one in the byte of every member, in the two words of participation; and one for the number of blocks.
        uint256 ones0;
        uint256 ones1;
        /// Where in memory the word is whose last byte is the position's count.
        uint256 count;
        /// An entry that was proven after `settled`, or is of epoch `until` or later, needs a closer look.
        uint256 settled;
        uint256 until;
        uint256 position;
        /// Where the claim is in the calldata.
        uint256 start;
        uint256 end;
    }

    /// @dev What holds for a while, and what it adds up to.
    struct Stretch {
        bytes28 keyHash;
        /// First epoch beyond those that share a word of marks and a side of the canonical span.
        uint256 until;
        bool canonical;
        /// Their marks before this claim, and blocks attested in them so far.
        uint256 marks;
        uint256 attested;
        /// Where the claimant is known to stand, position << 1 | pinned, and 1 added; 0 for nowhere. And first epoch of
        /// which it is not known any more.
        uint256 place;
        uint256 heldUntil;
        /// Where the next word of the event's list goes.
        uint256 list;
    }

    /// @param cursor of the claimant's marks, one an epoch
    /// @return owed its list has the marks that are new, a word for every word of marks
    function settle(
        BitCursor memory cursor,
        EpochTerms memory terms,
        AttesterSources memory sources,
        bytes28 keyHash,
        bytes calldata claims
    ) internal returns (Owed memory owed) {
        Entry memory entry;
        Stretch memory stretch;
        stretch.keyHash = keyHash;
        // One word an entry: every stretch begins with one.
        stretch.list = owed.beginList(32 * (claims.length / _ENTRY));
        uint256 pos = _start(entry, terms, sources, claims);
        while (pos < entry.end) {
            uint256 body = pos + _ENTRY;
            if (_load(pos) >> 248 > 3) body = _prepare(entry, sources, pos);
            bool isSpecial;
            (pos, isSpecial) = _open(entry, pos, body);
            if (isSpecial) _examine(entry, stretch, cursor, owed, terms, sources);
            unchecked {
                uint256 bit = 1 << ((entry.when >> 64) - cursor.first);
                uint256 word = cursor.word;
                if (word & bit != 0)
                    revert IRewards.Rewards__AlreadyClaimed(entry.when >> 64, entry.position);

                cursor.word = word | bit;
                stretch.attested += _countOf(entry);
            }
        }
        // It is enough to see at the end that no entry was cut: nothing counts before.
        if (pos != entry.end) revert IRewards.Rewards__MalformedClaim(claims.length);
        sources.rollup.requireWord(entry.when >> 64, entry.word);
        _close(stretch, cursor, owed, sources.reward);
        cursor.flush();
        owed.endList(stretch.list);
    }

    /// @dev epoch32 | spare4 | followers20 | size20 | side12 | set8
    /// @return pos where the first entry begins in the calldata
    function _start(
        Entry memory entry,
        EpochTerms memory terms,
        AttesterSources memory sources,
        bytes calldata claims
    ) private pure returns (uint256 pos) {
        assembly ("memory-safe") {
            pos := claims.offset
        }
        unchecked {
            uint256 head = _load(pos);
            uint256 before = (head >> 224) - 1;
            uint256 freeze = terms.genesis + (before - _FREEZE_LEAD) * terms.epochDuration;
            entry.base = ((before + 1) << 224) + (freeze << 192);
            entry.step = (1 << 224) + (terms.epochDuration << 192);
            entry.settled = terms.settled;
            _setSizes(entry, sources.committeeSize, head >> 160);
            (entry.start, entry.end) = (pos, pos + claims.length);
            pos += _HEAD;
        }
    }

    /// @param sizes spare4 | followers20 | size20 | side12 | set8
    function _setSizes(Entry memory entry, uint256 committeeSize, uint256 sizes) private pure {
        unchecked {
            uint256 members = (sizes >> 20) & 0xfffff;
            if (members > committeeSize) members = committeeSize;
            entry.base = (entry.base & ~_SIZES) | ((sizes << 132) & _SIZES);
            entry.ones0 = _ONES & ((1 << (8 * (members < _HALF ? members : _HALF))) - 1);
            uint256 ones = members > _HALF ? _ONES & ((1 << (8 * (members - _HALF))) - 1) : 0;
            entry.ones1 = (1 << 192) | ones;
            entry.until = 0;
        }
    }

    /// @dev skip16 | sizes64 | position8, those of them that the entry's mode names.
    /// @return body where its participation begins
    function _prepare(
        Entry memory entry,
        AttesterSources memory sources,
        uint256 pos
    ) private view returns (uint256 body) {
        unchecked {
            uint256 mode = _load(pos) >> 248;
            if (mode > 63) revert IRewards.Rewards__MalformedClaim(pos - entry.start);
            if (mode & _FIRST != 0) sources.rollup.requireWord(entry.when >> 64, entry.word);
            body = pos + _ENTRY;
            if (mode & _WITH_SKIP != 0) {
                entry.base += ((_load(body) >> 240) - 1) * entry.step;
                body += 2;
            }
            if (mode & _WITH_SIZES != 0) {
                _setSizes(entry, sources.committeeSize, _load(body) >> 192);
                body += 8;
            }
            if (mode & _WITH_POSITION == 0) return body;
            entry.position = _load(body) >> 248;
            entry.until = 0;
            return body + 1;
        }
    }

    /// @dev mode8 | provenAt40 | spare4 | seed132 | link256 or payments256; participation behind.
    /// @return next where the entry after it begins
    /// @return isSpecial whether it needs a closer look
    function _open(
        Entry memory entry,
        uint256 pos,
        uint256 body
    ) private pure returns (uint256 next, bool isSpecial) {
        assembly ("memory-safe") {
            let head := calldataload(pos)
            let mode := shr(248, head)
            let base := add(mload(add(entry, 0x80)), mload(add(entry, 0xa0)))
            mstore(add(entry, 0x80), base)
            mstore(add(entry, 0x60), or(base, and(shr(72, head), _SEED)))
            let epoch := sub(shr(224, base), 1)
            let provenAt := and(shr(208, head), 0xffffffffff)
            mstore(entry, or(shl(64, epoch), provenAt))
            isSpecial := or(
                gt(provenAt, mload(add(entry, 0x140))),
                iszero(lt(epoch, mload(add(entry, 0x160))))
            )

            // A one for every member, times the blocks; less what each missed.
            let list := calldataload(body)
            let blocks := shr(248, list)
            let low := mul(blocks, mload(add(entry, 0xe0)))
            let high := mul(blocks, mload(add(entry, 0x100)))
            switch and(mode, 3)
            case 3 {
                // Byte j of 12: of positions j, 12 + j, 24 + j and 36 + j. What a shift carries over a byte's end is
                // outside the mask.
                list := and(shr(152, list), 0xffffffffffffffffffffffff)
                low := sub(low, and(or(list, shl(94, list)), _PAIRS))
                high := sub(high, and(or(shr(4, list), shl(90, list)), _PAIRS))
                next := add(body, 13)
            }
            case 1 {
                // Byte j of 24: of positions j and 24 + j.
                list := shr(56, list)
                low := sub(low, and(list, _NIBBLES))
                high := sub(high, and(shr(4, list), _NIBBLES))
                next := add(body, 25)
            }
            case 2 {
                next := add(body, 1)
            }
            default {
                // All counts.
                low := shr(64, list)
                high := shr(56, calldataload(add(body, 24)))
                next := add(body, 49)
            }
            mstore(add(entry, 0x20), low)
            mstore(add(entry, 0x40), high)

            // See EpochWordLib: the link, which the first entry of a run brings, then the word.
            let hash := calldataload(add(pos, 23))
            if lt(mode, _FIRST) {
                mstore(0, hash)
                mstore(0x20, mload(add(entry, 0xc0)))
                hash := keccak256(0, 0x40)
            }
            mstore(0, keccak256(entry, 0x80))
            mstore(0x20, hash)
            mstore(add(entry, 0xc0), keccak256(0, 0x40))
        }
    }

    /// @dev Holds an entry to its terms; finds out for how long no other needs a closer look.
    function _examine(
        Entry memory entry,
        Stretch memory stretch,
        BitCursor memory cursor,
        Owed memory owed,
        EpochTerms memory terms,
        AttesterSources memory sources
    ) private {
        terms.requireClaimable(entry.when);
        uint256 epoch = entry.when >> 64;
        if (epoch >= stretch.until) {
            _close(stretch, cursor, owed, sources.reward);
            cursor.seek(epoch);
            _begin(stretch, cursor, terms, epoch);
        }
        if (_requireMember(entry, stretch, sources, epoch)) return;
        entry.until = stretch.until < stretch.heldUntil ? stretch.until : stretch.heldUntil;
    }

    /// @dev From an epoch on, whose group of marks the cursor is at.
    function _begin(
        Stretch memory stretch,
        BitCursor memory cursor,
        EpochTerms memory terms,
        uint256 epoch
    ) private pure {
        bool canonical = terms.isCanonical(epoch);
        uint256 edge = type(uint256).max;
        if (canonical) edge = terms.canonicalUntil;
        else if (epoch < terms.canonicalFrom) edge = terms.canonicalFrom;
        uint256 end = cursor.first + cursor.count;

        (stretch.canonical, stretch.until, stretch.marks) = (canonical, end < edge ? end : edge, cursor.word);
    }

    function _close(
        Stretch memory stretch,
        BitCursor memory cursor,
        Owed memory owed,
        uint256 reward
    ) private pure {
        if (stretch.until == 0) return;
        unchecked {
            if (stretch.canonical) owed.canonical += reward * stretch.attested;
            else owed.other += reward * stretch.attested;
            stretch.attested = 0;

            // group32 + 1 | the new ones of 224 marks
            uint256 list = stretch.list;
            uint256 fresh = ((stretch.marks ^ cursor.word) << 32) >> 32;
            uint256 item = ((cursor.word >> 224) << 224) | fresh;
            assembly ("memory-safe") {
                mstore(list, item)
            }
            stretch.list = list + 32;
        }
    }

    /// @dev Refuses an entry whose position another holds.
    /// @return isPart whether only a part of the set is drawn: then every seed puts others at a position
    function _requireMember(
        Entry memory entry,
        Stretch memory stretch,
        AttesterSources memory sources,
        uint256 epoch
    ) private view returns (bool isPart) {
        unchecked {
            SeedWord word = SeedWord.wrap(entry.seedWord);
            (uint256 size, uint256 position) = (word.sizeOf(), entry.position);
            if (position >= size || position >= sources.committeeSize)
                revert IRewards.Rewards__NotInCommittee(epoch, position);
            // Its count is a byte of two words, which have 24 each, from the lowest.
            assembly ("memory-safe") {
                let last := add(add(entry, 0x20), mul(gt(position, 23), 0x38))
                mstore(add(entry, 0x120), sub(last, position))
            }
            isPart = size > sources.committeeSize;
            if (isPart) position = Permutation.placeOf(word.seedOf(), size, word.sideOf(), position);
            uint256 followers = word.followersOf();
            bool pinned = position >= followers;
            if (pinned) position -= followers;

            uint256 place = ((position << 1) | (pinned ? 1 : 0)) + 1;
            if (stretch.place == place && epoch < stretch.heldUntil) return isPart;

            uint256 freeze = word.freezeOf();
            (bytes28 holder, , uint256 until) = sources.registry.tenureAt(
                pinned ? address(sources.rollup) : address(0),
                position,
                Timestamp.wrap(freeze)
            );
            if (holder != stretch.keyHash)
                revert IRewards.Rewards__WrongAttester(epoch, stretch.keyHash, holder);
            // Freezes are an epoch apart.
            uint256 epochDuration = (entry.step >> 192) & type(uint32).max;
            (stretch.place, stretch.heldUntil) = (place, epoch + 1 + (until - 1 - freeze) / epochDuration);
        }
    }

    function _countOf(Entry memory entry) private pure returns (uint256 count) {
        assembly ("memory-safe") {
            count := and(mload(mload(add(entry, 0x120))), 0xff)
        }
    }

    /// @dev A word of the calldata; zeros beyond its end.
    function _load(uint256 pos) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(pos)
        }
    }
}

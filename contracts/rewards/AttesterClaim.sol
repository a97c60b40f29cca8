// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../rollup/IRollup.sol";
import {IValidatorRegistry} from "../staking/IValidatorRegistry.sol";
import {SelectionLib} from "../staking/SelectionLib.sol";
import {SeedWord} from "../staking/StakingWords.sol";
import {Epoch, Timestamp} from "../types/Time.sol";
import {BitCursor, BitLayout, Bits, ClaimBitmap} from "./ClaimBitmap.sol";
import {EpochTerms, EpochTermsLib} from "./EpochTerms.sol";
import {IRewards} from "./IRewards.sol";
import {Owed} from "./SequencerClaim.sol";

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
/// epoch is enough. Who stood where is read from the registry once for as long as nothing changed at the place.
library AttesterClaim {
    using ClaimBitmap for Bits;
    using EpochTermsLib for EpochTerms;

    uint256 private constant _HEAD = 12;
    uint256 private constant _ENTRY = 58;
    uint256 private constant _HALF = 24;
    uint256 private constant _FREEZE_LEAD = 3;

    /// One bit in each byte of 24.
    uint256 private constant _ONES = 0x010101010101010101010101010101010101010101010101;

    /// @dev An epoch's entry, as read. The first four words are the preimage of its duties.
    struct Entry {
        uint256 when;
        uint256 participation0;
        uint256 participation1;
        uint256 seedWord;
        bytes32 payments;
        uint256 position;
        /// followers20 | size20 | side12 | set8
        uint256 sizes;
    }

    /// @dev Who held a position of a set, and in which time.
    struct Tenure {
        bool known;
        bool pinned;
        uint256 position;
        uint256 from;
        uint256 until;
    }

    function settle(
        Bits storage self,
        BitLayout memory form,
        EpochTerms memory terms,
        AttesterSources memory sources,
        bytes28 keyHash,
        bytes calldata claims
    ) internal returns (Owed memory owed) {
        BitCursor memory cursor;
        Entry memory entry;
        Tenure memory tenure;
        if (claims.length < _HEAD) revert IRewards.Rewards__MalformedClaim(0);
        uint256 epoch;
        uint256 list;
        (epoch, entry.sizes, list) = _start(owed, claims);

        for (uint256 offset = _HEAD; offset < claims.length;) {
            (offset, epoch) = _read(entry, terms, sources.committeeSize, epoch, claims, offset);
            _open(entry, sources.rollup, epoch);
            terms.requireClaimable(entry.when);
            _requireMember(tenure, entry, sources, keyHash, epoch);
            if (!self.mark(cursor, form, epoch, 0))
                revert IRewards.Rewards__AlreadyClaimed(epoch, entry.position);

            unchecked {
                uint256 rewards = sources.reward * _countAt(entry);
                if (terms.isCanonical(epoch)) owed.canonical += rewards;
                else owed.other += rewards;
            }
            assembly ("memory-safe") {
                mstore(list, shl(224, epoch))
                list := add(list, 4)
            }
        }
        self.flush(cursor, form);
        bytes memory items = owed.list;
        assembly ("memory-safe") {
            mstore(items, sub(list, add(items, 0x20)))
        }
    }

    /// @dev epoch32 | spare4 | followers20 | size20 | side12 | set8
    function _start(
        Owed memory owed,
        bytes calldata claims
    ) private pure returns (uint256 epoch, uint256 sizes, uint256 list) {
        uint256 word;
        assembly ("memory-safe") {
            word := calldataload(claims.offset)
        }
        epoch = word >> 224;
        sizes = (word >> 160) & 0xfffffffffffffff;
        bytes memory items = new bytes((claims.length / _ENTRY) * 4 + 32);
        owed.list = items;
        assembly ("memory-safe") {
            list := add(items, 0x20)
        }
    }

    /// @dev mode8 | skip16 | provenAt40 | position8 | spare4 | seed132 | payments256 | sizes64 | participation
    function _read(
        Entry memory entry,
        EpochTerms memory terms,
        uint256 committeeSize,
        uint256 epoch,
        bytes calldata claims,
        uint256 offset
    ) private pure returns (uint256 next, uint256) {
        unchecked {
            uint256 word;
            bytes32 payments;
            assembly ("memory-safe") {
                let from := add(claims.offset, offset)
                word := calldataload(from)
                payments := calldataload(add(from, 26))
            }
            uint256 mode = word >> 248;
            epoch += (word >> 232) & 0xffff;
            next = offset + _ENTRY;
            if (mode & 4 != 0) {
                assembly ("memory-safe") {
                    // The sizes stand in the lowest 60 bits of the eight bytes.
                    mstore(
                        add(entry, 0xc0),
                        and(shr(192, calldataload(add(claims.offset, next))), 0xfffffffffffffff)
                    )
                }
                next += 8;
            }
            entry.when = (epoch << 64) | ((word >> 192) & 0xffffffffff);
            entry.payments = payments;
            entry.position = (word >> 184) & 0xff;
            uint256 freeze = terms.genesis + epoch * terms.epochDuration - _FREEZE_LEAD * terms.epochDuration;
            entry.seedWord =
                ((epoch + 1) << 224) |
                (freeze << 192) |
                (entry.sizes << 132) |
                ((word >> 48) & ((1 << 132) - 1));
            next = _readParticipation(entry, committeeSize, mode & 3, claims, next);
            if (next > claims.length || mode > 7) revert IRewards.Rewards__MalformedClaim(offset);
            return (next, epoch);
        }
    }

    function _readParticipation(
        Entry memory entry,
        uint256 committeeSize,
        uint256 mode,
        bytes calldata claims,
        uint256 offset
    ) private pure returns (uint256 next) {
        unchecked {
            uint256 word;
            uint256 word1;
            assembly ("memory-safe") {
                word := calldataload(add(claims.offset, offset))
                word1 := calldataload(add(claims.offset, add(offset, 24)))
            }
            if (mode == 0) {
                entry.participation0 = word >> 64;
                entry.participation1 = word1 >> 56;
                return offset + 49;
            }
            if (mode > 2) revert IRewards.Rewards__MalformedClaim(offset);

            uint256 blocks = word >> 248;
            uint256 members = SeedWord.wrap(entry.seedWord).sizeOf();
            if (members > committeeSize) members = committeeSize;
            // A one for every member, times the blocks; less what each missed.
            uint256 low = _ONES & ((1 << (8 * (members < _HALF ? members : _HALF))) - 1);
            uint256 high = members > _HALF ? _ONES & ((1 << (8 * (members - _HALF))) - 1) : 0;
            entry.participation0 = blocks * low;
            entry.participation1 = (blocks << 192) | (blocks * high);
            if (mode == 2) return offset + 1;

            uint256 missed = (word >> 56) & ((1 << 192) - 1);
            entry.participation0 -= _spread(missed & ((1 << 96) - 1));
            entry.participation1 -= _spread(missed >> 96);
            return offset + 25;
        }
    }

    /// @dev Nibble k of 32 to byte k: halves move apart, then quarters, down to single nibbles.
    function _spread(uint256 x) private pure returns (uint256) {
        x = (x | (x << 64)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
        x = (x | (x << 32)) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
        x = (x | (x << 16)) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
        x = (x | (x << 8)) & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
        return (x | (x << 4)) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
    }

    function _open(Entry memory entry, IRollup rollup, uint256 epoch) private view {
        bytes32 word;
        assembly ("memory-safe") {
            mstore(0, keccak256(entry, 0x80))
            mstore(0x20, mload(add(entry, 0x80)))
            word := keccak256(0, 0x40)
        }
        bytes32 expected = rollup.epochWord(Epoch.wrap(epoch));
        if (word != expected) revert IRewards.Rewards__WrongOpening(epoch, expected, word);
    }

    function _requireMember(
        Tenure memory tenure,
        Entry memory entry,
        AttesterSources memory sources,
        bytes28 keyHash,
        uint256 epoch
    ) private view {
        SeedWord word = SeedWord.wrap(entry.seedWord);
        uint256 size = word.sizeOf();
        if (entry.position >= (size < sources.committeeSize ? size : sources.committeeSize))
            revert IRewards.Rewards__NotInCommittee(epoch, entry.position);
        uint256 position = SelectionLib.placeOf(word, sources.committeeSize, entry.position);
        bool pinned = position >= word.followersOf();
        if (pinned) position -= word.followersOf();
        uint256 freeze = word.freezeOf();
        if (
            tenure.known &&
            tenure.position == position &&
            tenure.pinned == pinned &&
            tenure.from <= freeze &&
            freeze < tenure.until
        ) return;

        bytes28 holder;
        (holder, tenure.from, tenure.until) = sources.registry.tenureAt(
            pinned ? address(sources.rollup) : address(0),
            position,
            Timestamp.wrap(freeze)
        );
        if (holder != keyHash) revert IRewards.Rewards__WrongAttester(epoch, keyHash, holder);
        (tenure.known, tenure.pinned, tenure.position) = (true, pinned, position);
    }

    /// @dev Blocks that the entry's position attested.
    function _countAt(Entry memory entry) private pure returns (uint256) {
        unchecked {
            return
                entry.position < _HALF
                    ? (entry.participation0 >> (8 * entry.position)) & 0xff
                    : (entry.participation1 >> (8 * (entry.position - _HALF))) & 0xff;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Permutation} from "../crypto/Permutation.sol";
import {IRollup} from "../rollup/IRollup.sol";
import {IValidatorRegistry} from "../staking/IValidatorRegistry.sol";
import {SeedWord} from "../staking/StakingWords.sol";
import {Timestamp} from "../types/Time.sol";
import {BitCursor, BitLayout, Bits, ClaimBitmap} from "./ClaimBitmap.sol";
import {EpochTerms, EpochTermsLib} from "./EpochTerms.sol";
import {EpochWordCall, EpochWords} from "./EpochWords.sol";
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
    using EpochWords for EpochWordCall;

    uint256 private constant _HEAD = 12;
    uint256 private constant _ENTRY = 58;
    uint256 private constant _HALF = 24;
    uint256 private constant _FREEZE_LEAD = 3;

    /// One bit in each byte of 24.
    uint256 private constant _ONES = 0x010101010101010101010101010101010101010101010101;

    /// @dev An epoch's entry, as read. The first four words are the preimage of its duties; the assembly below knows all
    /// places.
    struct Entry {
        uint256 when;
        uint256 participation0;
        uint256 participation1;
        uint256 seedWord;
        uint256 position;
        /// followers20 | size20 | side12 | set8
        uint256 sizes;
        /// A one in the byte of every member, in the two words of participation.
        uint256 ones0;
        uint256 ones1;
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
        if (claims.length < _HEAD) revert IRewards.Rewards__MalformedClaim(0);
        BitCursor memory cursor;
        Entry memory entry;
        Tenure memory tenure;
        EpochWordCall call = EpochWords.prepare();
        (uint256 epoch, uint256 list) = _start(owed, entry, sources, claims);

        for (uint256 offset = _HEAD; offset < claims.length;) {
            bytes32 word;
            (offset, epoch, word) = _read(entry, terms, sources, epoch, claims, offset);
            call.requireWord(address(sources.rollup), epoch, word);
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
        Entry memory entry,
        AttesterSources memory sources,
        bytes calldata claims
    ) private pure returns (uint256 epoch, uint256 list) {
        uint256 word;
        assembly ("memory-safe") {
            word := calldataload(claims.offset)
        }
        epoch = word >> 224;
        _setSizes(entry, sources.committeeSize, (word >> 160) & 0xfffffffffffffff);
        bytes memory items = new bytes((claims.length / _ENTRY) * 4 + 32);
        owed.list = items;
        assembly ("memory-safe") {
            list := add(items, 0x20)
        }
    }

    function _setSizes(Entry memory entry, uint256 committeeSize, uint256 sizes) private pure {
        unchecked {
            uint256 members = (sizes >> 20) & 0xfffff;
            if (members > committeeSize) members = committeeSize;
            entry.sizes = sizes;
            entry.ones0 = _ONES & ((1 << (8 * (members < _HALF ? members : _HALF))) - 1);
            entry.ones1 = members > _HALF ? _ONES & ((1 << (8 * (members - _HALF))) - 1) : 0;
        }
    }

    /// @dev mode8 | skip16 | provenAt40 | position8 | spare4 | seed132 | payments256 | sizes64 | participation
    /// @return next where the entry after it begins
    /// @return number of the epoch
    /// @return word what the Rollup must have for it
    function _read(
        Entry memory entry,
        EpochTerms memory terms,
        AttesterSources memory sources,
        uint256 epoch,
        bytes calldata claims,
        uint256 offset
    ) private pure returns (uint256 next, uint256 number, bytes32 word) {
        unchecked {
            uint256 head;
            assembly ("memory-safe") {
                head := calldataload(add(claims.offset, offset))
            }
            uint256 mode = head >> 248;
            if (mode > 7 || mode & 3 == 3) revert IRewards.Rewards__MalformedClaim(offset);
            number = epoch + ((head >> 232) & 0xffff);
            next = offset + _ENTRY;
            if (mode & 4 != 0) {
                uint256 sizes;
                assembly ("memory-safe") {
                    sizes := and(shr(192, calldataload(add(claims.offset, next))), 0xfffffffffffffff)
                }
                _setSizes(entry, sources.committeeSize, sizes);
                next += 8;
            }
            entry.when = (number << 64) | ((head >> 192) & 0xffffffffff);
            entry.position = (head >> 184) & 0xff;
            // Epoch, freeze, sizes, seed.
            entry.seedWord =
                ((number + 1) << 224) |
                ((terms.genesis + (number - _FREEZE_LEAD) * terms.epochDuration) << 192) |
                (entry.sizes << 132) |
                ((head >> 48) & ((1 << 132) - 1));
            next += _readParticipation(entry, mode & 3, claims, next);
            if (next > claims.length) revert IRewards.Rewards__MalformedClaim(offset);
            assembly ("memory-safe") {
                mstore(0, keccak256(entry, 0x80))
                mstore(0x20, calldataload(add(claims.offset, add(offset, 26))))
                word := keccak256(0, 0x40)
            }
        }
    }

    /// @return length of what was read
    function _readParticipation(
        Entry memory entry,
        uint256 mode,
        bytes calldata claims,
        uint256 offset
    ) private pure returns (uint256 length) {
        unchecked {
            uint256 word;
            assembly ("memory-safe") {
                word := calldataload(add(claims.offset, offset))
            }
            if (mode == 0) {
                uint256 word1;
                assembly ("memory-safe") {
                    word1 := calldataload(add(claims.offset, add(offset, 24)))
                }
                entry.participation0 = word >> 64;
                entry.participation1 = word1 >> 56;
                return 49;
            }

            // A one for every member, times the blocks; less what each missed.
            uint256 blocks = word >> 248;
            uint256 low = blocks * entry.ones0;
            uint256 high = (blocks << 192) | (blocks * entry.ones1);
            if (mode == 1) {
                uint256 missed = (word >> 56) & ((1 << 192) - 1);
                low -= _spread(missed & ((1 << 96) - 1));
                high -= _spread(missed >> 96);
                length = 24;
            }
            entry.participation0 = low;
            entry.participation1 = high;
            return length + 1;
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

    function _requireMember(
        Tenure memory tenure,
        Entry memory entry,
        AttesterSources memory sources,
        bytes28 keyHash,
        uint256 epoch
    ) private view {
        unchecked {
            SeedWord word = SeedWord.wrap(entry.seedWord);
            uint256 size = word.sizeOf();
            uint256 position = entry.position;
            if (position >= size || position >= sources.committeeSize)
                revert IRewards.Rewards__NotInCommittee(epoch, position);
            if (size > sources.committeeSize)
                position = Permutation.at(word.seedOf(), size, word.sideOf(), position);
            uint256 followers = word.followersOf();
            bool pinned = position >= followers;
            if (pinned) position -= followers;
            uint256 freeze = word.freezeOf();
            if (
                tenure.position == position &&
                tenure.from <= freeze &&
                freeze < tenure.until &&
                tenure.pinned == pinned &&
                tenure.known
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
    }

    /// @dev Blocks that the entry's position attested.
    function _countAt(Entry memory entry) private pure returns (uint256) {
        unchecked {
            uint256 position = entry.position;
            return
                position < _HALF
                    ? (entry.participation0 >> (8 * position)) & 0xff
                    : (entry.participation1 >> (8 * (position - _HALF))) & 0xff;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Permutation} from "../crypto/Permutation.sol";
import {Bitmap} from "../types/Bitmap.sol";
import {Epoch, Slot, Timestamp} from "../types/Time.sol";
import {IValidatorRegistry} from "./IValidatorRegistry.sol";
import {SeatArray, SeatArrayLib} from "./SeatArrayLib.sol";
import {Instance, RegistryState} from "./RegistryState.sol";
import {FOLLOWERS, MAX_SEATS, packSeedWord, Seat, SeatKey, SeedWord, Validator} from "./StakingWords.sol";

/// @title Selection
/// @notice Committee and proposers of an instance's epochs, from one word an epoch.
///
///        freeze(e)        seed(e) may be fixed        e runs
///   |---------------|---------------|---------------|---------------|
///   start(e-3)      start(e-2)                      start(e)        start(e+1): too late
///
/// The set is taken as of start(e-3), a whole epoch before its seed can be known, so who joins or leaves cannot choose
/// among committees. The seed is L1's randomness of the block that fixes it: the first block of epoch e-2 does, or anyone,
/// until e ends. Member k is the validator at place pi(k) of the set, where pi is the permutation that the seed keys; a
/// set not larger than the committee is the committee, in its own order.
library SelectionLib {
    using SeatArrayLib for SeatArray;

    uint256 private constant _FREEZE_LEAD = 3;
    uint256 private constant _SEED_LEAD = 2;
    /// @dev Seconds; epochs have at most 2^24.
    uint256 private constant _MAX_LEAD = _FREEZE_LEAD << 24;

    /// @dev Sets the draw of proposers apart from the permutation's rounds under the same seed.
    uint256 private constant _PROPOSER_DRAW = 1 << 128;

    /// @notice Fixes the seed of an epoch that has none.
    function fix(RegistryState storage self, uint256 ring, address instance, Epoch epoch) internal {
        uint256 number = Epoch.unwrap(epoch);
        if (self.seeds[instance][number % ring].isFor(number))
            revert IValidatorRegistry.ValidatorRegistry__SeedAlreadyFixed(instance, epoch);

        _fix(self, ring, instance, number, SeedWord.wrap(0));
    }

    /// @notice Fixes the seed of the epoch after next, if nobody has.
    ///
    /// Whose set it is and when it was frozen follow from the epoch's own word when its instance is canonical still and
    /// serves followers alone: an instance is canonical for one span of time, and epochs are as long as the first three
    /// of the word's life, start(e) - freeze(e). So the word of the instance need not be read.
    /// @param words of the instance
    /// @param epochStart by the instance's own clock, which is the one it was added with
    /// @param word of the epoch; its set is not empty
    function fixAhead(
        RegistryState storage self,
        mapping(uint256 index => SeedWord) storage words,
        uint256 ring,
        address instance,
        Epoch epoch,
        Timestamp epochStart,
        SeedWord word
    ) internal {
        unchecked {
            uint256 number = Epoch.unwrap(epoch) + _SEED_LEAD;
            uint256 slot = _slotOf(words, ring, number);
            if (!_load(slot).isFor(number)) {
                uint256 head = self.arrays[FOLLOWERS].head;
                uint256 freeze = word.freezeOf();
                // Bounded, neither difference has passed zero: freeze <= start <= now.
                uint256 lead = Timestamp.unwrap(epochStart) - freeze;
                uint256 duration = lead / _FREEZE_LEAD;
                // Zero when the word tells what follows from its instance; without branches, as it nearly always is.
                uint256 other = (head >> 248) ^ word.pinnedSet();
                other |= word.followersOf() ^ word.sizeOf();
                other |= lead - duration * _FREEZE_LEAD;
                if (
                    other != 0 || lead > _MAX_LEAD || block.timestamp - Timestamp.unwrap(epochStart) >= lead
                ) {
                    _fix(self, ring, instance, number, word);
                } else {
                    freeze += duration * _SEED_LEAD;
                    if (SeatArrayLib.lastSize(head, freeze) == word.sizeOf()) {
                        // The set's part of the word is what it was.
                        word = word.withEpoch(number, freeze, _draw(instance, number));
                        assembly ("memory-safe") {
                            sstore(slot, word)
                        }
                        emit IValidatorRegistry.SeedFixed(word);
                    } else {
                        uint256 size = self.arrays[FOLLOWERS].sizeAt(freeze);
                        _store(self, ring, instance, number, freeze, size, size, word.pinnedSet(), word);
                    }
                }
            }
        }
    }

    /// @notice The epoch's word; the set of an epoch whose seed is not fixed is empty.
    function wordOf(
        RegistryState storage self,
        uint256 ring,
        address instance,
        Epoch epoch
    ) internal view returns (SeedWord) {
        return wordIn(self.seeds[instance], ring, epoch);
    }

    /// @notice The same among the words of an instance.
    function wordIn(
        mapping(uint256 index => SeedWord) storage words,
        uint256 ring,
        Epoch epoch
    ) internal view returns (SeedWord word) {
        word = _load(_slotOf(words, ring, Epoch.unwrap(epoch)));
        if (!word.isFor(Epoch.unwrap(epoch))) word = SeedWord.wrap(0);
    }

    /// @dev Where `words[epoch % ring]` stands, computed once for its read and its write; the ring is not empty.
    function _slotOf(
        mapping(uint256 index => SeedWord) storage words,
        uint256 ring,
        uint256 epoch
    ) private pure returns (uint256 slot) {
        assembly ("memory-safe") {
            mstore(0, mod(epoch, ring))
            mstore(0x20, words.slot)
            slot := keccak256(0, 0x40)
        }
    }

    function _load(uint256 slot) private view returns (SeedWord word) {
        assembly ("memory-safe") {
            word := sload(slot)
        }
    }

    /// @notice Proposer of a slot and its position in the committee.
    /// @return proposer 0 when the position's validator has left the array: the right to propose ends at once
    function duty(
        RegistryState storage self,
        SeedWord word,
        uint256 committeeSize,
        Slot slot
    ) internal view returns (address proposer, uint256 position) {
        position = proposerPosition(word, committeeSize, slot);
        proposer = proposerAt(self, word, placeOf(word, committeeSize, position));
    }

    /// @notice Position of a slot's proposer in a committee that is not empty.
    function proposerPosition(
        SeedWord word,
        uint256 committeeSize,
        Slot slot
    ) internal pure returns (uint256 position) {
        uint256 seed = word.seedOf();
        uint256 draw = _PROPOSER_DRAW | Slot.unwrap(slot);
        assembly ("memory-safe") {
            mstore(0, seed)
            mstore(0x20, draw)
            position := mod(keccak256(0, 0x40), committeeSize)
        }
    }

    /// @notice Place in the frozen set of a committee's position.
    function placeOf(SeedWord word, uint256 committeeSize, uint256 position) internal pure returns (uint256) {
        uint256 size = word.sizeOf();
        return
            size <= committeeSize
                ? position
                : Permutation.placeOf(word.seedOf(), size, word.sideOf(), position);
    }

    /// @notice Who attests for a place of the frozen set.
    function keyAt(
        RegistryState storage self,
        SeedWord word,
        uint256 place
    ) internal view returns (bytes28 keyHash) {
        uint256 followers = word.followersOf();
        SeatKey key =
            place < followers
                ? self.arrays[FOLLOWERS].keyAt(place, word.freezeOf())
                : self.arrays[word.pinnedSet()].keyAt(place - followers, word.freezeOf());
        return key.keyHashOf();
    }

    /// @notice Who proposes for a place of the frozen set, today.
    function proposerAt(
        RegistryState storage self,
        SeedWord word,
        uint256 place
    ) internal view returns (address) {
        uint256 followers = word.followersOf();
        Seat seat;
        unchecked {
            seat =
                place < followers
                    ? self.arrays[FOLLOWERS].seatAt(place)
                    : self.arrays[word.pinnedSet()].seatAt(place - followers);
        }
        if (Seat.unwrap(seat) != 0 && seat.seatSince() <= word.freezeOf()) return seat.seatProposer();

        // Another validator has the position by now. Who had it at the freeze may have moved, or left.
        Validator validator = self.validators[keyAt(self, word, place)];
        if (!validator.isSeated()) return address(0);
        return self.arrays[validator.setOf()].seats[validator.placeOf()].seatProposer();
    }

    /// @notice Key hashes of the positions whose bit is set, with two words of free memory before the array.
    /// @dev Places first, then what stands there: two loops of few variables cost less than one of many.
    function members(
        RegistryState storage self,
        SeedWord word,
        uint256 committeeSize,
        uint256 bitmap
    ) internal view returns (bytes32[] memory keyHashes) {
        uint256 size = word.sizeOf();
        if (committeeSize > size) committeeSize = size;
        bitmap &= (1 << committeeSize) - 1;

        uint256 items;
        assembly ("memory-safe") {
            keyHashes := add(mload(0x40), 0x40)
            items := add(keyHashes, 0x20)
            mstore(0x40, add(items, shl(5, committeeSize)))
        }
        uint256 count = Bitmap.popcount(bitmap);
        if (size > committeeSize) Permutation.select(word.seedOf(), size, word.sideOf(), bitmap, items);
        else _positions(bitmap, items);
        assembly ("memory-safe") {
            mstore(keyHashes, count)
        }

        _readKeys(self, word, items, items + 32 * count);
    }

    /// @dev The positions whose bit is set, one word each.
    function _positions(uint256 bitmap, uint256 items) private pure {
        assembly ("memory-safe") {
            for {
                let k := 0
            } bitmap {
                k := add(k, 1)
            } {
                if and(bitmap, 1) {
                    mstore(items, k)
                    items := add(items, 0x20)
                }
                bitmap := shr(1, bitmap)
            }
        }
    }

    /// @dev Replaces places by the hashes of the keys that stand there: one cold read each.
    function _readKeys(RegistryState storage self, SeedWord word, uint256 items, uint256 end) private view {
        SeatKey[MAX_SEATS] storage followers = self.arrays[FOLLOWERS].keys;
        SeatKey[MAX_SEATS] storage pinned = self.arrays[word.pinnedSet()].keys;
        uint256 split = word.followersOf();
        uint256 freeze = word.freezeOf();
        while (items < end) {
            // Up to a seat that was taken after the freeze: its history is read behind the loop.
            assembly ("memory-safe") {
                for {} lt(items, end) {
                    items := add(items, 0x20)
                } {
                    let place := mload(items)
                    let slot := add(followers.slot, place)
                    if iszero(lt(place, split)) {
                        slot := add(pinned.slot, sub(place, split))
                    }
                    let key := sload(slot)
                    if gt(and(key, 0xffffffff), freeze) {
                        break
                    }
                    mstore(items, and(key, not(0xffffffff)))
                }
            }
            if (items < end) _readReplaced(self, word, items);
            unchecked {
                items += 32;
            }
        }
    }

    function _readReplaced(RegistryState storage self, SeedWord word, uint256 item) private view {
        uint256 place;
        assembly ("memory-safe") {
            place := mload(item)
        }
        bytes28 keyHash = keyAt(self, word, place);
        assembly ("memory-safe") {
            mstore(item, keyHash)
        }
    }

    /// @param known another word of the instance, or 0: sets change slowly, so its side is likely the new one's
    function _fix(
        RegistryState storage self,
        uint256 ring,
        address instance,
        uint256 epoch,
        SeedWord known
    ) private {
        Instance memory clock = self.instances[instance];
        if (clock.number == 0) revert IValidatorRegistry.ValidatorRegistry__UnknownInstance(instance);

        // An epoch beyond 32 bits is out of time long before a product overflows.
        if (epoch >= type(uint32).max)
            revert IValidatorRegistry.ValidatorRegistry__SeedOutOfTime(0, 0, epoch);
        uint256 freeze;
        unchecked {
            uint256 duration = clock.epochDuration;
            uint256 start = clock.genesis + epoch * duration;
            if (block.timestamp < start - _SEED_LEAD * duration || block.timestamp >= start + duration)
                revert IValidatorRegistry.ValidatorRegistry__SeedOutOfTime(
                    start - _SEED_LEAD * duration,
                    start + duration,
                    block.timestamp
                );
            freeze = start - _FREEZE_LEAD * duration;
        }

        uint256 followers =
            clock.canonicalFrom <= freeze && freeze < clock.canonicalUntil
                ? self.arrays[FOLLOWERS].sizeAt(freeze)
                : 0;
        uint256 size = clock.pinned ? followers + self.arrays[clock.number].sizeAt(freeze) : followers;
        // Two full arrays together do not fit the word; what is beyond stays unseated.
        if (size >= MAX_SEATS) size = MAX_SEATS - 1;

        _store(self, ring, instance, epoch, freeze, followers, size, clock.number, known);
    }

    /// @param known see `_fix`
    function _store(
        RegistryState storage self,
        uint256 ring,
        address instance,
        uint256 epoch,
        uint256 freeze,
        uint256 followers,
        uint256 size,
        uint256 set,
        SeedWord known
    ) private {
        SeedWord word = packSeedWord(
            epoch,
            freeze,
            followers,
            size,
            Permutation.isSide(known.sideOf(), size) ? known.sideOf() : Permutation.sideOf(size),
            set,
            _draw(instance, epoch)
        );
        self.seeds[instance][epoch % ring] = word;

        emit IValidatorRegistry.SeedFixed(word);
    }

    /// @dev keccak256(randomness, instance, epoch)
    function _draw(address instance, uint256 epoch) private view returns (uint256 seed) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, prevrandao())
            mstore(add(free, 0x20), instance)
            mstore(add(free, 0x40), epoch)
            seed := keccak256(free, 0x60)
        }
    }
}

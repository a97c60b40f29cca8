// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The storage words of proof of stake. Times are L1 seconds in 32 bits, sizes and positions have 20 bits.
///
///   Seat       proposer160 | spare64 | since32          who proposes for a position of the array, since when
///   SeatKey    keyHash224 | since32                     who attests for it, since when
///   Validator  withdrawer160 | place32 | set8 | stake56     everything else about a validator, in Gwei
///   SeedWord   epoch32 + 1 | freeze32 | followers20 | size20 | side12 | set8 | seed132
///
/// A seat's two words change together, but for the proposer's rotation. What a seat was before `since` stands in a history.
///
/// `place` tells the state: a position while the validator is in the array, `JAILED`, `PAID`, or, when greater (as the
/// time of every chain has been since January 1970), the time
/// from which an exit can be paid.
///
/// A seed word belongs to one instance and epoch: `freeze` is the time as of which the set was taken, `followers` of
/// its `size` members are followers (they come first), the rest pinned to the instance, whose number is `set`; `side` is
/// ceil(sqrt(size)).
type Seat is uint256;
type SeatKey is uint256;
type Validator is uint256;
type SeedWord is uint256;

uint256 constant MAX_SEATS = 1 << 20;
uint256 constant JAILED = MAX_SEATS;
uint256 constant PAID = MAX_SEATS + 1;

/// @dev Number of the set of validators that follow the canonical instance; instances count from 1.
uint256 constant FOLLOWERS = 0;

uint256 constant MAX_STAKE_GWEI = type(uint56).max;

using {seatProposer, seatSince} for Seat global;
using {keyHashOf, keySince} for SeatKey global;
using {withdrawerOf, placeOf, setOf, stakeOf, isSeated, withPlace, withSet, withStake} for Validator global;
using {isFor, freezeOf, followersOf, sizeOf, sideOf, pinnedSet, seedOf, withEpoch} for SeedWord global;

// Seat

function packSeat(address proposer, uint256 since) pure returns (Seat) {
    return Seat.wrap((uint256(uint160(proposer)) << 96) | since);
}

function seatProposer(Seat seat) pure returns (address) {
    return address(uint160(Seat.unwrap(seat) >> 96));
}

function seatSince(Seat seat) pure returns (uint256) {
    return Seat.unwrap(seat) & type(uint32).max;
}

// SeatKey

function packSeatKey(bytes28 keyHash, uint256 since) pure returns (SeatKey) {
    return SeatKey.wrap(uint256(bytes32(keyHash)) | since);
}

function keyHashOf(SeatKey key) pure returns (bytes28) {
    return bytes28(bytes32(SeatKey.unwrap(key)));
}

function keySince(SeatKey key) pure returns (uint256) {
    return SeatKey.unwrap(key) & type(uint32).max;
}

// Validator

function packValidator(
    address withdrawer,
    uint256 place,
    uint256 set,
    uint256 stake
) pure returns (Validator) {
    return Validator.wrap((uint256(uint160(withdrawer)) << 96) | (place << 64) | (set << 56) | stake);
}

function withdrawerOf(Validator validator) pure returns (address) {
    return address(uint160(Validator.unwrap(validator) >> 96));
}

function placeOf(Validator validator) pure returns (uint256) {
    return (Validator.unwrap(validator) >> 64) & type(uint32).max;
}

function setOf(Validator validator) pure returns (uint256) {
    return (Validator.unwrap(validator) >> 56) & type(uint8).max;
}

/// @dev In Gwei.
function stakeOf(Validator validator) pure returns (uint256) {
    return Validator.unwrap(validator) & type(uint56).max;
}

/// @dev Whether it is in the array, active or queued.
function isSeated(Validator validator) pure returns (bool) {
    return Validator.unwrap(validator) != 0 && validator.placeOf() < MAX_SEATS;
}

function withPlace(Validator validator, uint256 place) pure returns (Validator) {
    return Validator.wrap((Validator.unwrap(validator) & ~(uint256(type(uint32).max) << 64)) | (place << 64));
}

/// @dev Of a follower: its set's number is 0.
function withSet(Validator validator, uint256 set) pure returns (Validator) {
    return Validator.wrap(Validator.unwrap(validator) | (set << 56));
}

function withStake(Validator validator, uint256 stake) pure returns (Validator) {
    return Validator.wrap((Validator.unwrap(validator) & ~uint256(type(uint56).max)) | stake);
}

// SeedWord

function packSeedWord(
    uint256 epoch,
    uint256 freeze,
    uint256 followers,
    uint256 size,
    uint256 side,
    uint256 set,
    uint256 seed
) pure returns (SeedWord) {
    return
        SeedWord.wrap(
            ((epoch + 1) << 224) |
                (freeze << 192) |
                (followers << 172) |
                (size << 152) |
                (side << 140) |
                (set << 132) |
                (seed >> 124)
        );
}

/// @dev The same set, of as many members, for another epoch.
function withEpoch(SeedWord word, uint256 epoch, uint256 freeze, uint256 seed) pure returns (SeedWord) {
    uint256 set = SeedWord.unwrap(word) & (((1 << 60) - 1) << 132);
    unchecked {
        return SeedWord.wrap(((epoch + 1) << 224) | (freeze << 192) | set | (seed >> 124));
    }
}

/// @dev Whether the word is of this epoch, not of one a lap of the ring ago.
function isFor(SeedWord word, uint256 epoch) pure returns (bool) {
    unchecked {
        return SeedWord.unwrap(word) >> 224 == epoch + 1;
    }
}

function freezeOf(SeedWord word) pure returns (uint256) {
    return (SeedWord.unwrap(word) >> 192) & type(uint32).max;
}

function followersOf(SeedWord word) pure returns (uint256) {
    return (SeedWord.unwrap(word) >> 172) & 0xfffff;
}

function sizeOf(SeedWord word) pure returns (uint256) {
    return (SeedWord.unwrap(word) >> 152) & 0xfffff;
}

function sideOf(SeedWord word) pure returns (uint256) {
    return (SeedWord.unwrap(word) >> 140) & 0xfff;
}

function pinnedSet(SeedWord word) pure returns (uint256) {
    return (SeedWord.unwrap(word) >> 132) & type(uint8).max;
}

function seedOf(SeedWord word) pure returns (uint256) {
    return SeedWord.unwrap(word) & ((1 << 132) - 1);
}

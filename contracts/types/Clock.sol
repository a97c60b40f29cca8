// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {unsafeDiv} from "./Arithmetic.sol";
import {Epoch, Slot, Timestamp} from "./Time.sol";

/// @notice The three numbers that turn L1 seconds into slots and epochs.
/// @dev `genesis` in seconds since 1970, `slotDuration` in seconds, `slotsPerEpoch` in slots; none is zero.
struct Clock {
    uint256 genesis;
    uint256 slotDuration;
    uint256 slotsPerEpoch;
}

using {slotAt, epochOf, epochAt, slotStart, epochStart, lastSlotOf} for Clock global;

/// @notice The clock was asked for a time before genesis.
error Clock__BeforeGenesis(uint256 genesis);

/// @dev The slot of a time by two of the three numbers: who needs no more is spared the struct.
function slotSince(uint256 genesis, uint256 slotDuration, Timestamp time) pure returns (Slot) {
    uint256 seconds_ = Timestamp.unwrap(time);
    if (seconds_ < genesis) revert Clock__BeforeGenesis(genesis);

    unchecked {
        return Slot.wrap(unsafeDiv(seconds_ - genesis, slotDuration));
    }
}

function slotAt(Clock memory clock, Timestamp time) pure returns (Slot) {
    return slotSince(clock.genesis, clock.slotDuration, time);
}

function epochOf(Clock memory clock, Slot slot) pure returns (Epoch) {
    return Epoch.wrap(Slot.unwrap(slot) / clock.slotsPerEpoch);
}

/// @dev When a slot that has come began, counted from where `genesis` is: of any other slot the product might overflow.
function startSince(uint256 genesis, uint256 slotDuration, Slot slot) pure returns (uint256) {
    unchecked {
        return genesis + Slot.unwrap(slot) * slotDuration;
    }
}

/// @dev The epoch of a slot and its first slot.
function epochAround(Slot slot, uint256 slotsPerEpoch) pure returns (Epoch epoch, Slot first) {
    unchecked {
        uint256 number = unsafeDiv(Slot.unwrap(slot), slotsPerEpoch);
        return (Epoch.wrap(number), Slot.wrap(number * slotsPerEpoch));
    }
}

function epochAt(Clock memory clock, Timestamp time) pure returns (Epoch) {
    return epochOf(clock, slotAt(clock, time));
}

function slotStart(Clock memory clock, Slot slot) pure returns (Timestamp) {
    return Timestamp.wrap(clock.genesis + Slot.unwrap(slot) * clock.slotDuration);
}

function epochStart(Clock memory clock, Epoch epoch) pure returns (Timestamp) {
    return slotStart(clock, Slot.wrap(Epoch.unwrap(epoch) * clock.slotsPerEpoch));
}

function lastSlotOf(Clock memory clock, Epoch epoch) pure returns (Slot) {
    return Slot.wrap((Epoch.unwrap(epoch) + 1) * clock.slotsPerEpoch - 1);
}

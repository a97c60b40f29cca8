// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

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

function slotAt(Clock memory clock, Timestamp time) pure returns (Slot) {
    uint256 seconds_ = Timestamp.unwrap(time);
    if (seconds_ < clock.genesis) revert Clock__BeforeGenesis(clock.genesis);

    return Slot.wrap((seconds_ - clock.genesis) / clock.slotDuration);
}

function epochOf(Clock memory clock, Slot slot) pure returns (Epoch) {
    return Epoch.wrap(Slot.unwrap(slot) / clock.slotsPerEpoch);
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

// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Head} from "./SeatArrayLib.sol";

/// @notice How fast a set may change. A window is a span of seconds counted from 1970; rates are validators a window.
struct ChurnRules {
    uint256 window;
    /// Validators that complete the bootstrap set; 0 for a set that starts with its first validator.
    uint256 bootstrapSize;
    /// Below this size `growthRate` activate a window.
    uint256 growthSize;
    uint256 growthRate;
    /// From there on size / `quotient` do, within the two bounds. The same, at every size, may leave.
    uint256 quotient;
    uint256 minRate;
    uint256 maxRate;
}

/// @title Churn
/// @notice When a deposit becomes active and whether a validator may leave now. The queue is the array itself: its last
/// step says which window is being filled and how far.
library ChurnLib {
    /// @notice This window's validators have left.
    error Churn__ExitsExhausted(uint256 nextWindow);

    /// @notice Activation of the next deposit: the last window of the queue while it has room, else the one after.
    /// @dev An empty queue starts at the next window. A rate is measured on the size before the window.
    function activation(Head memory head, ChurnRules memory rules) internal view returns (uint256) {
        if (head.lastStamp <= block.timestamp) return nextWindow(rules);

        uint256 used = head.lastSize - head.previousSize;
        return used < entryRate(rules, head.previousSize) ? head.lastStamp : head.lastStamp + rules.window;
    }

    /// @notice Counts a leaving validator in the current window.
    function takeExit(Head memory head, ChurnRules memory rules) internal view {
        uint256 window = block.timestamp / rules.window;
        uint256 exits = head.exitWindow == window ? head.exits : 0;
        if (exits >= exitRate(rules, head.lastSize)) revert Churn__ExitsExhausted(nextWindow(rules));

        head.exitWindow = window;
        head.exits = exits + 1;
    }

    function entryRate(ChurnRules memory rules, uint256 size) internal pure returns (uint256) {
        return size < rules.growthSize ? rules.growthRate : exitRate(rules, size);
    }

    function exitRate(ChurnRules memory rules, uint256 size) internal pure returns (uint256) {
        uint256 rate = size / rules.quotient;
        if (rate < rules.minRate) return rules.minRate;
        return rate > rules.maxRate ? rules.maxRate : rate;
    }

    /// @notice First second of the next window.
    function nextWindow(ChurnRules memory rules) internal view returns (uint256) {
        return (block.timestamp / rules.window + 1) * rules.window;
    }
}
